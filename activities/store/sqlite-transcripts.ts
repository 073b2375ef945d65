/** Items and the chains made of them. */
import type { TaskId } from '../../workflows/domain/ids.ts';
import type { ItemId, TranscriptHead, TranscriptItem } from '../../workflows/domain/transcript.ts';
import { EMPTY_TRANSCRIPT } from '../../workflows/domain/transcript.ts';
import { canonicalJson } from '../digest.ts';
import { headAfter, itemIdOf } from './item-id.ts';
import type { Row, SqliteDatabase } from './sqlite-database.ts';
import { textOf } from './sqlite-database.ts';
import type { TaskStore } from './task-store.ts';
import { TaskStoreError } from './task-store.ts';

type Transcripts = Pick<TaskStore, 'putItems' | 'getItem' | 'appendToTranscript' | 'readTranscript'>;

const CHAIN = `
  WITH RECURSIVE chain (parent, item_id, depth) AS (
    SELECT parent, item_id, 0 FROM transcript_entries WHERE task_id = ?1 AND head = ?2
    UNION ALL
    SELECT entry.parent, entry.item_id, depth + 1
    FROM chain JOIN transcript_entries AS entry ON entry.task_id = ?1 AND entry.head = chain.parent
  )
  SELECT chain.parent, chain.item_id, items.json
  FROM chain LEFT JOIN items ON items.task_id = ?1 AND items.item_id = chain.item_id
  ORDER BY depth DESC`;

export function createTranscripts(database: SqliteDatabase): Transcripts {
  return {
    putItems: async (taskId, items) => database.transaction(() => items.map((item) => putItem(database, taskId, item))),
    getItem: async (taskId, itemId) => {
      const row = database.get('SELECT json FROM items WHERE task_id = ? AND item_id = ?', taskId, itemId);
      if (row === undefined) throw missing(database, taskId, `item ${itemId}`);
      return itemOf(row);
    },
    appendToTranscript: async (taskId, head, items) =>
      items.length === 0 ? head : database.transaction(() => append(database, taskId, { head, items })),
    readTranscript: async (taskId, head) => (head === EMPTY_TRANSCRIPT ? [] : readChain(database, taskId, head)),
  };
}

function putItem(database: SqliteDatabase, taskId: TaskId, item: TranscriptItem): ItemId {
  const id = itemIdOf(item);
  database.run('INSERT INTO items VALUES (?, ?, ?) ON CONFLICT DO NOTHING', taskId, id, canonicalJson(item));
  return id;
}

interface Extension {
  readonly head: TranscriptHead;
  readonly items: readonly ItemId[];
}

/** Checks what it builds on: a chain that cannot be read is found when it is made, not a turn later. */
function append(database: SqliteDatabase, taskId: TaskId, { head, items }: Extension): TranscriptHead {
  if (head !== EMPTY_TRANSCRIPT && !hasEntry(database, taskId, head)) throw missing(database, taskId, `transcript ${head}`);
  return items.reduce((parent, item) => {
    if (database.get('SELECT 1 FROM items WHERE task_id = ? AND item_id = ?', taskId, item) === undefined) {
      throw missing(database, taskId, `item ${item}`);
    }
    const next = headAfter(parent, item);
    database.run('INSERT INTO transcript_entries VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING', taskId, next, parent, item);
    return next;
  }, head);
}

function hasEntry(database: SqliteDatabase, taskId: TaskId, head: TranscriptHead): boolean {
  return database.get('SELECT 1 FROM transcript_entries WHERE task_id = ? AND head = ?', taskId, head) !== undefined;
}

function readChain(database: SqliteDatabase, taskId: TaskId, head: TranscriptHead): readonly TranscriptItem[] {
  const rows = database.all(CHAIN, taskId, head);
  const oldest = rows[0];
  if (oldest === undefined) throw missing(database, taskId, `transcript ${head}`);
  if (textOf(oldest, 'parent') !== EMPTY_TRANSCRIPT) throw missing(database, taskId, `transcript ${textOf(oldest, 'parent')}`);
  return rows.map((row) => {
    if (row['json'] === null) throw missing(database, taskId, `item ${textOf(row, 'item_id')}`);
    return itemOf(row);
  });
}

function itemOf(row: Row): TranscriptItem {
  return JSON.parse(textOf(row, 'json')) as TranscriptItem; // written by `putItem` alone
}

function missing({ file }: SqliteDatabase, taskId: TaskId, what: string): TaskStoreError {
  return new TaskStoreError(`the task store ${file} has no ${what} of task ${taskId}`);
}
