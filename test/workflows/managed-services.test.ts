/** Tasks at every service of managed agents, each with what its service can and cannot do. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { TaskRequest, TaskResult } from '../../client/index.ts';
import { EMULATED_ENGINE } from '../emulators/managed-agents/start-agent-engine.ts';
import { BEDROCK_MANAGED } from '../emulators/managed-agents/start-agents-api.ts';
import { CLASSIC_NEW_MODEL } from '../emulators/managed-agents/start-classic.ts';
import { readAgentLedger } from '../managed-agents/conversation.ts';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';

const SERVICES = ['openai-agents', 'foundry-agents', 'bedrock-managed', 'bedrock-classic', 'agent-engine'] as const;
type Service = (typeof SERVICES)[number];
/** Those that call functions of ours. */
const WITH_FUNCTIONS = SERVICES.filter((service) => service !== 'bedrock-managed');
/** In the catalog. */
const OFFERINGS = {
  'openai-agents': 'openai/commercial/agents-api/*',
  'foundry-agents': 'azure/commercial/foundry-agents/*',
  'bedrock-managed': 'aws/commercial/bedrock-managed-agents/*',
  'bedrock-classic': 'aws/commercial/bedrock-agents-classic/*',
  'agent-engine': 'google/commercial/agent-engine/*',
} as const satisfies Record<Service, string>;

/** What some serve besides: a circuit is that of one model at one endpoint. */
const OTHER_MODEL = 'gpt-6-sol';
const ENGINE = { wireModel: OTHER_MODEL, agent: EMULATED_ENGINE.id };
const DEPLOYMENTS = {
  'openai-agents': { [MODEL]: MODEL, [OTHER_MODEL]: MODEL },
  'bedrock-managed': { [MODEL]: BEDROCK_MANAGED.model, [OTHER_MODEL]: BEDROCK_MANAGED.model },
  'bedrock-classic': { [MODEL]: CLASSIC_NEW_MODEL, [OTHER_MODEL]: CLASSIC_NEW_MODEL },
  'agent-engine': { [MODEL]: { ...ENGINE, wireModel: MODEL }, [OTHER_MODEL]: ENGINE },
};

const WRITE = [{ name: 'exec_command', input: { cmd: 'echo made >> made.txt' } }];
const SCRIPT = [
  // What a session is told that takes over from another one.
  { when: { inputContains: 'Its result (' }, turns: [{ text: 'Done elsewhere.' }] },
  { when: { inputContains: 'plainly' }, turns: [{ text: 'Plainly.' }] },
  { when: { inputContains: 'write a file' }, turns: [{ text: 'I write it.', toolCalls: WRITE }, { text: 'It is written.' }] },
];

/** A tenant for whom these may serve alone, in this order. */
function servedBy(...services: readonly Service[]) {
  const deny = SERVICES.filter((service) => !services.includes(service)).map((service) => OFFERINGS[service]);
  const order = [...new Set(services.map((service) => OFFERINGS[service].split('/')[0]))];
  // The other model is of the real catalog.
  return { deny, order, entitlements: services.map((service) => ({ offering: OFFERINGS[service] })) };
}

const TENANTS = {
  ...Object.fromEntries(SERVICES.map((service) => [service, servedBy(service)])),
  'classic-first': servedBy('bedrock-classic', 'agent-engine'),
  'engine-first': servedBy('agent-engine', 'bedrock-classic'),
  'managed-first': servedBy('bedrock-managed', 'openai-agents'),
};

let cluster: Cluster;
let workspace: string;
const folder = mkdtempSync(join(tmpdir(), 'anyport-services-'));

beforeAll(async () => {
  workspace = layOutGitRepository(join(folder, 'repository'), { 'a.txt': 'a\n' });
  const configure = Object.fromEntries(Object.entries(DEPLOYMENTS).map(([name, deployments]) => [name, { deployments }]));
  cluster = await startCluster({ script: SCRIPT, endpoints: SERVICES, tenants: TENANTS, configure });
});
afterEach(() => Promise.all(SERVICES.map((service) => cluster.clearFaults(service))));
afterAll(async () => {
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
});

function start(tenant: keyof typeof TENANTS | Service, request: Partial<TaskRequest> = {}) {
  return cluster.tasks.startManagedAgent({ prompt: 'say it plainly', model: MODEL, tenant, ...request });
}

async function run(...task: Parameters<typeof start>): Promise<TaskResult> {
  const { taskId } = await start(...task);
  return cluster.tasks.result(taskId);
}

function write() {
  return { prompt: 'write a file', workspace, sandbox: 'none' } as const;
}

function timesMade({ diff }: TaskResult): number | undefined {
  return diff.match(/^\+made$/gm)?.length;
}

/** What a service has seen since it was asked last. */
async function watch(service: Service) {
  const read = () => readAgentLedger(cluster.control(service));
  const before = await read();
  return async () => {
    const { sessions, inputs, generations } = await read();
    return {
      sessions: sessions.slice(before.sessions.length).map(({ closed }) => (closed ? 'closed' : 'open')),
      inputs: inputs.length - before.inputs.length,
      generations: generations.length - before.generations.length,
    };
  };
}

describe('a task', () => {
  test.each(SERVICES)('at %s is answered by a session, which is closed at its end', async (service) => {
    const seen = await watch(service);

    const result = await run(service);

    expect(result).toMatchObject({ state: 'completed', output: 'Plainly.', turns: 1 });
    expect(result.attempts).toEqual([expect.objectContaining({ endpoint: service, outcome: 'completed' })]);
    expect(await seen()).toEqual({ sessions: ['closed'], inputs: 1, generations: 1 });
  });

  test.each(WITH_FUNCTIONS)('at %s has its tools run in its workspace, and their results go to its session', async (service) => {
    const seen = await watch(service);

    const result = await run(service, write());

    expect(result).toMatchObject({ state: 'completed', output: 'It is written.', turns: 2, toolEffectsTwice: 0 });
    expect(timesMade(result)).toBe(1);
    expect(await seen()).toEqual({ sessions: ['closed'], inputs: 2, generations: 2 });
  });

  test('with files is not begun where a service calls no functions, and says so', async () => {
    const result = await run('bedrock-managed', write());

    expect(result).toMatchObject({ state: 'failed', attempts: [] });
    expect(result.reason).toContain('bedrock-managed CAPABILITY_MISSING');
  });
});

describe('a service that fails between two turns', () => {
  const DOWN = { kind: 'status', on: 'input', status: 503 };

  // Each with a model of its own: what failed of the first is not asked again for a while.
  test.each([
    { tenant: 'classic-first', first: 'bedrock-classic', second: 'agent-engine', model: MODEL },
    { tenant: 'engine-first', first: 'agent-engine', second: 'bedrock-classic', model: OTHER_MODEL },
  ] as const)('of $first is left for $second, which is told what happened so far', async ({ tenant, first, second, model }) => {
    const [before, after] = [await watch(first), await watch(second)];
    await cluster.setFaults(first, [DOWN]);

    const result = await run(tenant, { ...write(), model });

    expect(result).toMatchObject({ state: 'completed', output: 'Done elsewhere.', suspectedTwice: { count: 0 } });
    expect(timesMade(result)).toBe(1);
    expect(result.attempts[0]).toMatchObject({ turn: 1, endpoint: first, outcome: 'completed' });
    expect(result.attempts.at(-1)).toMatchObject({ turn: 2, endpoint: second, outcome: 'completed' });
    const turn = { sessions: ['closed'], inputs: 1, generations: 1 };
    expect([await before(), await after()]).toEqual([turn, turn]);
  });
});

describe('a session that expired', () => {
  test.each(['bedrock-classic', 'agent-engine'] as const)('at %s is followed by one that is told all', async (service) => {
    const seen = await watch(service);
    const approvals = { mode: 'always' } as const;
    const { taskId } = await start(service, { ...write(), approvals });
    const waits = await eventually('it waits', async () => (await cluster.tasks.status(taskId)).approvals?.[0]);
    await cluster.setFaults(service, [{ kind: 'session-lost', count: 1 }]);

    await cluster.tasks.approve(taskId, { callId: waits.callId, by: 'ada' });

    const result = await cluster.tasks.result(taskId);
    expect(result).toMatchObject({ state: 'completed', output: 'Done elsewhere.', suspectedTwice: { count: 0 } });
    expect(timesMade(result)).toBe(1);
    expect(result.attempts.map(({ outcome }) => outcome)).toEqual(['completed', 'failed', 'completed']);
    expect(result.attempts[1]?.failure).toContain('session lost');
    expect(await seen()).toMatchObject({ inputs: 2, generations: 2 });
  });
});

describe('an answer of Agents Classic that was lost', () => {
  test.each([
    ['open', { prompt: 'say it plainly' }, 'Plainly.'],
    ['input', write, 'Done elsewhere.'],
  ] as const)('after %s may have been paid, which the result says, and the task goes on', async (on, request, output) => {
    const seen = await watch('bedrock-classic');
    await cluster.setFaults('bedrock-classic', [{ kind: 'answer-lost', on, count: 1 }]);

    const result = await run('bedrock-classic', typeof request === 'function' ? request() : request);

    expect(result).toMatchObject({ state: 'completed', output, toolEffectsTwice: 0, suspectedTwice: { count: 1 } });
    expect(result.suspenseUsdMicros).toBeGreaterThan(0);
    const { sessions, inputs } = await seen();
    expect(sessions).toEqual(['closed', 'closed']);
    expect(inputs).toBe(result.attempts.length);
  });
});

describe('Bedrock Managed Agents that are not there', () => {
  test.each([
    ['not-in-region', MODEL, 'not-found: 404 this region lacks the model, or Bedrock Managed Agents'],
    ['not-entitled', OTHER_MODEL, 'authentication: 401 account not admitted to Bedrock Managed Agents by AWS'],
  ])('since %s are left for another cloud, and the result says why', async (kind, model, failure) => {
    await cluster.setFaults('bedrock-managed', [{ kind }]);

    const result = await run('managed-first', { model });

    expect(result).toMatchObject({ state: 'completed', output: 'Plainly.', suspectedTwice: { count: 0 } });
    expect(result.attempts).toEqual([
      { turn: 1, endpoint: 'bedrock-managed', outcome: 'failed', failure },
      { turn: 1, endpoint: 'openai-agents', outcome: 'completed' },
    ]);
  });
});
