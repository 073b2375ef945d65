import type { ReadBatchLineInput, TaskRequest } from '../workflows/activity-interfaces.ts';
import { toActivityFailure } from './failures.ts';
import type { TaskStore } from './store/task-store.ts';

/** The activity `readBatchLine`: a task of a batch fetches its own request, so that it is in no one's history but its own. */
export function createReadBatchLine({ store }: { readonly store: TaskStore }) {
  return async ({ batchId, line }: ReadBatchLineInput): Promise<TaskRequest> => {
    try {
      return await store.getBatchLine(batchId, line);
    } catch (error) {
      throw toActivityFailure(error);
    }
  };
}
