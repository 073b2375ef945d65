import type { TaskId } from '../../workflows/domain/ids.ts';
import type { Row, SqliteDatabase } from './sqlite-database.ts';
import { numberOf, textOf } from './sqlite-database.ts';
import type { CheckpointRecord, TaskStore, WorkspaceRecord } from './task-store.ts';
import { TaskStoreError } from './task-store.ts';

type Checkpoints = Pick<TaskStore, 'putCheckpoint' | 'listCheckpoints' | 'readBundle' | 'moveWorkspace'>;

/** Files of tasks, step by step. */
export function createCheckpoints(database: SqliteDatabase): Checkpoints {
  return {
    putCheckpoint: async (taskId, checkpoint, { bundle, hostId }) =>
      database.transaction(() => {
        if (hostOf(database, taskId) !== hostId) return false;
        const { sequence, commit, ...rest } = checkpoint;
        const insert = 'INSERT INTO checkpoints VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING';
        return database.run(insert, taskId, sequence, commit, JSON.stringify(rest), bundle) === 1;
      }),
    listCheckpoints: async (taskId) =>
      database
        .all('SELECT sequence, commit_id, json FROM checkpoints WHERE task_id = ? ORDER BY sequence', taskId)
        .map(toCheckpoint),
    readBundle: async (taskId, sequence) => {
      const row = database.get('SELECT bundle FROM checkpoints WHERE task_id = ? AND sequence = ?', taskId, sequence);
      const bundle = row?.['bundle'];
      if (bundle instanceof Uint8Array) return bundle;
      throw new TaskStoreError(`the task store ${database.file} has no checkpoint ${sequence} of task ${taskId}`);
    },
    moveWorkspace: async (taskId, from, workspace) =>
      database.transaction(() => {
        if (hostOf(database, taskId) !== from) return false;
        database.run('UPDATE workspaces SET json = ? WHERE task_id = ?', JSON.stringify(workspace), taskId);
        return true;
      }),
  };
}

function hostOf(database: SqliteDatabase, taskId: TaskId): string | undefined {
  const row = database.get('SELECT json FROM workspaces WHERE task_id = ?', taskId);
  return row === undefined ? undefined : (JSON.parse(textOf(row, 'json')) as WorkspaceRecord).hostId; // by `putWorkspace` alone
}

function toCheckpoint(row: Row): CheckpointRecord {
  const rest = JSON.parse(textOf(row, 'json')) as Omit<CheckpointRecord, 'sequence' | 'commit'>; // by `putCheckpoint` alone
  return { sequence: numberOf(row, 'sequence'), commit: textOf(row, 'commit_id'), ...rest };
}
