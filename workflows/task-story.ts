/** A task's story as it is told to whoever asks: the `status` and `result` queries and the card of the Temporal UI. */
import { setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { TaskResult } from './activity-interfaces.ts';
import { advance } from './domain/task-progress.ts';
import type { TaskEventBody, TaskStatus } from './domain/task-status.ts';
import { resultQuery, statusQuery } from './messages.ts';
import { taskCard } from './task-card.ts';

export interface TaskStory {
  tell(event: TaskEventBody): void;
  status(): TaskStatus;
  /** The last thing told. */
  end(result: TaskResult): void;
}

/** Sets the query handlers; called before the first await, so that no query finds a task without them. */
export function openTaskStory(begin: TaskStatus): TaskStory {
  let status = begin;
  let result: TaskResult | null = null;
  setHandler(statusQuery, () => status);
  setHandler(resultQuery, () => result);

  function tell(event: TaskEventBody): void {
    status = advance(status, event, Date.now());
    setCurrentDetails(taskCard(status));
  }

  return {
    tell,
    status: () => status,
    end(ended) {
      result = ended;
      tell({ kind: 'task-ended', state: ended.state, ...(ended.reason === undefined ? {} : { reason: ended.reason }) });
    },
  };
}
