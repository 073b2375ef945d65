/** The last steps of a task: its diff, its result, and the workspace given back. Runs whatever the end, also after a cancel. */
import { ActivityFailure, proxyActivities } from '@temporalio/workflow';
import type { CollectDiffResult, FinishTaskInput, HostActivities, TaskActivities, TaskResult } from './activity-interfaces.ts';
import { CLOSE_WORKSPACE_ACTIVITY, COLLECT_DIFF_ACTIVITY, STORE_ACTIVITY } from './activity-options.ts';
import type { CheckReport } from './domain/task-check.ts';
import type { AgentSummary, ApprovalRecord } from './domain/task-result.ts';
import { TASKS_QUEUE } from './domain/task-queues.ts';
import type { ItemId } from './domain/transcript.ts';
import { EMPTY_TRANSCRIPT } from './domain/transcript.ts';
import type { TaskEnding } from './domain/turn.ts';
import type { LoopState } from './loop-state.ts';
import type { WorkspaceHost } from './workspace-host.ts';

export interface CloseTaskInput {
  readonly ending: TaskEnding;
  /** null: the task ended before its first turn. */
  readonly loop: LoopState | null;
  /** Messages that nobody has read. */
  readonly unread: readonly ItemId[];
  /** null: it has no workspace. */
  readonly host: WorkspaceHost | null;
  /** Asked only about the whole work of a task that has completed; `undefined`: there is nothing to check it by. */
  check(host: WorkspaceHost): Promise<CheckReport> | undefined;
  readonly agents: readonly AgentSummary[];
  readonly approvals: readonly ApprovalRecord[];
}

type Collected = CollectDiffResult & Pick<TaskResult, 'check'> & { readonly problem?: string };

const NO_DIFF: Collected = { diff: '' };

/** Gives the whole result. A diff that cannot be had fails a task that would have completed: its work would be lost unsaid. */
export async function closeTask(input: CloseTaskInput): Promise<TaskResult> {
  const { ending, host } = input;
  const { problem, ...work } = host === null ? NO_DIFF : await collectWork(host, input);
  const { finishTask } = proxyActivities<TaskActivities>({
    ...STORE_ACTIVITY,
    taskQueue: TASKS_QUEUE,
    summary: 'write the result',
  });
  const result = await finishTask({
    ...standingOf(input),
    ending: problem !== undefined && ending.kind === 'completed' ? { kind: 'failed', reason: problem } : ending,
  });
  if (host !== null && problem === undefined) await giveBack(host);
  return { ...result, ...work, ...toldOf(input) };
}

/** Where a message may have it go on. */
function standingOf({ loop, unread }: CloseTaskInput): Omit<FinishTaskInput, 'ending'> {
  const { head = EMPTY_TRANSCRIPT, results = [], turn: turns = 0 } = loop ?? {};
  return { head, turns, ...(results.length === 0 ? {} : { results }), ...(unread.length === 0 ? {} : { unread }) };
}

/** The diff first: what a check does to the files is no work of the task. */
async function collectWork(host: WorkspaceHost, { ending, check }: CloseTaskInput): Promise<Collected> {
  const collected = await collectDiff(host);
  if (ending.kind !== 'completed' || collected.problem !== undefined) return collected;
  const report = await check(host);
  return report === undefined ? collected : { ...collected, check: report };
}

function toldOf({ agents, approvals }: Pick<CloseTaskInput, 'agents' | 'approvals'>): Pick<TaskResult, 'agents' | 'approvals'> {
  return { ...(agents.length === 0 ? {} : { agents }), ...(approvals.length === 0 ? {} : { approvals }) };
}

async function collectDiff(host: WorkspaceHost): Promise<Collected> {
  const options = { ...COLLECT_DIFF_ACTIVITY, summary: 'take the diff' };
  try {
    return await host.run(options, (activities) => activities.collectDiff());
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return { diff: '', problem: `the diff could not be taken: ${error.cause?.message ?? error.message}` };
  }
}

/** A workspace that stays behind costs disk, no more: it must not fail a task that has its result. */
export async function giveBack(host: Pick<WorkspaceHost, 'queue'>): Promise<void> {
  const options = { ...CLOSE_WORKSPACE_ACTIVITY, taskQueue: host.queue(), summary: 'close the workspace' };
  try {
    // Not by `host.run`: a host that is gone has nothing to give back.
    await proxyActivities<HostActivities>(options).closeWorkspace();
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
  }
}
