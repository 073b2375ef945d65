/** The last steps of a task: its diff, its result, and the workspace given back. Runs whatever the end, also after a cancel. */
import { ActivityFailure, proxyActivities } from '@temporalio/workflow';
import type { CollectDiffResult, HostActivities, TaskActivities, TaskResult } from './activity-interfaces.ts';
import { CLOSE_WORKSPACE_ACTIVITY, COLLECT_DIFF_ACTIVITY, STORE_ACTIVITY } from './activity-options.ts';
import type { LoopState } from './agent-loop.ts';
import { TASKS_QUEUE } from './domain/task-queues.ts';
import { EMPTY_TRANSCRIPT } from './domain/transcript.ts';
import type { TaskEnding } from './domain/turn.ts';

export interface CloseTaskInput {
  readonly ending: TaskEnding;
  /** null: the task ended before its first turn. */
  readonly loop: LoopState | null;
  readonly workspaceQueue: string | null;
}

type Collected = CollectDiffResult & { readonly problem?: string };

const NO_DIFF: Collected = { diff: '' };

/** Gives the whole result. A diff that cannot be had fails a task that would have completed: its work would be lost unsaid. */
export async function closeTask({ ending, loop, workspaceQueue }: CloseTaskInput): Promise<TaskResult> {
  const { problem, ...collected } = workspaceQueue === null ? NO_DIFF : await collectDiff(workspaceQueue);
  const { finishTask } = proxyActivities<TaskActivities>({
    ...STORE_ACTIVITY,
    taskQueue: TASKS_QUEUE,
    summary: 'write the result',
  });
  const result = await finishTask({
    head: loop?.head ?? EMPTY_TRANSCRIPT,
    turns: loop?.turn ?? 0,
    ending: problem !== undefined && ending.kind === 'completed' ? { kind: 'failed', reason: problem } : ending,
  });
  if (workspaceQueue !== null && problem === undefined) await giveBack(workspaceQueue);
  return { ...result, ...collected };
}

async function collectDiff(taskQueue: string): Promise<Collected> {
  const host = proxyActivities<HostActivities>({ ...COLLECT_DIFF_ACTIVITY, taskQueue, summary: 'take the diff' });
  try {
    return await host.collectDiff();
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return { diff: '', problem: `the diff could not be taken: ${error.cause?.message ?? error.message}` };
  }
}

/** A workspace that stays behind costs disk, no more: it must not fail a task that has its result. */
async function giveBack(taskQueue: string): Promise<void> {
  const host = proxyActivities<HostActivities>({ ...CLOSE_WORKSPACE_ACTIVITY, taskQueue, summary: 'close the workspace' });
  try {
    await host.closeWorkspace();
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
  }
}
