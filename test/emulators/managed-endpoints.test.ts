/** Every emulated service of managed agents as an endpoint of a configuration: sold, reached, and let in with what the configuration names. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createManagedAgentClient } from '../../activities/managed-agents/create-managed-client.ts';
import { MANAGED_SERVICES } from '../../workflows/domain/managed-service.ts';
import type { AnyportConfig } from '../../workers/anyport-config.ts';
import { loadConfig } from '../../workers/config.ts';
import { askRoute } from '../../workers/eligibility/ask-route.ts';
import type { ResolvedEndpoint } from '../../workers/endpoints.ts';
import { placedDeployments, resolveEndpoints } from '../../workers/endpoints.ts';
import { lastText, listening, readAgentLedger, says } from '../managed-agents/conversation.ts';
import { EMULATED_ENDPOINTS } from './emulated-endpoints.ts';
import { MANAGED_ENDPOINTS } from './managed-agents/managed-endpoints.ts';
import type { Emulators } from './start-emulators.ts';
import { startEmulators } from './start-emulators.ts';

const SCRIPT = [{ when: { inputContains: 'say hello' }, turns: [{ text: 'hello there' }] }];
const NAMES = MANAGED_ENDPOINTS.map(({ name }) => name);

test('every service is one of them', () => {
  const services = MANAGED_ENDPOINTS.map(({ configuration }) => configuration('http://127.0.0.1')['service']);

  expect(new Set(services)).toEqual(new Set(MANAGED_SERVICES));
});

describe('the emulated endpoints', () => {
  const folder = mkdtempSync(join(tmpdir(), 'anyport-endpoints-'));
  let emulators: Emulators;
  let config: AnyportConfig;
  beforeAll(async () => {
    emulators = await startEmulators({ script: SCRIPT });
    const file = join(folder, 'anyport.yaml');
    writeFileSync(file, JSON.stringify({ endpoints: emulators.endpoints, catalog: emulators.catalog }));
    config = loadConfig({ file, environment: {}, workingDirectory: folder });
  });
  afterAll(async () => {
    await emulators.close();
    rmSync(folder, { recursive: true });
  });

  test('may serve every task of managed agents', () => {
    const flags = { model: 'gpt-6.1-sol', product: 'managed-agent', tenant: 'default' } as const;
    const asked = { ...flags, inputTokens: 1_000, outputTokens: 1_000, days: 1 };

    const { decision } = askRoute(asked, { config, placed: placedDeployments(config), nowMs: Date.now() });

    const endpoints = decision.eligible.map(({ deploymentId }) => deploymentId?.split('/')[0]);
    expect(new Set(endpoints)).toEqual(new Set(NAMES));
  });

  test.each(NAMES)('%s answers with the credentials that are named, and closes its session', async (name) => {
    const client = createManagedAgentClient(serviceOf(resolveEndpoints(config, emulators.environment).served, name));
    const agent = config.endpoints.find((endpoint) => endpoint.name === name)?.deployments[0];
    const plan = {
      key: `key-of-${name}`,
      instructions: 'Be brief.',
      tools: [],
      metadata: {},
      ...(agent === undefined ? {} : { wireModel: agent.wireModel }),
      ...(agent?.agent === undefined ? {} : { agentId: agent.agent }),
    };

    const turn = await client.open(plan, says('say hello'), listening());
    await client.close({ sessionId: turn.sessionId, plan });

    expect(lastText(turn)).toBe('hello there');
    const { sessions } = await readAgentLedger(emulators.controls[name] ?? '');
    expect(sessions).toEqual([expect.objectContaining({ closed: true })]);
  });

  test('have the ports that follow the one which is asked for', async () => {
    const firstPort = await freePorts(EMULATED_ENDPOINTS.length + 1 + 2 * NAMES.length);

    const fixed = await startEmulators({ script: SCRIPT, firstPort, publicHost: 'localhost' });

    const ports = NAMES.map((name) => [fixed.endpoints[name]?.['baseUrl'], fixed.controls[name]]);
    await fixed.close();
    const first = firstPort + EMULATED_ENDPOINTS.length + 1;
    expect(ports.map(([service, control]) => [new URL(String(service)).host, control])).toEqual(
      NAMES.map((_name, index) => [`localhost:${first + 2 * index}`, `http://localhost:${first + 2 * index + 1}`]),
    );
  });
});

function serviceOf(served: readonly ResolvedEndpoint[], name: string) {
  const found = served.find((endpoint) => endpoint.name === name);
  const service = found?.deployments[0]?.deployment.service;
  if (found === undefined || service === undefined) throw new Error(`${name} serves no managed agents`);
  return { service, connection: found.connection, ...(found.runtime === undefined ? {} : { runtime: found.runtime }) };
}

/** The first of so many that nobody listens on, below those that are given to whoever asks for any. */
async function freePorts(count: number): Promise<number> {
  for (let first = 21_000; first < 32_000; first += count) {
    const ports = Array.from({ length: count }, (_each, index) => first + index);
    const isFree = await Promise.all(ports.map(isFreePort));
    if (isFree.every(Boolean)) return first;
  }
  throw new Error('no row of free ports');
}

async function isFreePort(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((done) => {
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
}
