/** What is stored whole under one key: settings, workspaces, the lines of batches. */
import type { TaskRequest } from '../../workflows/activity-interfaces.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import { textOf } from './sqlite-database.ts';
import type { TaskSettings, TaskStore, WorkspaceRecord } from './task-store.ts';
import { TaskStoreError } from './task-store.ts';

type Records = Pick<
  TaskStore,
  'putSettings' | 'getSettings' | 'putWorkspace' | 'getWorkspace' | 'putBatchLines' | 'getBatchLine'
>;

export function createRecords(database: SqliteDatabase): Records {
  return {
    putSettings: async (taskId, settings) => {
      const insert = 'INSERT INTO task_settings VALUES (?, ?) ON CONFLICT DO UPDATE SET json = excluded.json';
      database.run(insert, taskId, JSON.stringify(settings));
    },
    getSettings: async (taskId) => {
      const row = database.get('SELECT json FROM task_settings WHERE task_id = ?', taskId);
      if (row === undefined)
        throw new TaskStoreError(`the task store ${database.file} has no settings of task ${taskId}: it was never opened`);
      return JSON.parse(textOf(row, 'json')) as TaskSettings; // written by `putSettings` alone
    },
    putWorkspace: async (taskId, workspace) => {
      const insert = 'INSERT INTO workspaces VALUES (?, ?) ON CONFLICT DO UPDATE SET json = excluded.json';
      database.run(insert, taskId, JSON.stringify(workspace));
    },
    getWorkspace: async (taskId) => {
      const row = database.get('SELECT json FROM workspaces WHERE task_id = ?', taskId);
      return row === undefined ? undefined : (JSON.parse(textOf(row, 'json')) as WorkspaceRecord); // written by `putWorkspace` alone
    },
    putBatchLines: async (batchId, lines) =>
      database.transaction(() => {
        const insert = 'INSERT INTO batch_lines VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET json = excluded.json';
        for (const { line, request } of lines) database.run(insert, batchId, line, JSON.stringify(request));
      }),
    getBatchLine: async (batchId, line) => {
      const row = database.get('SELECT json FROM batch_lines WHERE batch_id = ? AND line = ?', batchId, line);
      if (row === undefined) throw new TaskStoreError(`the task store ${database.file} has no line ${line} of batch ${batchId}`);
      return JSON.parse(textOf(row, 'json')) as TaskRequest; // written by `putBatchLines` alone
    },
  };
}
