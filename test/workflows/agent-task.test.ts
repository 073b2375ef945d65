import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadCatalog } from '../../activities/catalog/load-catalog.ts';
import { defaultPrices } from '../../workers/default-prices.ts';
import { taskWorkflowId, toTaskId } from '../../workflows/domain/ids.ts';
import { costUsdMicros, priceAt } from '../../workflows/domain/price.ts';
import { NO_USAGE } from '../../workflows/domain/usage.ts';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { git, layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';

const PATCH = ['*** Begin Patch', '*** Update File: greeting.txt', '-hello', '+good morning', '*** End Patch'].join('\n');
const MEND = [
  { text: 'I look.', toolCalls: [{ name: 'read_file', input: { path: 'greeting.txt' } }] },
  { text: 'I change it.', toolCalls: [{ name: 'apply_patch', input: PATCH }] },
  { text: 'Done.' },
];
const SCRIPT = [
  { when: { inputContains: 'mend' }, turns: MEND },
  {
    when: { inputContains: 'invent' },
    turns: [{ toolCalls: [{ name: 'launch_rocket', input: { to: 'moon' } }] }, { text: 'Sorry.' }],
  },
  { when: { inputContains: 'plain' }, turns: [{ text: 'Plainly.' }] },
];

let cluster: Cluster;
let repository: string;

beforeAll(async () => {
  cluster = await startCluster({ script: SCRIPT });
  repository = layOutGitRepository(join(cluster.directory, 'repository'), { 'greeting.txt': 'hello\n' });
});
afterAll(() => cluster.stop());

describe('a task', () => {
  test('changes a workspace of its own, gives the diff, and leaves the repository as it was', async () => {
    const { taskId } = await cluster.tasks.start({ prompt: 'mend it', model: MODEL, workspace: repository });

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({
      state: 'completed',
      output: 'Done.',
      turns: 3,
      suspectedTwice: { count: 0 },
      toolEffectsTwice: 0,
    });
    expect(result.attempts.map(({ endpoint, outcome }) => [endpoint, outcome])).toEqual(
      Array.from({ length: 3 }, () => ['azure-eastus2', 'completed']),
    );
    expect(result.diff).toContain('-hello\n+good morning');
    expect(result.usage.outputTokens).toBeGreaterThan(0);
    expect(result.paid.usdMicros).toBeGreaterThan(0);
    expect(git(repository, 'status', '--porcelain')).toBe('');
    expect(readFileSync(join(repository, 'greeting.txt'), 'utf8')).toBe('hello\n');
  });

  test('goes on at the next cloud when the first breaks in the middle of an answer, without a turn lost', async () => {
    await cluster.setFaults('azure-eastus2', [{ kind: 'stream-cut', afterEvents: 4, count: 1 }]);
    const { taskId } = await cluster.tasks.start({ prompt: 'mend it', model: MODEL, workspace: repository });

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'completed', turns: 3, suspectedTwice: { count: 1 } });
    expect(result.attempts.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`)).toEqual([
      'azure-eastus2 failed',
      'aws-us-east-1 completed',
      'aws-us-east-1 completed',
      'aws-us-east-1 completed',
    ]);
    const { events } = await cluster.tasks.status(taskId);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'attempt-started', reason: expect.stringMatching(/^failover: azure-eastus2 /) }),
    );
  });

  test('says what each cloud was paid, as the clouds themselves have it, and keeps apart what may have been billed', async () => {
    await cluster.setFaults('azure-eastus2', [{ kind: 'stream-cut', afterEvents: 4, billed: true, skip: 1, count: 1 }]);
    const { taskId } = await cluster.tasks.start({ prompt: 'mend it', model: MODEL, workspace: repository });

    const result = await cluster.tasks.result(taskId);

    const [azure, aws] = await Promise.all((['azure-eastus2', 'aws-us-east-1'] as const).map((at) => billsOf(taskId, at)));
    const paid = { 'azure-eastus2': azure?.completed ?? 0, 'aws-us-east-1': aws?.completed ?? 0 };
    expect(result.paid).toEqual({
      usdMicros: paid['azure-eastus2'] + paid['aws-us-east-1'],
      byCloud: { azure: paid['azure-eastus2'], aws: paid['aws-us-east-1'] },
      byEndpoint: paid,
    });
    expect(result.suspectedTwice.count).toBe(1);
    expect(azure?.lost).toBeGreaterThan(0);
    expect(result.suspectedTwice.usdMicros).toBeGreaterThanOrEqual(azure?.lost ?? 0);
  });

  test('tells the model of a tool that it invented which there are, and goes on', async () => {
    const { taskId } = await cluster.tasks.start({ prompt: 'invent', model: MODEL, workspace: repository });

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'completed', output: 'Sorry.' });
    const { events } = await cluster.tasks.status(taskId);
    expect(events).toContainEqual(
      expect.objectContaining({
        kind: 'tool-ended',
        tool: 'launch_rocket',
        outcome: 'refused',
        why: expect.stringContaining('no tool'),
      }),
    );
  });

  test('needs no workspace', async () => {
    const { taskId } = await cluster.tasks.start({ prompt: 'plain', model: MODEL });

    expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'completed', output: 'Plainly.', diff: '' });
  });

  test('fails with the nearest names when nobody serves its model, before any call', async () => {
    const before = (await cluster.ledger('azure-eastus2')).length;
    const { taskId } = await cluster.tasks.start({ prompt: 'plain', model: 'gpt-6.1-sool' });

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'failed', turns: 0, reason: expect.stringContaining(MODEL) });
    expect(await cluster.ledger('azure-eastus2')).toHaveLength(before);
    const { status } = await cluster.temporal.workflow.getHandle(taskWorkflowId(toTaskId(taskId))).describe();
    expect(status.name).toBe('FAILED');
  });

  test('fails in words when its workspace is no git repository', async () => {
    const { taskId } = await cluster.tasks.start({ prompt: 'mend', model: MODEL, workspace: join(cluster.directory, 'nowhere') });

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'failed', reason: expect.stringContaining('nowhere') });
  });

  test('stops the request in flight when it is cancelled, and keeps what it has', async () => {
    await cluster.setFaults('azure-eastus2', [{ kind: 'slow-stream', eventDelayMs: 1_000, count: 1 }]);
    const { taskId } = await cluster.tasks.start({ prompt: 'plain', model: MODEL });
    await eventually('the model is asked', async () => (await cluster.ledger('azure-eastus2')).find(isOf(taskId)));

    await cluster.tasks.cancel(taskId);
    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'cancelled', attempts: [{ endpoint: 'azure-eastus2', outcome: 'cancelled' }] });
    const request = await eventually('the cloud sees the abort', async () =>
      (await cluster.ledger('azure-eastus2')).find((entry) => isOf(taskId)(entry) && entry.aborted),
    );
    expect(request.aborted).toBe(true);
  });

  test('tells the operator in each summary the turn, the endpoint and why it moved, and nothing of the task', async () => {
    await cluster.setFaults('azure-eastus2', [{ kind: 'status', status: 404, count: 1 }]);
    const { taskId } = await cluster.tasks.start({ prompt: 'mend it', model: MODEL, workspace: repository });
    await cluster.tasks.result(taskId);

    const summaries = await readSummaries(taskId);

    expect(summaries).toContain('turn 1 · azure-eastus2');
    expect(summaries).toContainEqual(expect.stringMatching(/^turn 1 · aws-us-east-1 · failover: azure-eastus2 not-found: 404/));
    expect(summaries).toContain('turn 1 · read_file');
    expect(summaries.join()).not.toContain('greeting');
    expect(summaries.join()).not.toContain('mend it');
  });
});

/** What an endpoint has billed for a task by its own ledger, at our list prices: for whole answers, and for others. */
async function billsOf(taskId: string, endpoint: 'azure-eastus2' | 'aws-us-east-1') {
  const place =
    endpoint === 'azure-eastus2'
      ? { surface: 'azure/commercial/foundry', name: 'global' }
      : { surface: 'aws/commercial/bedrock-mantle', name: 'us-east-1' };
  const now = new Date();
  const price = priceAt(defaultPrices(loadCatalog().catalog, { model: MODEL, place }, now.toISOString()), now.getTime());
  const bills = { completed: 0, lost: 0 };
  for (const { outcome, billedUsage, metadata } of await cluster.ledger(endpoint)) {
    if (metadata?.['task'] !== taskId || billedUsage === null) continue;
    bills[outcome === 'completed' ? 'completed' : 'lost'] += costUsdMicros({ ...NO_USAGE, ...billedUsage }, price);
  }
  return bills;
}

function isOf(taskId: string) {
  return ({ metadata }: { metadata: Readonly<Record<string, string>> | null }) => metadata?.['task'] === taskId;
}

async function readSummaries(taskId: string): Promise<readonly string[]> {
  const { events } = await cluster.temporal.workflow.getHandle(taskWorkflowId(toTaskId(taskId))).fetchHistory();
  return (events ?? []).flatMap(({ userMetadata }) => {
    const data = userMetadata?.summary?.data;
    return data === undefined || data === null ? [] : [String(JSON.parse(Buffer.from(data).toString()))];
  });
}
