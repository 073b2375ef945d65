import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TaskRequest } from '../../workflows/activity-interfaces.ts';
import type { TaskStatus } from '../../workflows/domain/task-status.ts';
import { runAnyport } from '../cli/support/run-anyport.ts';
import { deploymentAt, MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';

const LOOK = { toolCalls: [{ name: 'list_files', input: {} }] };
const SCRIPT = [
  { when: { inputContains: 'hello' }, turns: [{ text: 'Hello.' }] },
  { when: { inputContains: 'look' }, turns: [LOOK, { text: 'Seen.' }] },
];
const DOWN = { kind: 'status', status: 503, body: { error: { code: 'server_is_overloaded' } } };
const EU = 'azure-eastus2';

let cluster: Cluster;
let workspace: string;

beforeAll(async () => {
  cluster = await startCluster({
    script: SCRIPT,
    endpoints: [EU, 'aws-us-east-1', 'google-global', 'openai'],
    // The emulated endpoint keeps its name, and is in Sweden all the same.
    configure: { [EU]: { region: 'swedencentral', processing: 'eu' } },
    tenants: {
      european: { residency: ['eu'] },
      amazonian: { standardCloud: 'aws', strictStandard: true },
      nobody: { compliance: ['il6'] },
      changing: { order: ['azure', 'aws'] },
    },
  });
  workspace = layOutGitRepository(join(cluster.directory, 'repository'), { 'readme.txt': 'hello\n' });
});
afterAll(() => cluster.stop());

describe('a task of a tenant that is bound to the EU', () => {
  test('is served there, and says which endpoints may not serve it and why', async () => {
    const { taskId } = await cluster.tasks.start({ prompt: 'hello', model: MODEL, tenant: 'european' });

    expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'completed', attempts: [{ endpoint: EU }] });
    const { route, excluded } = await cluster.tasks.status(taskId);
    expect(route).toEqual([deploymentAt(EU)]);
    expect(Object.keys(excluded ?? {}).toSorted()).toEqual(['aws-us-east-1', 'google-global', 'openai'].map(deploymentAt));
    expect(excluded?.[deploymentAt('openai')]).toBe('RESIDENCY_PROCESSING SCOPE_TOO_WIDE RESIDENCY_STORAGE');
  });

  test('never leaves it, whatever is down: it parks, and goes on there', async () => {
    await cluster.setFaults(EU, [DOWN]);
    const { taskId } = await cluster.tasks.start({ prompt: 'hello', model: MODEL, tenant: 'european' });
    await eventually('it parks', async () => ((await statusOf(taskId)).state === 'parked' ? true : undefined));
    await cluster.clearFaults(EU);

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'completed' });
    expect(new Set(result.attempts.map(({ endpoint }) => endpoint))).toEqual(new Set([EU]));
    expect(await requestsOf(taskId, 'aws-us-east-1', 'google-global', 'openai')).toBe(0);
  });
});

test('what was decided for a task is told again with every reason, by the id in its story', async () => {
  const { taskId } = await cluster.tasks.start({ prompt: 'hello', model: MODEL, tenant: 'european' });
  await cluster.tasks.result(taskId);
  const { decision = '' } = await cluster.tasks.status(taskId);
  const ask = (...args: string[]) => runAnyport(['route', ...args, '--data', join(cluster.directory, 'data')]);

  const { code, stdout, stderr } = await ask('--decision', decision);

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain(`Decision ${decision} `);
  expect(stdout).toContain(`${MODEL} (product model) for tenant european`);
  expect(stdout).toContain(deploymentAt(EU));
  expect(stdout).toMatch(/RESIDENCY_PROCESSING {2}asked: within eu; is: anywhere/);
  expect(await ask('--decision', 'nothing')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('there is no decision "nothing"'),
  });
});

test('a strict standard cloud is asked alone, and a task may narrow its tenant further', async () => {
  expect(await routeOf({ tenant: 'amazonian' })).toEqual([deploymentAt('aws-us-east-1')]);
  expect(await routeOf({ policy: { clouds: ['google', 'openai'], failover: 'none' } })).toHaveLength(1);
  expect(await routeOf({ policy: { residency: { processing: ['us'] } } })).toEqual([deploymentAt('aws-us-east-1')]);
});

describe('a task that nobody may serve', () => {
  test('fails at once with the nearest miss, before any call', async () => {
    const { taskId } = await cluster.tasks.start({ prompt: 'hello', model: MODEL, tenant: 'nobody' });

    const { state, reason = '' } = await cluster.tasks.result(taskId);

    expect(state).toBe('failed');
    expect(reason).toContain(`no eligible deployment for model "${MODEL}" of tenant "nobody"`);
    expect(reason).toContain('COMPLIANCE_UNKNOWN (asked: il6; is: not known)');
    expect(reason).toContain('ask the cloud for its il6 report');
    expect(await requestsOf(taskId, EU, 'aws-us-east-1', 'google-global', 'openai')).toBe(0);
  });

  test('fails at once when it asks for more than its tenant allows', async () => {
    const policy = { residency: { processing: ['us'] } };
    const { taskId } = await cluster.tasks.start({ prompt: 'hello', model: MODEL, tenant: 'european', policy });

    expect(await cluster.tasks.result(taskId)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('residency.processing: us is not within eu'),
    });
  });
});

test('a policy that is tightened while a task runs holds for its next turn: the call it forbids is not made', async () => {
  const { taskId } = await cluster.tasks.start({
    prompt: 'look',
    model: MODEL,
    tenant: 'changing',
    workspace,
    budget: { turns: 1 },
  });
  await eventually('it waits for a larger budget', async () => (await cluster.tasks.status(taskId)).waitingFor?.command);
  await cluster.changeTenants({ changing: { order: ['azure', 'aws'], deny: ['azure'] } });
  await cluster.tasks.raiseBudget(taskId, { turns: 9 });

  const result = await cluster.tasks.result(taskId);

  expect(result).toMatchObject({ state: 'completed', output: 'Seen.' });
  expect(result.attempts).toMatchObject([
    { turn: 1, endpoint: EU, outcome: 'completed' },
    { turn: 2, endpoint: EU, outcome: 'failed', failure: 'ineligible: TENANT_DENY' },
    { turn: 2, endpoint: 'aws-us-east-1', outcome: 'completed' },
  ]);
  expect(await requestsOf(taskId, EU)).toBe(1);
});

async function routeOf(request: Partial<TaskRequest>): Promise<TaskStatus['route']> {
  const { taskId } = await cluster.tasks.start({ prompt: 'hello', model: MODEL, ...request });
  await cluster.tasks.result(taskId);
  return (await cluster.tasks.status(taskId)).route;
}

function statusOf(taskId: string): Promise<TaskStatus> {
  return cluster.tasks.status(taskId);
}

async function requestsOf(taskId: string, ...endpoints: readonly Parameters<Cluster['ledger']>[0][]): Promise<number> {
  const ledgers = await Promise.all(endpoints.map((endpoint) => cluster.ledger(endpoint)));
  return ledgers.flat().filter(({ metadata }) => metadata?.['task'] === taskId).length;
}
