/** Checkpoints of workspaces, and the packs of git objects that they are made of. */
import type { SQLInputValue } from 'node:sqlite';
import type { CheckpointRecord } from '../../workflows/domain/checkpoint.ts';
import type { TaskId } from '../../workflows/domain/ids.ts';
import type { Row, SqliteDatabase } from './sqlite-database.ts';
import { textOf } from './sqlite-database.ts';
import type { TaskStore, WhichCheckpoint, WorkspaceRecord } from './task-store.ts';

type Checkpoints = Pick<TaskStore, 'putCheckpoint' | 'findCheckpoint' | 'listCheckpoints' | 'putPackPart' | 'getPackPart'>;

export function createCheckpoints(database: SqliteDatabase): Checkpoints {
  return {
    putCheckpoint: async (taskId, hostId, checkpoint) =>
      database.transaction(() => {
        if (hostOf(database, taskId) !== hostId) return undefined;
        const { sequence, turn, callId } = checkpoint;
        const insert = 'INSERT INTO checkpoints VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING';
        database.run(insert, taskId, sequence, turn, JSON.stringify(callId), JSON.stringify(checkpoint));
        return find(database, taskId, { kind: 'sequence', sequence });
      }),
    findCheckpoint: async (taskId, which) => find(database, taskId, which),
    listCheckpoints: async (taskId) =>
      database.all('SELECT json FROM checkpoints WHERE task_id = ? ORDER BY sequence', taskId).map(toCheckpoint),
    putPackPart: async (packId, part, bytes) => {
      database.run('INSERT INTO packs VALUES (?, ?, ?) ON CONFLICT DO NOTHING', packId, part, bytes);
    },
    getPackPart: async (packId, part) => {
      const bytes = database.get('SELECT bytes FROM packs WHERE pack_id = ? AND part = ?', packId, part)?.['bytes'];
      return bytes instanceof Uint8Array ? bytes : undefined;
    },
  };
}

function hostOf(database: SqliteDatabase, taskId: TaskId): string | undefined {
  const row = database.get('SELECT json FROM workspaces WHERE task_id = ?', taskId);
  return row === undefined ? undefined : (JSON.parse(textOf(row, 'json')) as WorkspaceRecord).hostId; // by `sqlite-records.ts` alone
}

function find(database: SqliteDatabase, taskId: TaskId, which: WhichCheckpoint): CheckpointRecord | undefined {
  const [condition, values] = conditionOf(which);
  const select = `SELECT json FROM checkpoints WHERE task_id = ? ${condition} ORDER BY sequence DESC LIMIT 1`;
  const row = database.get(select, taskId, ...values);
  return row === undefined ? undefined : toCheckpoint(row);
}

function conditionOf(which: WhichCheckpoint): readonly [string, readonly SQLInputValue[]] {
  switch (which.kind) {
    case 'last':
      return ['', []];
    case 'sequence':
      return ['AND sequence = ?', [which.sequence]];
    case 'step':
      return ['AND turn = ? AND call_id = ?', [which.turn, JSON.stringify(which.callId)]];
  }
}

function toCheckpoint(row: Row): CheckpointRecord {
  return JSON.parse(textOf(row, 'json')) as CheckpointRecord; // written by `putCheckpoint` alone
}
