/** What all workers know together: records under a key, changed by compare-and-set. */
import type { SqliteDatabase } from './sqlite-database.ts';
import { numberOf, textOf } from './sqlite-database.ts';
import type { TaskStore } from './task-store.ts';

export function createSharedRecords(database: SqliteDatabase): Pick<TaskStore, 'readShared' | 'compareAndSetShared'> {
  return {
    readShared: async (keys) => {
      const select = 'SELECT * FROM shared_records WHERE key IN (SELECT value FROM json_each(?))';
      return database.all(select, JSON.stringify(keys)).map((row) => ({
        key: textOf(row, 'key'),
        epoch: numberOf(row, 'epoch'),
        value: JSON.parse(textOf(row, 'json')) as unknown,
      }));
    },
    compareAndSetShared: async (key, epoch, value) => {
      const json = JSON.stringify(value);
      const changed =
        epoch === 0
          ? database.run('INSERT INTO shared_records VALUES (?, 1, ?) ON CONFLICT DO NOTHING', key, json)
          : database.run('UPDATE shared_records SET epoch = epoch + 1, json = ? WHERE key = ? AND epoch = ?', json, key, epoch);
      return changed === 1;
    },
  };
}
