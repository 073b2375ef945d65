import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endpointQueue } from '../../workflows/domain/task-queues.ts';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { jsonLines, runAnyport } from '../cli/support/run-anyport.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';

const SCRIPT = [{ when: { inputContains: 'plain' }, turns: [{ text: 'Plainly.' }] }];

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ script: SCRIPT, endpoints: ['azure-eastus2', 'aws-us-east-1'] });
});
afterAll(() => cluster.stop());

function anyport(...args: readonly string[]) {
  return runAnyport([...args, '--temporal', cluster.address]);
}

describe('an operator', () => {
  test('sees the endpoints, how they are held, and how many workers poll them', async () => {
    const { code, stdout } = await anyport('endpoints', 'list', '--json');

    expect(code).toBe(0);
    expect(jsonLines(stdout)).toEqual([
      expect.objectContaining({ name: 'azure-eastus2', cloud: 'azure', models: [MODEL], hold: null, workers: 1 }),
      expect.objectContaining({ name: 'aws-us-east-1', cloud: 'aws', hold: null, workers: 1 }),
    ]);
  });

  test('drains an endpoint: a task goes on elsewhere within seconds and says who drained it and why', async () => {
    expect((await anyport('endpoints', 'drain', 'azure-eastus2', '--reason', 'planned work')).code).toBe(0);
    const { taskId } = await cluster.tasks.start({ prompt: 'plain', model: MODEL });

    const result = await cluster.tasks.result(taskId);

    expect(result.attempts.at(-1)).toMatchObject({ endpoint: 'aws-us-east-1', outcome: 'completed' });
    const { events } = await cluster.tasks.status(taskId);
    expect(events).toContainEqual(
      expect.objectContaining({
        kind: 'attempt-started',
        reason: expect.stringMatching(/^failover: azure-eastus2 held: drained by \S+@\S+: planned work$/),
      }),
    );
    expect((await cluster.ledger('azure-eastus2')).filter(({ metadata }) => metadata?.['task'] === taskId)).toEqual([]);
  });

  test('lifts the drain, and tasks come back', async () => {
    expect((await anyport('endpoints', 'resume', 'azure-eastus2')).code).toBe(0);
    await eventually('a task is answered there', async () => {
      const { taskId } = await cluster.tasks.start({ prompt: 'plain', model: MODEL });
      const { attempts } = await cluster.tasks.result(taskId);
      return attempts.some(({ endpoint, outcome }) => endpoint === 'azure-eastus2' && outcome === 'completed') ? true : undefined;
    });
  });

  test('is told the nearest names for one that does not exist', async () => {
    const { code, stderr } = await anyport('endpoints', 'drain', 'azure-eastus');

    expect(code).toBe(1);
    expect(stderr).toContain('there is no endpoint "azure-eastus" (nearest: azure-eastus2');
  });

  test.each(['0', '-1', 'many', ''])('cannot throttle to "%s" calls per second', async (rate) => {
    const { code, stderr } = await anyport('endpoints', 'throttle', 'azure-eastus2', '--per-second', rate);

    expect(code).toBe(2);
    expect(stderr).toContain('above 0');
  });
});

describe('waiting calls', () => {
  test('of a person come before those of a batch, in an endpoint that is held', async () => {
    await cluster.tasks.holdEndpoint('azure-eastus2', { perSecond: 0 });
    await cluster.tasks.holdEndpoint('aws-us-east-1', { perSecond: 0 });
    const file = await cluster.write('batch.jsonl', `${JSON.stringify({ prompt: 'plain', model: MODEL })}\n`);
    const { batchId } = await cluster.tasks.submitBatch(file);
    const { taskId } = await cluster.tasks.start({ prompt: 'plain', model: MODEL });
    const queue = endpointQueue('azure-eastus2');

    const waiting = await eventually('both calls wait', async () => {
      const { statsByPriorityKey } = await cluster.temporal.workflowService.describeTaskQueue({
        namespace: 'default',
        taskQueue: { name: queue },
        taskQueueType: 2,
        reportStats: true,
      });
      const keys = Object.entries(statsByPriorityKey ?? {}).filter(([, stats]) => Number(stats.approximateBacklogCount ?? 0) > 0);
      return keys.length === 2 ? new Set(keys.map(([key]) => Number(key))) : undefined;
    });

    expect(waiting).toEqual(new Set([2, 4]));
    await cluster.tasks.holdEndpoint('azure-eastus2', { perSecond: null });
    await cluster.tasks.holdEndpoint('aws-us-east-1', { perSecond: null });
    expect((await cluster.tasks.result(taskId)).state).toBe('completed');
    await eventually('the batch has ended', async () =>
      (await cluster.tasks.batchStatus(batchId)).completed === 1 ? true : undefined,
    );
  });
});
