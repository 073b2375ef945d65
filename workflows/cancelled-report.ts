/** How a task that is cancelled tells whoever had it run what it has, and has cost: Temporal keeps no result of a cancelled workflow. */
import type { SignalDefinition } from '@temporalio/workflow';
import { defineSignal, getExternalWorkflowHandle } from '@temporalio/workflow';
import type { TaskResult } from './activity-interfaces.ts';
import type { TaskId } from './domain/ids.ts';
import { taskWorkflowId } from './domain/ids.ts';

/** To a contest: a contender was cancelled, and came to this. */
export const contenderCancelledSignal = defineSignal<[TaskResult]>('contenderCancelled');

/** To a task: an agent of it was cancelled, and came to this. */
export const agentCancelledSignal = defineSignal<[TaskResult]>('agentCancelled');

/** Tells it, in what fits into a signal; one that is gone (terminated by an operator) needs no telling. */
export async function reportCancelled(to: TaskId, signal: SignalDefinition<[TaskResult]>, result: TaskResult): Promise<void> {
  try {
    await getExternalWorkflowHandle(taskWorkflowId(to)).signal(signal, { ...result, attempts: [], diff: '' });
  } catch {
    // The signal's one failure is that no such workflow runs.
  }
}
