/** Opens the file as several processes may at once: switched to WAL, ours, and at the newest schema. */
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { APPLICATION_ID, MIGRATIONS } from './migrations.ts';
import { SqliteDatabase, numberOf } from './sqlite-database.ts';
import { isBusy, toTaskStoreError } from './sqlite-failure.ts';
import { TaskStoreError } from './task-store.ts';

/** SQLite's own busy timeout does not cover the switch to WAL, which two processes may make at once. It takes milliseconds. */
const OPEN_TRIES = 100;
const OPEN_PAUSE_MS = 50;

/** @throws TaskStoreError */
export async function openSqliteDatabase(file: string): Promise<SqliteDatabase> {
  await createPrivateFile(file);
  const database = new SqliteDatabase(file);
  try {
    await prepare(database);
    return database;
  } catch (error) {
    database.close();
    throw toTaskStoreError(error, file);
  }
}

/** Transcripts are the owner's alone. SQLite gives its side files the rights of the main one. */
async function createPrivateFile(file: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    const handle = await open(file, 'a', 0o600);
    await handle.close();
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new TaskStoreError(`the task store ${file} cannot be opened for writing: ${words}; check the path and its rights`, {
      cause: error,
    });
  }
}

async function prepare(database: SqliteDatabase): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      refuseForeignFile(database);
      // NORMAL: a commit is handed to the operating system before it returns, so it survives the death of this process.
      // A power loss may take the last commits with it, whole and in order, never half of one: attempts and tool starts of
      // that moment are then forgotten, and may be made again. FULL would cost a disk flush for each journal entry.
      database.execute('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
      database.transaction(() => migrate(database));
      return;
    } catch (error) {
      const cause = error instanceof TaskStoreError ? error.cause : error;
      if (!isBusy(cause) || tries >= OPEN_TRIES) throw error;
      await delay(OPEN_PAUSE_MS);
    }
  }
}

/** Before anything is written: the path may be a mistake. One statement, since another process may be making it our file just now. */
function refuseForeignFile(database: SqliteDatabase): void {
  const row = database.get(
    'SELECT application_id AS id, (SELECT count(*) FROM sqlite_schema) AS tables FROM pragma_application_id',
  );
  const [id, tables] = [numberOf(row ?? {}, 'id'), numberOf(row ?? {}, 'tables')];
  if (id === APPLICATION_ID || (id === 0 && tables === 0)) return;
  throw new TaskStoreError(`${database.file} is a SQLite database of another program: choose another data folder`);
}

/** Under the write lock, so that only one of several starting processes does it. */
function migrate(database: SqliteDatabase): void {
  const version = numberOf(database.get('PRAGMA user_version') ?? {}, 'user_version');
  if (version > MIGRATIONS.length) {
    throw new TaskStoreError(
      `the task store ${database.file} was written by a newer Anyport (schema ${version}, this one knows ${MIGRATIONS.length}): ` +
        'update Anyport, or choose another data folder',
    );
  }
  for (const migration of MIGRATIONS.slice(version)) database.execute(migration);
  if (version === MIGRATIONS.length) return;
  database.execute(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length};`);
}
