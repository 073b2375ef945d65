/**
 * One local stack per data folder. The lock is one of SQLite's, which the operating system lets go when its holder dies, however it
 * dies: there is no stale lock to judge by process ids that were given to others since.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface DataDirectoryLock {
  release(): void;
}

/** @throws Error naming the process that has the folder */
export function lockDataDirectory(dataDirectory: string): DataDirectoryLock {
  try {
    mkdirSync(dataDirectory, { recursive: true });
  } catch (error) {
    throw unusable(dataDirectory, error);
  }
  const file = join(dataDirectory, 'dev.lock');
  const database = openLock(file);
  try {
    database.exec('BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS holder (pid INTEGER)');
    database.prepare('DELETE FROM holder').run();
    database.prepare('INSERT INTO holder VALUES (?)').run(process.pid);
    // Readers see the holder only after a commit; whoever comes in between is found out by the second BEGIN.
    database.exec('COMMIT; BEGIN IMMEDIATE');
  } catch (error) {
    const holder = readHolder(database);
    database.close();
    if (!isBusy(error)) throw unusable(file, error);
    const process = holder === undefined ? 'another process' : `process ${holder}`;
    throw new Error(
      `${dataDirectory} is in use by a running "anyport dev" (${process}). Stop it with Ctrl-C, or choose another folder with --data.`,
    );
  }
  return { release: () => database.close() };
}

function openLock(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file);
  } catch (error) {
    throw unusable(file, error);
  }
}

function readHolder(database: DatabaseSync): number | undefined {
  try {
    const row = database.prepare('SELECT pid FROM holder').get();
    return typeof row?.['pid'] === 'number' ? row['pid'] : undefined;
  } catch {
    return undefined;
  }
}

/** SQLITE_BUSY is 5 (sqlite.org/rescode.html). */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5;
}

function unusable(file: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(`${file} cannot be used: ${reason}. Check the folder's rights, or choose another one with --data.`, { cause });
}
