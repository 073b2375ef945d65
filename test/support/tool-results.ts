import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import type { ToolResult } from '../../workflows/domain/transcript.ts';

/** What the calls of a task came to, in the order in which they were begun, as the model is told. */
export async function toolResultsOf(storeFile: string, taskId: string): Promise<readonly ToolResult[]> {
  const store = await openSqliteTaskStore(storeFile);
  try {
    const task = toTaskId(taskId);
    const calls = await store.listToolCalls(task);
    const items = await Promise.all(
      calls.flatMap(({ result }) => (result === undefined ? [] : [store.getItem(task, result.item)])),
    );
    return items.flatMap((item) => (item.kind === 'tool-result' ? [item] : []));
  } finally {
    await store.close();
  }
}
