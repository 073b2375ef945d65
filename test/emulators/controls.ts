/** The controls of the emulated endpoints: on a port of their own, so that they answer while an endpoint's port is closed. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fastify from 'fastify';
import { z } from 'zod';
import type { FaultPlan } from './fault-plan.ts';
import { FAULTS_BODY } from './fault-plan.ts';
import type { Ledger } from './ledger.ts';
import type { PortGate } from './port-gate.ts';

export interface ControlledEndpoint {
  readonly name: string;
  readonly faults: FaultPlan;
  readonly ledger: Ledger;
  readonly gate: PortGate;
}

export function createControlServer(endpoints: readonly ControlledEndpoint[]): FastifyInstance {
  const server = fastify({ forceCloseConnections: true });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  for (const endpoint of endpoints) addControls(server, endpoint);
  return server;
}

function addControls(server: FastifyInstance, { name, faults, ledger, gate }: ControlledEndpoint): void {
  server.post(`/${name}/faults`, async (request, reply) => {
    const parsed = FAULTS_BODY.safeParse(readJson(request));
    if (!parsed.success) return reply.code(400).send({ error: z.prettifyError(parsed.error) });
    faults.add(parsed.data.faults, Date.now());
    await gate.update();
    return { faults: faults.list() };
  });
  server.get(`/${name}/faults`, async () => ({ faults: faults.list() }));
  server.delete(`/${name}/faults`, async () => {
    faults.clear();
    await gate.update();
    return { faults: [] };
  });
  server.get(`/${name}/ledger`, async () => ({ requests: ledger.list() }));
}

function readJson({ body }: FastifyRequest): unknown {
  try {
    return JSON.parse(typeof body === 'string' ? body : '');
  } catch {
    return undefined;
  }
}
