import type { SqliteDatabase } from './sqlite-database.ts';
import { textOf } from './sqlite-database.ts';
import type { TaskStore } from './task-store.ts';

/** What was said to tasks, by the senders' own ids. */
export function createMessages(database: SqliteDatabase): Pick<TaskStore, 'putMessage'> {
  return {
    putMessage: async (taskId, { requestId, item, run }) =>
      database.transaction(() => {
        database.run('INSERT INTO messages VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING', taskId, requestId, item, run);
        const select = 'SELECT item_id, run FROM messages WHERE task_id = ? AND request_id = ?';
        const row = database.get(select, taskId, requestId) ?? {};
        return { requestId, item: textOf(row, 'item_id'), run: textOf(row, 'run') };
      }),
  };
}
