/** A cancel stops the bill, whatever the task is at, and whichever worker runs it. A pause is no cancel. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { taskWorkflowId, toTaskId } from '../../workflows/domain/ids.ts';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster, EmulatedEndpoint, LedgerRequest } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';
import type { ChaosScene } from './chaos-scene.ts';
import { openChaosScene } from './chaos-scene.ts';

const AZURE = 'azure-eastus2';
const AWS = 'aws-us-east-1';
const SCRIPT = [
  { when: { inputContains: 'talk' }, turns: [{ text: 'A rather long answer that takes its time.' }] },
  {
    when: { inputContains: 'write' },
    turns: [{ toolCalls: [{ name: 'exec_command', input: { cmd: 'touch started; sleep 60' } }] }, { text: 'Done.' }],
  },
];
const SLOW = { kind: 'slow-stream', eventDelayMs: 700, count: 1 };
const LATE = { kind: 'slow-first-event', delayMs: 10_000, count: 1 };
/** Azure is asked first. For what is to happen at AWS it says that it has no such model, once per task. */
const NOT_HERE = { kind: 'status', status: 404, count: 1 };

let cluster: Cluster;
let scene: ChaosScene;

describe.each([{ workers: 1 }, { workers: 2 }])('with $workers worker(s), a cancelled task', ({ workers }) => {
  beforeAll(async () => {
    cluster = await startCluster({ script: SCRIPT, endpoints: [AZURE, AWS], background: [AWS] });
    if (workers === 2) await cluster.startWorker();
    scene = openChaosScene(cluster);
  });
  afterAll(async () => {
    scene.close();
    await cluster.stop();
  });

  test('before the first event: the request is aborted, and may be billed', async () => {
    await cluster.setFaults(AZURE, [LATE]);
    const taskId = await start('talk');
    await eventually('the cloud has it', async () => (await scene.generations(taskId, AZURE))[0]);

    await cancel(taskId);

    expect(scene.attempt(taskId)).toEqual({ kind: 'cancelled', acceptance: 'unknown' });
  });

  test('in mid-stream: the cloud sees the abort before it has generated the rest', async () => {
    await cluster.setFaults(AZURE, [SLOW]);
    const taskId = await start('talk');
    await scene.attemptIs(taskId, 'submitted');

    const cancelledAtMs = await cancel(taskId);

    const request = await aborted(taskId, AZURE);
    expect(request.outcome).toBe('aborted');
    expect(request.events).toBeLessThan(5);
    expect(scene.attempt(taskId)).toMatchObject({ kind: 'cancelled', acceptance: 'accepted' });
    console.log(
      `${workers} worker(s): the cloud saw the abort ${(request.endedAtMs ?? Infinity) - cancelledAtMs} ms after the cancel`,
    );
  });

  test('in background: the response is cancelled at its cloud', async () => {
    await cluster.setFaults(AZURE, [NOT_HERE]);
    await cluster.setFaults(AWS, [SLOW]);
    const taskId = await start('talk');
    await scene.attemptIs(taskId, 'submitted');

    await cancel(taskId);

    await aborted(taskId, AWS);
    const paths = (await cluster.ledger(AWS)).map(({ method, path }) => `${method} ${path}`);
    expect(paths).toContainEqual(expect.stringMatching(/^POST .*\/cancel$/));
    expect(scene.attempt(taskId)).toMatchObject({ kind: 'cancelled', acceptance: 'accepted' });
  });

  test('in a tool: the command is gone, and nothing of it is told as done', async () => {
    const repository = layOutGitRepository(join(cluster.directory, 'repository'), { 'readme.txt': 'a log\n' });
    const taskId = await start('write', repository);
    const tree = join(cluster.directory, 'data', 'workspaces', taskId, 'tree');
    await eventually('the command runs', async () => (existsSync(join(tree, 'started')) ? true : undefined));

    await cancel(taskId);

    const { events } = await cluster.tasks.status(taskId);
    expect(events.some(({ kind }) => kind === 'tool-ended')).toBe(false);
  });

  test.each([
    ['in a wait', [{ kind: 'status', status: 429, headers: { 'retry-after': '5' }, count: 1 }], 'waiting'],
    ['in a park', [{ kind: 'status', status: 404, count: 40 }], 'parked'],
  ] as const)('%s: nothing is asked any more', async (_phase, faults, state) => {
    await cluster.setFaults(AZURE, faults);
    await cluster.setFaults(AWS, faults);
    const taskId = await start('talk');
    await eventually(`the task is ${state}`, async () => ((await stateOf(taskId)) === state ? true : undefined));
    const before = await countSent(taskId);

    await cancel(taskId);

    expect(await countSent(taskId)).toBe(before);
  });
});

describe('what waits for an operator', () => {
  beforeAll(async () => {
    cluster = await startCluster({ script: SCRIPT, endpoints: [AWS], background: [AWS] });
    scene = openChaosScene(cluster);
  });
  afterAll(async () => {
    scene.close();
    await cluster.stop();
  });

  test('is an activity that is paused: it keeps its background response, and goes on with it when it is resumed', async () => {
    await cluster.setFaults(AWS, [SLOW]);
    const taskId = await start('talk');
    await scene.attemptIs(taskId, 'submitted');
    const activity = { namespace: 'default', execution: { workflowId: workflowOf(taskId) }, type: 'invokeModel' };

    await cluster.temporal.workflowService.pauseActivity({ ...activity, identity: 'operator' });
    await eventually('the worker has let go', async () => ((await isRunning(taskId)) ? undefined : true));
    expect(scene.attempt(taskId)).toMatchObject({ kind: 'submitted' });
    await cluster.temporal.workflowService.unpauseActivity({ ...activity, identity: 'operator' });

    expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'completed', suspectedTwice: { count: 0 } });
    expect(await scene.generations(taskId, AWS)).toMatchObject([{ outcome: 'completed' }]);
  });

  test('is a task whose every endpoint is drained: cancelled, it asks nobody, also when the drain is lifted', async () => {
    await cluster.tasks.holdEndpoint(AWS, { perSecond: 0, reason: 'planned work' });
    const taskId = await start('talk');
    await eventually('the task is parked', async () => ((await stateOf(taskId)) === 'parked' ? true : undefined));

    await cancel(taskId);
    await cluster.tasks.holdEndpoint(AWS, { perSecond: null });
    expect(await cluster.tasks.result(await start('talk'))).toMatchObject({ state: 'completed' });

    expect(await scene.generations(taskId, AWS)).toEqual([]);
  });

  test('is a task that has used up its budget: cancelled, it asks nothing any more, and keeps what it has paid', async () => {
    const { taskId } = await cluster.tasks.start({ prompt: 'write', model: MODEL, budget: { turns: 1 } });
    await eventually('the task is paused', async () => ((await stateOf(taskId)) === 'waiting' ? true : undefined));

    await cancel(taskId);

    expect(await cluster.tasks.result(taskId)).toMatchObject({ turns: 1, attempts: [{ outcome: 'completed' }] });
    expect(await scene.generations(taskId, AWS)).toHaveLength(1);
  });
});

async function start(prompt: string, workspace?: string): Promise<string> {
  const options = workspace === undefined ? {} : { workspace };
  return (await cluster.tasks.start({ prompt, model: MODEL, ...options })).taskId;
}

async function stateOf(taskId: string): Promise<string> {
  return (await cluster.tasks.status(taskId)).state;
}

/** Gives when it was asked for; resolves when the task has closed. */
async function cancel(taskId: string): Promise<number> {
  const atMs = Date.now();
  await cluster.tasks.cancel(taskId);
  expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'cancelled' });
  return atMs;
}

function aborted(taskId: string, endpoint: EmulatedEndpoint): Promise<LedgerRequest> {
  return eventually('the cloud sees the abort', async () =>
    (await scene.generations(taskId, endpoint)).find((request) => request.aborted),
  );
}

async function countSent(taskId: string): Promise<number> {
  const sent = await Promise.all([AZURE, AWS].map((endpoint) => scene.generations(taskId, endpoint as EmulatedEndpoint)));
  return sent.flat().length;
}

/** `PENDING_ACTIVITY_STATE_STARTED` and `…_PAUSE_REQUESTED`: a worker has it. */
async function isRunning(taskId: string): Promise<boolean> {
  const execution = { workflowId: workflowOf(taskId) };
  const { pendingActivities } = await cluster.temporal.workflowService.describeWorkflowExecution({
    namespace: 'default',
    execution,
  });
  return (pendingActivities ?? []).some(({ state }) => state === 2 || state === 5);
}

function workflowOf(taskId: string): string {
  return taskWorkflowId(toTaskId(taskId));
}
