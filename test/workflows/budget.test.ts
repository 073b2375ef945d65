import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findTemporalBinary } from '../../scripts/temporal-binary.mjs';
import { taskWorkflowId, toTaskId } from '../../workflows/domain/ids.ts';
import type { TaskStatus } from '../../workflows/domain/task-status.ts';
import { runAnyport } from '../cli/support/run-anyport.ts';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';

const LOOK = { toolCalls: [{ name: 'list_files', input: {} }] };
/** A run of 2,000 events ends and goes on in a new one; a turn with a tool call takes about 12. */
const LONG = 190;
const SCRIPT = [
  { when: { inputContains: 'look' }, turns: [LOOK, LOOK, LOOK, { text: 'Seen.' }] },
  { when: { inputContains: 'long' }, turns: [...Array.from({ length: LONG }, () => LOOK), { text: 'At last.' }] },
];

let cluster: Cluster;
let workspace: string;
let temporal: readonly string[];

beforeAll(async () => {
  cluster = await startCluster({
    script: SCRIPT,
    tenants: { thrifty: { budget: { turns: 1, toolCalls: 50 } } },
  });
  workspace = layOutGitRepository(join(cluster.directory, 'repository'), { 'readme.txt': 'hello\n' });
  temporal = ['--temporal', cluster.address];
});
afterAll(() => cluster.stop());

describe('a task that has used up its budget', () => {
  test('waits, says which and how to go on, and does when the client raises it', async () => {
    const { taskId } = await cluster.tasks.start({ prompt: 'look', model: MODEL, workspace, budget: { turns: 2 } });
    const paused = await waiting(taskId);

    expect(paused).toMatchObject({ state: 'waiting', turn: 3, budget: { turns: 2 } });
    expect(paused.waitingFor).toEqual({
      reason: 'the budget of turns is used up: 2 of 2 spent; the next step may take 1',
      command: `anyport tasks raise-budget ${taskId} --turns 4`,
    });
    expect(await callsOf(taskId)).toBe(2);
    await expect(cluster.tasks.raiseBudget(taskId, { turns: 1 })).rejects.toMatchObject({
      problem: 'refused',
      message: expect.stringContaining('turns is 2 now, and a budget only goes up'),
    });
    expect(await cluster.tasks.raiseBudget(taskId, { turns: 4 }, { requestId: 'once' })).toEqual({ turns: 4 });
    expect(await cluster.tasks.raiseBudget(taskId, { turns: 4 }, { requestId: 'once' })).toEqual({ turns: 4 });

    expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'completed', output: 'Seen.', turns: 4 });
    const { events } = await cluster.tasks.status(taskId);
    expect(events.filter(({ kind }) => kind === 'budget-raised')).toHaveLength(1);
    await expect(cluster.tasks.raiseBudget(taskId, { turns: 9 })).rejects.toMatchObject({ problem: 'already-ended' });
  });

  test('takes a raise by "temporal workflow update execute", and refuses one that is none', async () => {
    const { taskId } = await cluster.tasks.start({ prompt: 'look', model: MODEL, workspace, budget: { costUsd: 0.001 } });
    await waiting(taskId);

    await expect(raiseByTemporal(taskId, { costUsd: 'all' })).rejects.toThrow(/costUsd is a number from 0.001/);
    await raiseByTemporal(taskId, { costUsd: 5 });

    const result = await cluster.tasks.result(taskId);
    expect(result).toMatchObject({ state: 'completed', turns: 4 });
    expect(result.paid.usdMicros).toBeGreaterThan(0);
  });

  test('is told on the command line, by show and by run, and goes on by the command that they print', async () => {
    const run = runAnyport([
      'run',
      'look',
      '--workspace',
      workspace,
      '--budget-tool-calls',
      '1',
      '--task-id',
      'frugal',
      ...temporal,
    ]);
    await waiting('frugal');

    const shown = await runAnyport(['tasks', 'show', 'frugal', ...temporal]);

    const command = 'anyport tasks raise-budget frugal --tool-calls 3';
    expect(shown.stdout).toContain(`let it go on: ${command}`);
    const lowered = await runAnyport(['tasks', 'raise-budget', 'frugal', '--usd', '3', ...temporal]);
    expect([lowered.code, lowered.stderr]).toEqual([1, expect.stringContaining('costUsd is not limited')]);
    const raised = await runAnyport(['tasks', 'raise-budget', 'frugal', '--tool-calls', '9', ...temporal]);
    expect([raised.code, raised.stdout]).toEqual([0, 'task frugal may use up 9 tool calls\n']);
    const { code, stdout } = await run;
    expect(code).toBe(0);
    expect(stdout).toContain('paused: the budget of tool calls is used up: 1 of 1 spent');
    expect(stdout).toContain(command);
    expect(stdout).toContain('budget   raised: 9 tool calls');
  });

  test('has its tenant’s budget where it names none', async () => {
    const { taskId } = await cluster.tasks.start({
      prompt: 'look',
      model: MODEL,
      workspace,
      tenant: 'thrifty',
      budget: { turns: 3 },
    });

    expect(await waiting(taskId)).toMatchObject({ turn: 4, budget: { turns: 3, toolCalls: 50 } });
    await cluster.tasks.cancel(taskId);
    await cluster.tasks.result(taskId);
  });

  test('can be cancelled, and keeps what it has', async () => {
    const { taskId } = await cluster.tasks.start({ prompt: 'look', model: MODEL, workspace, budget: { turns: 1 } });
    await waiting(taskId);

    await cluster.tasks.cancel(taskId);

    expect(await cluster.tasks.result(taskId)).toMatchObject({
      state: 'cancelled',
      turns: 1,
      attempts: [{ outcome: 'completed' }],
    });
  });

  test('remembers over a continue-as-new what it has spent and how it was raised', async () => {
    const budget = { toolCalls: 1, tokens: 1_000_000_000 };
    const { taskId } = await cluster.tasks.start({ prompt: 'long', model: MODEL, workspace, budget });
    const handle = cluster.temporal.workflow.getHandle(taskWorkflowId(toTaskId(taskId)));
    const { runId } = await handle.describe();
    await waiting(taskId);
    await cluster.tasks.raiseBudget(taskId, { toolCalls: LONG - 1 });
    const raised = await eventually('it goes on', async () => {
      const status = await cluster.tasks.status(taskId);
      return status.state === 'waiting' ? undefined : status;
    });
    expect(raised.budget).toEqual({ ...budget, toolCalls: LONG - 1 });

    const paused = await waiting(taskId);

    expect((await handle.describe()).runId).not.toBe(runId);
    expect(paused).toMatchObject({ turn: LONG, toolCalls: LONG - 1, budget: { toolCalls: LONG - 1 } });
    expect(paused.waitingFor?.reason).toContain(`${LONG - 1} of ${LONG - 1} spent`);
    await cluster.tasks.raiseBudget(taskId, { toolCalls: 500 });
    expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'completed', output: 'At last.', turns: LONG + 1 });
  });

  test('waits on when its worker is killed, and costs nothing twice', async () => {
    const { taskId } = await cluster.tasks.start({ prompt: 'look', model: MODEL, workspace, budget: { turns: 2 } });
    await waiting(taskId);
    const worker = cluster.worker();
    worker.kill();
    await worker.exited;
    await cluster.startWorker();

    expect(await waiting(taskId)).toMatchObject({ turn: 3, waitingFor: { command: expect.stringContaining('--turns 4') } });
    await cluster.tasks.raiseBudget(taskId, { turns: 10 });

    expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'completed', turns: 4, suspectedTwice: { count: 0 } });
    expect(await callsOf(taskId)).toBe(4);
  });
});

/** Until it waits for a raise. */
function waiting(taskId: string): Promise<TaskStatus> {
  return eventually('the task waits for a larger budget', async () => {
    const status = await cluster.tasks.status(taskId).catch(() => undefined);
    return status?.waitingFor?.command === undefined ? undefined : status;
  });
}

async function callsOf(taskId: string): Promise<number> {
  const requests = await cluster.ledger('azure-eastus2');
  return requests.filter(({ method, metadata }) => method === 'POST' && metadata?.['task'] === taskId).length;
}

async function raiseByTemporal(taskId: string, raise: object): Promise<void> {
  const binary = (await findTemporalBinary())?.path ?? 'temporal';
  const update = ['workflow', 'update', 'execute', '--workflow-id', taskWorkflowId(toTaskId(taskId)), '--name', 'raiseBudget'];
  // Not in step: the worker's way to Temporal leads through this process.
  await promisify(execFile)(binary, [...update, '--input', JSON.stringify(raise), '--address', cluster.address]);
}
