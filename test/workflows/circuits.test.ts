/** Two worker processes that know together which cloud is down. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TaskResult } from '../../workflows/activity-interfaces.ts';
import type { Circuit } from '../../workflows/domain/circuit.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';

const TASKS = 15;
const ONE_BY_ONE = 6;
const WORKERS = 2;
/** Circuits that opened again during the outage need their longer pause to end. */
const TIMEOUT_MS = 120_000;
/** Failures in a row after which a worker opens a circuit. */
const IN_A_ROW = 3;
const FIRST = 'azure-eastus2';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ script: [{ when: { inputContains: 'plain' }, turns: [{ text: 'Plainly.' }] }] });
  await cluster.startWorker();
});
afterAll(() => cluster.stop());

test('a storm of rate limits slows down and opens no circuit', async () => {
  await cluster.setFaults(FIRST, [{ kind: 'status', status: 429, headers: { 'retry-after': '1' }, count: TASKS }]);

  const results = await runTasks(TASKS);

  expect(results.map(({ state }) => state)).toEqual(Array.from({ length: TASKS }, () => 'completed'));
  expect(await postsTo(FIRST)).toBeGreaterThan(0);
  // A throttle is known to all workers; it may be over by now.
  expect(readCircuits()).not.toEqual([]);
  expect(readCircuits().filter(({ state }) => state.kind !== 'closed')).toEqual([]);
  await cluster.clearFaults(FIRST);
});

test('a cloud that asks for the same short pause again and again is waited out once, and then left', async () => {
  await eventually('the first cloud is no longer throttled', async () => ((await isServed()) ? true : undefined));
  await cluster.setFaults(FIRST, [{ kind: 'status', status: 429, headers: { 'retry-after': '2' } }]);
  const before = await postsTo(FIRST);

  const results: TaskResult[] = [];
  while (results.length < ONE_BY_ONE) results.push(...(await runTasks(1)));
  const asked = (await postsTo(FIRST)) - before;
  await cluster.clearFaults(FIRST);

  expect(new Set(results.map(({ state }) => state))).toEqual(new Set(['completed']));
  // The first is throttled twice; each of the others finds out at most once whether the longer pause has helped.
  expect(asked).toBeLessThanOrEqual(ONE_BY_ONE + 1);
  const stories = await Promise.all(results.map(({ taskId }) => cluster.tasks.status(toTaskId(taskId))));
  expect(stories.flatMap(({ events }) => events.filter(({ kind }) => kind === 'waiting'))).toHaveLength(1);
});

test(
  'a cloud that cuts every answer costs three generations of each worker until nobody asks it any more',
  { timeout: TIMEOUT_MS },
  async () => {
    await eventually('the first cloud is no longer throttled', async () => ((await isServed()) ? true : undefined));
    await cluster.setFaults(FIRST, [{ kind: 'stream-cut', at: 'after-output' }]);
    const before = await postsTo(FIRST);

    const results: TaskResult[] = [];
    while (results.length < TASKS) results.push(...(await runTasks(1)));
    const asked = (await postsTo(FIRST)) - before;
    await cluster.clearFaults(FIRST);

    expect(new Set(results.map(({ state }) => state))).toEqual(new Set(['completed']));
    const openings = Math.max(...readCircuits().map(({ state }) => (state.kind === 'closed' ? 0 : state.openings)));
    expect(openings).toBeGreaterThan(0);
    // What one worker found out may be half a second old for the other, which counts to three itself.
    expect(asked).toBeLessThanOrEqual(WORKERS * IN_A_ROW + openings - 1);
    await eventually('all circuits are closed', async () => {
      await isServed();
      return readCircuits().every(({ state }) => state.kind === 'closed') ? true : undefined;
    });
  },
);

test(
  'a cloud that is down is asked a few times by all tasks together, then by probes alone, and serves again when it is back',
  { timeout: TIMEOUT_MS },
  async () => {
    await eventually('the first cloud is no longer throttled', async () => ((await isServed()) ? true : undefined));
    await cluster.setFaults(FIRST, [{ kind: 'outage' }]);
    const before = await postsTo(FIRST);

    const results: TaskResult[] = [];
    while (results.length < TASKS) results.push(...(await runTasks(WORKERS)));

    expect(new Set(results.map(({ state }) => state))).toEqual(new Set(['completed']));
    const openings = Math.max(...readCircuits().map(({ state }) => (state.kind === 'closed' ? 0 : state.openings)));
    expect(openings).toBeGreaterThan(0);
    // Each worker needs its own three, may have one more under way, and every further opening is one probe's.
    expect((await postsTo(FIRST)) - before).toBeLessThanOrEqual(WORKERS * (IN_A_ROW + 1) + openings - 1);

    await cluster.clearFaults(FIRST);
    await eventually('all circuits are closed', async () => {
      await isServed();
      return readCircuits().every(({ state }) => state.kind === 'closed') ? true : undefined;
    });
    expect(await isServed()).toBe(true);
  },
);

/** Starts tasks at once, and waits for all. */
async function runTasks(count: number): Promise<readonly TaskResult[]> {
  const started = await Promise.all(Array.from({ length: count }, () => cluster.tasks.start({ prompt: 'plain', model: MODEL })));
  return Promise.all(started.map(({ taskId }) => cluster.tasks.result(taskId)));
}

/** Whether the preferred cloud serves a task now. */
async function isServed(): Promise<boolean> {
  const [result] = await runTasks(1);
  return result?.attempts[0]?.endpoint === FIRST && result.attempts[0].outcome === 'completed';
}

async function postsTo(endpoint: typeof FIRST): Promise<number> {
  const requests = await cluster.ledger(endpoint);
  return requests.filter(({ method }) => method === 'POST').length;
}

/** As the workers left them in their store. */
function readCircuits(): readonly Circuit[] {
  const database = new DatabaseSync(join(cluster.directory, 'data', 'anyport.db'), { readOnly: true });
  const rows = database.prepare('SELECT json FROM shared_records').all();
  database.close();
  return rows.map(({ json }) => JSON.parse(String(json)) as Circuit | object).filter((value) => 'state' in value); // budgets have none
}
