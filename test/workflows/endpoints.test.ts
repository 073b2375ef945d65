import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toDeploymentId } from '../../workflows/domain/ids.ts';
import { endpointQueue, hostQueue } from '../../workflows/domain/task-queues.ts';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { jsonLines, runAnyport } from '../cli/support/run-anyport.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';

const FIRST = 'azure-eastus2';
const SECOND = 'aws-us-east-1';
const SCRIPT = [{ when: { inputContains: 'plain' }, turns: [{ text: 'Plainly.' }] }];

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ script: SCRIPT, endpoints: [FIRST, SECOND] });
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
      expect.objectContaining({ name: FIRST, cloud: 'azure', models: [MODEL], hold: null, workers: 1 }),
      expect.objectContaining({ name: SECOND, cloud: 'aws', hold: null, workers: 1 }),
    ]);
  });

  test('drains an endpoint: tasks that start are led elsewhere without a call to it', async () => {
    expect((await anyport('endpoints', 'drain', FIRST, '--reason', 'planned work')).code).toBe(0);
    // What was known at the start of the first task may be two seconds old.
    await cluster.tasks.result((await cluster.tasks.start({ prompt: 'plain', model: MODEL })).taskId);
    const { taskId } = await cluster.tasks.start({ prompt: 'plain', model: MODEL });

    const { attempts } = await cluster.tasks.result(taskId);

    expect(attempts).toEqual([expect.objectContaining({ endpoint: SECOND, outcome: 'completed' })]);
    const { events } = await cluster.tasks.status(taskId);
    expect(events.filter(({ kind }) => kind === 'attempt-started')).toEqual([
      expect.objectContaining({
        deployment: toDeploymentId(SECOND, MODEL),
        reason: `${FIRST} is drained by an operator`,
      }),
    ]);
    expect((await cluster.ledger(FIRST)).filter(({ metadata }) => metadata?.['task'] === taskId)).toEqual([]);
  });

  test('drains all: a task parks and says so, tries again and says who drained it and why, and goes on when one is resumed', async () => {
    expect((await anyport('endpoints', 'drain', SECOND, '--reason', 'planned work')).code).toBe(0);
    const { taskId } = await cluster.tasks.start({ prompt: 'plain', model: MODEL });

    const events = await eventually('it has looked again and parked', async () => {
      const story = (await cluster.tasks.status(taskId)).events;
      const looked = story.findIndex(({ kind }) => kind === 'attempt-failed');
      return looked >= 0 && story.slice(looked).some(({ kind }) => kind === 'parked') ? story : undefined;
    });

    expect(events).toContainEqual(
      expect.objectContaining({
        kind: 'attempt-failed',
        failure: expect.stringMatching(/^held: drained by \S+@\S+: planned work$/),
      }),
    );
    expect(events.find(({ kind }) => kind === 'parked')).toMatchObject({
      reason: expect.stringMatching(/^no deployment .*; all drained by an operator$/),
    });
    expect((await anyport('endpoints', 'resume', SECOND)).code).toBe(0);
    expect((await cluster.tasks.result(taskId)).attempts.at(-1)).toMatchObject({ endpoint: SECOND, outcome: 'completed' });
  });

  test('lifts the drain, and tasks come back', async () => {
    expect((await anyport('endpoints', 'resume', FIRST)).code).toBe(0);
    await eventually('a task is answered there', async () => {
      const { taskId } = await cluster.tasks.start({ prompt: 'plain', model: MODEL });
      const { attempts } = await cluster.tasks.result(taskId);
      return attempts.some(({ endpoint, outcome }) => endpoint === FIRST && outcome === 'completed') ? true : undefined;
    });
  });

  test('is told the nearest names for one that does not exist', async () => {
    const { code, stderr } = await anyport('endpoints', 'drain', 'azure-eastus');

    expect(code).toBe(1);
    expect(stderr).toContain('there is no endpoint "azure-eastus" (nearest: azure-eastus2');
  });

  test.each(['0', '-1', 'many', ''])('cannot throttle to "%s" calls per second', async (rate) => {
    const { code, stderr } = await anyport('endpoints', 'throttle', FIRST, '--per-second', rate);

    expect(code).toBe(2);
    expect(stderr).toContain('above 0');
  });
});

describe('waiting calls', () => {
  test('of a person come before those of a batch, in an endpoint that is held', async () => {
    await cluster.tasks.holdEndpoint(FIRST, { perSecond: 0 });
    await cluster.tasks.holdEndpoint(SECOND, { perSecond: 0 });
    const file = await cluster.write('batch.jsonl', `${JSON.stringify({ prompt: 'plain', model: MODEL })}\n`);
    const { batchId } = await cluster.tasks.submitBatch(file);
    const { taskId } = await cluster.tasks.start({ prompt: 'plain', model: MODEL });
    const queue = endpointQueue(FIRST);

    // Tasks that know of the drain are in the queue for a few seconds each time they look again, not all at once.
    const waiting = new Set<number>();
    await eventually('both calls have waited', async () => {
      const { statsByPriorityKey } = await cluster.temporal.workflowService.describeTaskQueue({
        namespace: 'default',
        taskQueue: { name: queue },
        taskQueueType: 2,
        reportStats: true,
      });
      for (const [key, stats] of Object.entries(statsByPriorityKey ?? {})) {
        if (Number(stats.approximateBacklogCount ?? 0) > 0) waiting.add(Number(key));
      }
      return waiting.size === 2 ? true : undefined;
    });

    expect(waiting).toEqual(new Set([2, 4]));
    await cluster.tasks.holdEndpoint(FIRST, { perSecond: null });
    await cluster.tasks.holdEndpoint(SECOND, { perSecond: null });
    expect((await cluster.tasks.result(taskId)).state).toBe('completed');
    await eventually('the batch has ended', async () =>
      (await cluster.tasks.batchStatus(batchId)).completed === 1 ? true : undefined,
    );
  });
});

describe('a host', () => {
  test('says at its queue how it confines commands, but for an operator who has a word there', async () => {
    const hostId = (await readFile(join(cluster.hostFolder('data'), 'host-id'), 'utf8')).trim();
    const queue = { namespace: 'default', taskQueueType: 2 } as const;
    const { workflowService } = cluster.temporal;
    const describeQueue = async () => {
      const { config } = await workflowService.describeTaskQueue({
        ...queue,
        taskQueue: { name: hostQueue(hostId) },
        reportConfig: true,
      });
      return {
        reason: config?.queueRateLimit?.metadata?.reason,
        rate: config?.queueRateLimit?.rateLimit?.requestsPerSecond ?? null,
      };
    };
    const hold = (rateLimit: { requestsPerSecond: number } | null, reason: string) =>
      workflowService.updateTaskQueueConfig({
        ...queue,
        taskQueue: hostQueue(hostId),
        updateQueueRateLimit: { rateLimit, reason },
      });

    const told = await describeQueue();
    await hold({ requestsPerSecond: 50 }, 'mine');
    await cluster.startWorker();
    const held = await describeQueue();
    await hold(null, '');

    expect(told).toEqual({
      reason: expect.stringMatching(/^sandbox optional(?:: bubblewrap, .*no network|, but unusable: )/),
      rate: null,
    });
    expect(held).toEqual({ reason: 'mine', rate: 50 });
  });
});
