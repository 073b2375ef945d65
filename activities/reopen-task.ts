import { ApplicationFailure } from '@temporalio/activity';
import type { ReopenTaskResult } from '../workflows/activity-interfaces.ts';
import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import type { TaskStore } from './store/task-store.ts';

/** The activity `reopenTask`: what a task was asked and how far it came, for the run that goes on after its end. */
export function createReopenTask({ store }: { readonly store: TaskStore }) {
  return async (): Promise<ReopenTaskResult> => {
    const taskId = currentTaskId();
    try {
      const { request, ended } = await store.getSettings(taskId);
      if (request === undefined || ended === undefined) throw nothingKept();
      return { request, ...ended };
    } catch (error) {
      throw toActivityFailure(error);
    }
  };
}

/** Tasks of before messages were, and those that failed before their first turn. */
function nothingKept(): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    'the task cannot go on: it ended before its first turn, or with a version of Anyport that kept nothing for it; start a new one',
    'TaskNotReopened',
  );
}
