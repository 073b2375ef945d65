import type { StoreBatchLinesInput, StoreBatchLinesResult } from '../workflows/activity-interfaces.ts';
import { currentBatchId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import type { TaskStore } from './store/task-store.ts';

/** The activity `storeBatchLines`: one chunk of a batch's file. */
export function createStoreBatchLines({ store }: { readonly store: TaskStore }) {
  return async ({ lines }: StoreBatchLinesInput): Promise<StoreBatchLinesResult> => {
    const batchId = currentBatchId();
    try {
      await store.putBatchLines(batchId, lines);
      return { stored: lines.length };
    } catch (error) {
      throw toActivityFailure(error);
    }
  };
}
