import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import { taskWorkflowId, toTaskId } from '../../workflows/domain/ids.ts';
import { recoverActivities } from '../../workers/supervisor/recover-activities.ts';
import { isAlive } from '../dev/is-alive.ts';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';
import type { ChaosScene } from './chaos-scene.ts';
import { openChaosScene } from './chaos-scene.ts';

const OPENAI = 'openai';
const SCRIPT = [{ when: { inputContains: 'talk' }, turns: [{ text: 'A rather long answer that takes its time.' }] }];
const SLOW = { kind: 'slow-stream', eventDelayMs: 250, count: 1 };

let cluster: Cluster;
let scene: ChaosScene;

beforeAll(async () => {
  cluster = await startCluster({ script: SCRIPT, endpoints: [OPENAI], supervised: true });
  scene = openChaosScene(cluster);
});
afterAll(async () => {
  scene.close();
  await cluster.stop();
});

test('a worker that is asked to stop ends the answer it is in, and the next one goes on after it', async () => {
  const taskId = await startSlowTask();

  process.kill(cluster.worker().pid, 'SIGTERM');
  const { code } = await cluster.worker().exited;
  await cluster.startWorker();

  expect(code).toBe(0);
  expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'completed', suspectedTwice: { count: 0 } });
  expect(await scene.generations(taskId, OPENAI)).toHaveLength(1);
});

test('what another worker runs, or has ended, is not failed in the name of a dead one', async () => {
  const taskId = await startSlowTask();
  const workflowId = taskWorkflowId(toTaskId(taskId));
  const store = await openSqliteTaskStore(cluster.store);
  const [running] = await store.listOpenActivities(scene.ownerOf(taskId) ?? '');
  if (running === undefined) throw new Error('nothing runs');
  await store.openActivity(running, 'dead', Date.now());
  await store.openActivity({ workflowId, runId: running.runId, activityId: '999' }, 'dead', Date.now());
  await store.openActivity({ workflowId, runId: '00000000-0000-4000-8000-000000000000', activityId: '1' }, 'dead', Date.now());

  const recovered = await recoverActivities(cluster.temporal, store, 'dead');

  expect(recovered).toBe(0);
  expect(await store.listOpenActivities('dead')).toEqual([]);
  expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'completed', suspectedTwice: { count: 0 } });
  await store.close();
});

test('a supervisor that is killed takes its worker along', async () => {
  const { report } = cluster.worker();
  const pid = typeof report === 'object' && report !== null && 'worker' in report ? Number(report.worker) : 0;
  expect(isAlive(pid)).toBe(true);

  cluster.worker().kill();

  await eventually('the worker is gone', async () => (isAlive(pid) ? undefined : true));
});

async function startSlowTask(): Promise<string> {
  await cluster.setFaults(OPENAI, [SLOW]);
  const { taskId } = await cluster.tasks.start({ prompt: 'talk', model: MODEL });
  await scene.attemptIs(taskId, 'submitted');
  return taskId;
}
