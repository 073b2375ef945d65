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

function command(cmd: string, rest: object = {}) {
  return { toolCalls: [{ name: 'exec_command', input: { cmd, ...rest } }] };
}

const SCRIPT = [
  { when: { inputContains: 'once' }, turns: [command('echo made > made.txt'), { text: 'Done.' }] },
  {
    when: { inputContains: 'twice' },
    turns: [command('touch one.txt'), command('touch one.txt'), command('touch two.txt'), { text: 'Done.' }],
  },
  {
    when: { inputContains: 'leave' },
    turns: [
      command('id -u; echo out > "$OUTSIDE_FILE"', {
        sandbox_permissions: 'require_escalated',
        justification: 'May I write outside?',
      }),
      { text: 'Done.' },
    ],
  },
  { when: { inputContains: 'looks' }, turns: [command('ls && cat readme.txt'), { text: 'Seen.' }] },
];

let cluster: Cluster;
let workspace: string;
let temporal: readonly string[];

beforeAll(async () => {
  cluster = await startCluster({
    script: SCRIPT,
    tenants: { strict: { approvals: { mode: 'untrusted', allow: ['npm test'], expireMinutes: 0.02 } } },
  });
  workspace = layOutGitRepository(join(cluster.directory, 'repository'), { 'readme.txt': 'hello\n' });
  temporal = ['--temporal', cluster.address];
});
afterAll(() => cluster.stop());

function start(prompt: string, mode: 'never' | 'on-request' | 'untrusted' | 'always', rest: object = {}) {
  return cluster.tasks.start({ prompt, model: MODEL, workspace, approvals: { mode }, ...rest });
}

async function asked(taskId: string): Promise<TaskStatus> {
  return eventually('a call waits for approval', async () => {
    const status = await cluster.tasks.status(taskId);
    return status.approvals === undefined ? undefined : status;
  });
}

async function endingsOf(taskId: string) {
  const { events } = await cluster.tasks.status(taskId);
  return events.flatMap((event) => (event.kind === 'approval-ended' ? [event.answer] : []));
}

describe('a call that needs approval', () => {
  test('waits, says what it would do and how to let it run, and runs once it is approved', async () => {
    const { taskId } = await start('once', 'untrusted');
    const status = await asked(taskId);

    expect(status).toMatchObject({ state: 'waiting', approvals: [{ tool: 'exec_command', about: 'echo made > made.txt' }] });
    const [{ callId } = { callId: '' }] = status.approvals ?? [];
    expect(status.waitingFor?.command).toBe(`anyport tasks approve ${taskId} --call ${callId}`);
    expect(await cluster.tasks.approve(taskId, { by: 'ada' })).toEqual({ callId });
    expect(await cluster.tasks.approve(taskId, { callId, by: 'ada' })).toEqual({ callId });

    const result = await cluster.tasks.result(taskId);
    expect(result).toMatchObject({ state: 'completed' });
    expect(result.diff).toContain('+made');
    const decided = { tool: 'exec_command', turn: 1, callId, decision: 'approved', by: 'ada', atMs: expect.any(Number) };
    expect(result.approvals).toEqual([decided]);
    const { events } = await cluster.tasks.status(taskId);
    expect(events).toContainEqual(expect.objectContaining({ kind: 'approval-ended', answer: 'approved', by: 'ada' }));
  });

  test('is not run when it is denied, and the model is told why', async () => {
    const { taskId } = await start('once', 'always');
    await asked(taskId);
    const denied = await runAnyport(['tasks', 'deny', taskId, '--reason', 'not today', '--by', 'ada', ...temporal]);

    const result = await cluster.tasks.result(taskId);

    expect(denied.code).toBe(0);
    expect(result.diff).toBe('');
    expect(result.approvals).toMatchObject([{ decision: 'denied', by: 'ada' }]);
    const { events } = await cluster.tasks.status(taskId);
    const why = 'Not run: ada did not approve it. They say: not today';
    expect(events).toContainEqual(expect.objectContaining({ kind: 'tool-ended', outcome: 'refused', why }));
  });

  test('is denied when nobody answers before the tenant lets it expire', async () => {
    const { taskId } = await cluster.tasks.start({ prompt: 'once', model: MODEL, workspace, tenant: 'strict' });

    expect(await cluster.tasks.result(taskId)).toMatchObject({
      state: 'completed',
      diff: '',
      approvals: [{ decision: 'expired' }],
    });
    expect(await endingsOf(taskId)).toEqual(['expired']);
  });

  test('is judged anew when the mode changes while it waits', async () => {
    const { taskId } = await start('once', 'untrusted');
    await asked(taskId);
    const changed = await runAnyport(['tasks', 'approvals', taskId, '--mode', 'never', '--by', 'ada', ...temporal]);

    const result = await cluster.tasks.result(taskId);

    expect(changed.code).toBe(0);
    expect(result.diff).toContain('+made');
    expect(await endingsOf(taskId)).toEqual(['policy-changed']);
  });

  test('lets the like of it pass when that is remembered, and asks about anything else', async () => {
    const { taskId } = await start('twice', 'untrusted');
    await asked(taskId);
    const answer = await cluster.tasks.approve(taskId, { by: 'ada', remember: true });
    const second = await eventually('the third command waits', async () => {
      const { approvals: [pending] = [] } = await cluster.tasks.status(taskId);
      return pending?.about === 'touch two.txt' ? pending : undefined;
    });
    await cluster.tasks.approve(taskId, { by: 'ada', callId: second.callId });

    const remembered = 'commands that begin with "touch one.txt"';
    expect(answer.remembered).toBe(remembered);
    expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'completed', approvals: [{ remembered }, { turn: 3 }] });
    expect(await endingsOf(taskId)).toEqual(['approved', 'approved']);
  });

  test('is taken from "temporal workflow update execute", which is refused with words when it is no answer', async () => {
    const { taskId } = await start('once', 'untrusted');
    const { approvals: [pending] = [] } = await asked(taskId);

    await expect(update(taskId, 'approveToolCall', { callId: 'nothing', by: 'ada' })).rejects.toThrow(
      /nothing.{1,3} does not wait/,
    );
    await expect(update(taskId, 'approveToolCall', { callId: pending?.callId })).rejects.toThrow(/by says who decides/);
    await expect(update(taskId, 'approveToolCall', 'yes')).rejects.toThrow(/an answer is an object/);
    await update(taskId, 'approveToolCall', { callId: pending?.callId, by: 'ada' });

    expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'completed' });
  });

  test('waits on through the death of its worker', async () => {
    const { taskId } = await start('once', 'untrusted');
    await asked(taskId);
    const worker = cluster.worker();
    worker.kill();
    await worker.exited;
    await cluster.startWorker();

    await eventually('a worker takes the answer', async () =>
      cluster.tasks.approve(taskId, { by: 'ada' }).catch(() => undefined),
    );

    const result = await cluster.tasks.result(taskId);
    expect(result.diff.match(/^\+made$/gm)).toHaveLength(1);
  });

  test('goes with the task when that is cancelled', async () => {
    const { taskId } = await start('once', 'untrusted');
    await asked(taskId);
    await cluster.tasks.cancel(taskId);

    expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'cancelled', diff: '' });
    await expect(cluster.tasks.approve(taskId, { callId: 'x', by: 'ada' })).rejects.toMatchObject({ problem: 'already-ended' });
  });
});

describe('a command without the sandbox', () => {
  test('is asked about, and then runs as the worker', async () => {
    const { taskId } = await start('leave', 'on-request');
    const { approvals: [pending] = [] } = await asked(taskId);

    expect(pending).toMatchObject({
      reason: 'it would run without the sandbox',
      about: expect.stringContaining('May I write outside?'),
    });
    await cluster.tasks.approve(taskId, { by: 'ada' });
    expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'completed' });
  });

  test('is refused where nobody is asked', async () => {
    const { taskId } = await start('leave', 'never');

    await cluster.tasks.result(taskId);

    const { events } = await cluster.tasks.status(taskId);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'tool-ended', outcome: 'refused', why: expect.stringContaining('nobody can approve') }),
    );
  });
});

test('commands that only look are not asked about where others are', async () => {
  const { taskId } = await start('looks', 'untrusted');

  expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'completed', output: 'Seen.' });
  expect(await endingsOf(taskId)).toEqual([]);
});

test('a task that asks for less than its tenant fails with words, before its first turn', async () => {
  const { taskId } = await start('once', 'never', { tenant: 'strict' });

  expect(await cluster.tasks.result(taskId)).toMatchObject({
    state: 'failed',
    reason: expect.stringContaining(`approvals "never" asks for less than the tenant's "untrusted"`),
    turns: 0,
  });
});

async function update(taskId: string, name: string, input: unknown): Promise<void> {
  const binary = await findTemporalBinary();
  if (binary === undefined) throw new Error('there is no Temporal CLI here');
  const id = taskWorkflowId(toTaskId(taskId));
  const args = ['workflow', 'update', 'execute', '--address', cluster.address, '--workflow-id', id, '--name', name];
  await promisify(execFile)(binary.path, [...args, '--input', JSON.stringify(input)]).catch((error: unknown) => {
    const said = typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr) : String(error);
    throw new Error(said);
  });
}
