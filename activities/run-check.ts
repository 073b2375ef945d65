/**
 * Whether a task's work is good, by a command of whoever asked for it. It sees the files of the last checkpoint and what is ignored beside
 * them, such as installed packages; what it changes is undone.
 */
import type { RunCheckInput } from '../workflows/activity-interfaces.ts';
import type { TaskId } from '../workflows/domain/ids.ts';
import type { CheckReport } from '../workflows/domain/task-check.ts';
import { notRun } from '../workflows/domain/task-check.ts';
import { toPrintable } from '../workflows/domain/tool-call.ts';
import { activitySignal, cancelConfirmed, isTaskCancelled } from './activity-signal.ts';
import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { OwnWorkspaceDependencies } from './own-workspace.ts';
import { ownWorkspace } from './own-workspace.ts';
import type { CommandResult } from './sandbox/sandbox.ts';
import type { TaskSandboxes } from './sandbox/task-sandboxes.ts';
import { createQueues } from './workspace/one-by-one.ts';
import { shellArgv } from './tools/shell-argv.ts';
import { cutMiddle } from './tools/truncate-output.ts';

export interface RunCheckDependencies extends OwnWorkspaceDependencies {
  readonly sandboxOf: TaskSandboxes;
}

/** About 200 KB: the failures of a large test suite, and little beside the packs of its files. */
const KEPT_TOKENS = 50_000;
const EXCERPT_CHARACTERS = 120;

/** The activity `runCheck`; a repeated call runs it again, on the same files. */
export function createRunCheck(dependencies: RunCheckDependencies) {
  // One that Temporal has given up, after it was away, may still be ending here: both would put back the same files.
  const inTurn = createQueues();
  return (input: RunCheckInput): Promise<CheckReport> =>
    withHeartbeat(async () => {
      try {
        const taskId = currentTaskId();
        return await inTurn(taskId, () => runCheck(dependencies, taskId, input));
      } catch (error) {
        throw toActivityFailure(error);
      }
    });
}

async function runCheck(
  dependencies: RunCheckDependencies,
  taskId: TaskId,
  { command, timeoutMs }: RunCheckInput,
): Promise<CheckReport> {
  const { keeper, sandboxOf } = dependencies;
  const workspace = await ownWorkspace(dependencies, taskId);
  if (workspace === undefined) return notRun('the task has no workspace');
  const shell = shellArgv(command, {});
  if (shell.kind === 'refused') return notRun(shell.reason);
  const { directory } = workspace;
  const signal = activitySignal();
  // A worker that died in the middle of it left what it had changed.
  await keeper.restore(taskId, workspace);
  try {
    const place = { workspace: directory, workingDirectory: directory };
    const result = await sandboxOf(workspace).run({ argv: shell.argv, ...place, timeoutMs, signal });
    if (isTaskCancelled()) await cancelConfirmed();
    signal.throwIfAborted();
    return await report(dependencies, taskId, result);
  } finally {
    // The task may go on after its end, in the same folder.
    await keeper.restore(taskId, workspace);
  }
}

async function report(
  { store }: RunCheckDependencies,
  taskId: TaskId,
  { output, wallTimeMs, end }: CommandResult,
): Promise<CheckReport> {
  const excerpt = toPrintable(output.trimEnd().split('\n').at(-1) ?? '', EXCERPT_CHARACTERS);
  const told = { ...judge(end), wallTimeMs, ...(excerpt === '' ? {} : { excerpt }) };
  if (output === '') return told;
  const outcome = told.outcome === 'passed' ? 'ok' : 'failed';
  const kept = cutMiddle(output, KEPT_TOKENS).toWellFormed();
  const [item] = await store.putItems(taskId, [{ kind: 'tool-result', callId: 'check', outcome, output: kept }]);
  return { ...told, ...(item === undefined ? {} : { output: item }) };
}

function judge(end: CommandResult['end']): Pick<CheckReport, 'outcome' | 'exitCode' | 'reason'> {
  switch (end.kind) {
    case 'exited':
      return { outcome: end.code === 0 ? 'passed' : 'failed', exitCode: end.code };
    case 'killed':
      return { outcome: 'failed', reason: `killed by ${end.signal}` };
    case 'timed-out':
      return { outcome: 'timed-out' };
    case 'cancelled':
      return { outcome: 'not-run', reason: 'it was stopped' };
  }
}
