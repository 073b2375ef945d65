import { ApplicationFailure, activityInfo } from '@temporalio/activity';
import { toActivityFailure } from './failures.ts';
import type { TaskStore } from './store/task-store.ts';

/** The activity `stopTask`: has whatever runs for the calling workflow stop at once, on whichever worker it runs. */
export function createStopTask({ store }: { readonly store: TaskStore }) {
  return async (): Promise<void> => {
    const { workflowExecution } = activityInfo();
    if (workflowExecution === undefined) throw ApplicationFailure.nonRetryable('called by no workflow', 'BrokenInvariant');
    try {
      await store.requestStop(workflowExecution);
    } catch (error) {
      throw toActivityFailure(error);
    }
  };
}
