/** SQLite's error codes in words that name the file and what to do. */
import { TaskStoreError } from './task-store.ts';

/** Primary result codes of SQLite; the extended ones keep them in their low byte. */
const BUSY = 5;
const LOCKED = 6;
const PROBLEMS: Readonly<Record<number, string>> = {
  [BUSY]: 'is locked by another process for too long; if this goes on, see which process holds it',
  [LOCKED]: 'is locked by another process for too long; if this goes on, see which process holds it',
  3: 'may not be accessed: check the rights of the file and its folder',
  8: 'cannot be written: the file, its folder or its disk is read-only; check their rights',
  // Of a full disk SQLite says so; a quota and a limit of a file's size come as any other error of the disk.
  10: 'cannot be read or written: a quota or limit is reached, or the disk is failing; make room or check the disk, and the tasks go on',
  11: 'is damaged: restore it from a backup, or choose another data folder',
  13: 'cannot grow: its disk is full; make room and the tasks go on',
  14: 'cannot be opened: check that its folder exists, is writable, and that the path is no folder',
  26: 'is no SQLite database: choose another data folder, or move the file away',
};

export function toTaskStoreError(error: unknown, file: string): TaskStoreError {
  if (error instanceof TaskStoreError) return error;
  const code = resultCodeOf(error);
  const known = code === undefined ? undefined : PROBLEMS[code];
  const words = known ?? `failed: ${error instanceof Error ? error.message : String(error)}`;
  return new TaskStoreError(`the task store ${file} ${words}`, { cause: error });
}

/** Another process has the lock: worth another try soon. */
export function isBusy(error: unknown): boolean {
  const code = resultCodeOf(error);
  return code === BUSY || code === LOCKED;
}

function resultCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}
