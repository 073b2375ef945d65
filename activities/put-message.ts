import { ApplicationFailure } from '@temporalio/activity';
import type { PutMessageInput, PutMessageResult } from '../workflows/activity-interfaces.ts';
import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import type { TaskStore } from './store/task-store.ts';

/** The activity `putMessage`: what was said to a task becomes an item; under one request id there is one message, whatever run it came to. */
export function createPutMessage({ store }: { readonly store: TaskStore }) {
  return async ({ requestId, text, run }: PutMessageInput): Promise<PutMessageResult> => {
    const taskId = currentTaskId();
    try {
      const [item] = await store.putItems(taskId, [{ kind: 'user-message', text }]);
      if (item === undefined) throw ApplicationFailure.nonRetryable('the store gave no id for an item', 'BrokenInvariant');
      const message = await store.putMessage(taskId, { requestId, item, run });
      return message.run === run ? { item: message.item } : {};
    } catch (error) {
      throw toActivityFailure(error);
    }
  };
}
