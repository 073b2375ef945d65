/** The journals of attempts and of tool calls: what was begun, and how it ended. Ends are never overwritten. */
import type { DeploymentId } from '../../workflows/domain/ids.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import type { Row, SqliteDatabase } from './sqlite-database.ts';
import { numberOf, textOf } from './sqlite-database.ts';
import type {
  AttemptEntry,
  AttemptKey,
  AttemptReserve,
  AttemptState,
  TaskStore,
  ToolCallEntry,
  ToolCallKey,
} from './task-store.ts';
import { TaskStoreError } from './task-store.ts';

type AttemptJournal = Pick<TaskStore, 'startAttempt' | 'updateAttempt' | 'listAttempts'>;
type ToolJournal = Pick<TaskStore, 'startToolCall' | 'readToolCall' | 'finishToolCall' | 'listToolCalls'>;

export function createAttemptJournal(database: SqliteDatabase): AttemptJournal {
  return {
    startAttempt: async (key, deployment, reserve) =>
      database.transaction(() => {
        const insert = `INSERT INTO attempts (task_id, turn, attempt, deployment, cloud, reserved_usd_micros, kind, state)
          VALUES (?, ?, ?, ?, ?, ?, 'started', '{"kind":"started"}') ON CONFLICT DO NOTHING`;
        const reserved = [reserve?.cloud ?? null, reserve?.usdMicros ?? null] as const;
        const isNew = database.run(insert, key.taskId, key.turn, key.attempt, deployment, ...reserved) === 1;
        return { entry: readAttempt(database, key), isNew };
      }),
    updateAttempt: async (key, state) =>
      database.transaction(() => {
        moveAttempt(database, key, state);
        return readAttempt(database, key);
      }),
    listAttempts: async (taskId) =>
      database.all('SELECT * FROM attempts WHERE task_id = ? ORDER BY turn, attempt', taskId).map(toAttemptEntry),
  };
}

function moveAttempt(database: SqliteDatabase, key: AttemptKey, state: AttemptState): void {
  // Every attempt is started already; going back from `submitted` would lose its response id.
  if (state.kind === 'started') return;
  const movable = state.kind === 'sending' ? `('started')` : `('started', 'sending', 'submitted')`;
  database.run(
    `UPDATE attempts SET kind = ?, state = ?
     WHERE task_id = ? AND turn = ? AND attempt = ? AND kind IN ${movable}`,
    state.kind,
    JSON.stringify(state),
    key.taskId,
    key.turn,
    key.attempt,
  );
}

function readAttempt(database: SqliteDatabase, key: AttemptKey): AttemptEntry {
  const select = 'SELECT * FROM attempts WHERE task_id = ? AND turn = ? AND attempt = ?';
  const row = database.get(select, key.taskId, key.turn, key.attempt);
  if (row !== undefined) return toAttemptEntry(row);
  const what = `attempt ${key.attempt} of turn ${key.turn} of task ${key.taskId}`;
  throw new TaskStoreError(`the task store ${database.file} has no ${what}: it was never started`);
}

function toAttemptEntry(row: Row): AttemptEntry {
  return {
    key: { taskId: toTaskId(textOf(row, 'task_id')), turn: numberOf(row, 'turn'), attempt: numberOf(row, 'attempt') },
    deployment: textOf(row, 'deployment') as DeploymentId, // written by `startAttempt` alone
    ...reserveOf(row),
    state: JSON.parse(textOf(row, 'state')) as AttemptState, // written by this file alone
  };
}

function reserveOf(row: Row): Pick<AttemptEntry, 'reserve'> {
  const { cloud } = row;
  if (typeof cloud !== 'string') return {};
  const known = cloud as AttemptReserve['cloud']; // written by `startAttempt` alone
  return { reserve: { cloud: known, usdMicros: numberOf(row, 'reserved_usd_micros') } };
}

export function createToolJournal(database: SqliteDatabase): ToolJournal {
  return {
    startToolCall: async (key, tool, retryClass) =>
      database.transaction(() => {
        database.run(
          `INSERT INTO tool_calls (task_id, turn, call_id, tool, retry_class, starts) VALUES (?, ?, ?, ?, ?, 1)
           ON CONFLICT (task_id, turn, call_id) DO UPDATE SET starts = starts + 1`,
          ...columnsOf(key),
          tool,
          retryClass,
        );
        return requireToolCall(database, key);
      }),
    readToolCall: async (key) => readToolCall(database, key),
    finishToolCall: async (key, { item, outcome }) =>
      database.transaction(() => {
        const update = 'UPDATE tool_calls SET result = ? WHERE task_id = ? AND turn = ? AND call_id = ? AND result IS NULL';
        database.run(update, JSON.stringify({ item, outcome }), ...columnsOf(key));
        return requireToolCall(database, key);
      }),
    listToolCalls: async (taskId) =>
      database.all('SELECT * FROM tool_calls WHERE task_id = ? ORDER BY turn, sequence', taskId).map(toToolCallEntry),
  };
}

function columnsOf({ taskId, turn, callId }: ToolCallKey): readonly [string, number, string] {
  return [taskId, turn, JSON.stringify(callId)];
}

function readToolCall(database: SqliteDatabase, key: ToolCallKey): ToolCallEntry | undefined {
  const select = 'SELECT * FROM tool_calls WHERE task_id = ? AND turn = ? AND call_id = ?';
  const row = database.get(select, ...columnsOf(key));
  return row === undefined ? undefined : toToolCallEntry(row);
}

function requireToolCall(database: SqliteDatabase, key: ToolCallKey): ToolCallEntry {
  const entry = readToolCall(database, key);
  if (entry !== undefined) return entry;
  const what = `tool call ${JSON.stringify(key.callId)} in turn ${key.turn} of task ${key.taskId}`;
  throw new TaskStoreError(`the task store ${database.file} has no ${what}: it was never started`);
}

function toToolCallEntry(row: Row): ToolCallEntry {
  const result = row['result'];
  const callId = JSON.parse(textOf(row, 'call_id')) as string; // written by `columnsOf` alone
  return {
    key: { taskId: toTaskId(textOf(row, 'task_id')), turn: numberOf(row, 'turn'), callId },
    tool: textOf(row, 'tool'),
    retryClass: textOf(row, 'retry_class') as ToolCallEntry['retryClass'], // written by `startToolCall` alone
    starts: numberOf(row, 'starts'),
    ...(typeof result === 'string' ? { result: JSON.parse(result) as NonNullable<ToolCallEntry['result']> } : {}), // by `finishToolCall`
  };
}
