/** How a contender that is cancelled tells its contest what it has, and has cost: Temporal keeps no result of a cancelled workflow. */
import { defineSignal, getExternalWorkflowHandle } from '@temporalio/workflow';
import type { TaskResult } from './activity-interfaces.ts';
import type { TaskId } from './domain/ids.ts';
import { taskWorkflowId } from './domain/ids.ts';

/** A contender was cancelled, and came to this. */
export const contenderCancelledSignal = defineSignal<[TaskResult]>('contenderCancelled');

/** Tells the contest, in what fits into a signal; one that is gone (terminated by an operator) needs no telling. */
export async function reportToContest(contest: TaskId, result: TaskResult): Promise<void> {
  try {
    const told = { ...result, attempts: [], diff: '' };
    await getExternalWorkflowHandle(taskWorkflowId(contest)).signal(contenderCancelledSignal, told);
  } catch {
    // The signal's one failure is that no such workflow runs.
  }
}
