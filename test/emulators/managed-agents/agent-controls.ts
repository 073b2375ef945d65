/** The controls of an emulated service of managed agents: faults and ledger, on a port of their own. */
import type { FastifyInstance } from 'fastify';
import fastify from 'fastify';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import type { AgentFaultPlan } from './agent-faults.ts';
import { AGENT_FAULTS_BODY } from './agent-faults.ts';
import type { AgentLedger } from './agent-ledger.ts';

interface Controlled {
  readonly faults: AgentFaultPlan;
  readonly ledger: AgentLedger;
}

export interface StartedAgentEmulator {
  /** Scheme, address and port of the service. */
  readonly origin: string;
  /** Base URL of the controls: faults, ledger. */
  readonly control: string;
  close(): Promise<void>;
}

/** Where a service listens; 0: a free port. */
export interface ListeningAt {
  readonly host: string;
  /** As URLs name it, when that is not the host. */
  readonly publicHost?: string;
  readonly port: number;
  readonly controlPort: number;
}

const ANYWHERE: ListeningAt = { host: '127.0.0.1', port: 0, controlPort: 0 };

export async function startAgentEmulator(
  controlled: Controlled,
  server: FastifyInstance,
  { host, publicHost = host, port, controlPort }: ListeningAt = ANYWHERE,
): Promise<StartedAgentEmulator> {
  const control = createControls(controlled);
  await Promise.all([server.listen({ host, port }), control.listen({ host, port: controlPort })]);
  return {
    origin: originOf(publicHost, server),
    control: originOf(publicHost, control),
    async close() {
      await Promise.all([control.close(), server.close()]);
    },
  };
}

function createControls({ faults, ledger }: Controlled): FastifyInstance {
  const server = fastify({ forceCloseConnections: true });
  server.post('/faults', async (request, reply) => {
    const parsed = AGENT_FAULTS_BODY.safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ error: z.prettifyError(parsed.error) });
    faults.add(parsed.data.faults);
    return { faults: faults.list() };
  });
  server.get('/faults', async () => ({ faults: faults.list() }));
  server.delete('/faults', async () => {
    faults.clear();
    return { faults: [] };
  });
  server.get('/ledger', async () => ledger);
  return server;
}

function originOf(host: string, server: FastifyInstance): string {
  const { port } = server.server.address() as AddressInfo; // it listens on TCP
  return `http://${host}:${port}`;
}
