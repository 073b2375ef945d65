/** What is stored whole under one key: settings, workspaces, the lines of batches. */
import type { TaskRequest } from '../../workflows/activity-interfaces.ts';
import type { TaskId } from '../../workflows/domain/ids.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import { textOf } from './sqlite-database.ts';
import type { TaskSettings, TaskStore, WorkspaceRecord } from './task-store.ts';
import { TaskStoreError } from './task-store.ts';

type Records = Pick<
  TaskStore,
  'putSettings' | 'getSettings' | 'putWorkspace' | 'getWorkspace' | 'claimWorkspace' | 'putBatchLines' | 'getBatchLine'
>;

export function createRecords(database: SqliteDatabase): Records {
  return {
    putSettings: async (taskId, settings) => put(database, 'task_settings', { taskId, value: settings }),
    getSettings: async (taskId) => {
      const settings = get(database, 'task_settings', taskId);
      if (settings !== undefined) return settings as TaskSettings; // written by `putSettings` alone
      throw new TaskStoreError(`the task store ${database.file} has no settings of task ${taskId}: it was never opened`);
    },
    putWorkspace: async (taskId, workspace) => put(database, 'workspaces', { taskId, value: workspace }),
    getWorkspace: async (taskId) => getWorkspace(database, taskId),
    claimWorkspace: async (taskId, from, workspace) =>
      database.transaction(() => {
        const there = getWorkspace(database, taskId);
        if ((there?.hostId ?? null) !== from) return there ?? workspaceGone(database, taskId);
        put(database, 'workspaces', { taskId, value: workspace });
        return workspace;
      }),
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

function getWorkspace(database: SqliteDatabase, taskId: TaskId): WorkspaceRecord | undefined {
  return get(database, 'workspaces', taskId) as WorkspaceRecord | undefined; // written by this file alone
}

function workspaceGone(database: SqliteDatabase, taskId: TaskId): never {
  throw new TaskStoreError(`the task store ${database.file} has no workspace of task ${taskId}: it was never opened`);
}

/** Both have one JSON value a task. */
type Table = 'task_settings' | 'workspaces';

function put(database: SqliteDatabase, table: Table, { taskId, value }: { taskId: TaskId; value: object }): void {
  const insert = `INSERT INTO ${table} VALUES (?, ?) ON CONFLICT DO UPDATE SET json = excluded.json`;
  database.run(insert, taskId, JSON.stringify(value));
}

function get(database: SqliteDatabase, table: Table, taskId: TaskId): unknown {
  const row = database.get(`SELECT json FROM ${table} WHERE task_id = ?`, taskId);
  return row === undefined ? undefined : JSON.parse(textOf(row, 'json'));
}
