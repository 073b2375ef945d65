/** What a command printed beyond what is kept in memory, in a file that later commands of the task can read. */
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

/** Where all of an output is. */
export interface KeptOutput {
  /** Absolute; the same in the sandbox. */
  readonly path: string;
  readonly bytes: number;
  /** `false`: the disk had no room for the rest. */
  readonly isWhole: boolean;
}

export interface OutputSpool {
  /** Waits for the disk, so that nothing piles up in memory. */
  write(chunk: Buffer): void;
  /** To be called once. */
  close(): KeptOutput;
}

/** Of the outputs of a task; the oldest are given up for new ones. */
const MAX_FOLDER_BYTES = 1024 ** 3;
const SUFFIX = '.txt';

/** `undefined` where no file can be made. */
export function openSpool(folder: string): OutputSpool | undefined {
  const path = join(folder, `${randomBytes(4).toString('hex')}${SUFFIX}`);
  try {
    mkdirSync(folder, { recursive: true });
    giveUpOldest(folder);
    return spoolTo(path, openSync(path, 'wx', 0o644));
  } catch {
    return undefined;
  }
}

function spoolTo(path: string, descriptor: number): OutputSpool {
  let [bytes, isWhole] = [0, true];
  return {
    write(chunk) {
      for (let done = 0; isWhole && done < chunk.length;) {
        try {
          done += writeSync(descriptor, chunk, done);
        } catch {
          // A full disk: what is there stays, and the command goes on.
          isWhole = false;
        }
      }
      bytes += chunk.length;
    },
    close() {
      closeSync(descriptor);
      return { path, bytes, isWhole };
    },
  };
}

function giveUpOldest(folder: string): void {
  const paths = readdirSync(folder).map((name) => join(folder, name));
  const files = paths.map((path) => ({ path, ...pick(path) })).toSorted((left, right) => right.writtenMs - left.writtenMs);
  let total = 0;
  for (const { path, bytes } of files) {
    total += bytes;
    if (total > MAX_FOLDER_BYTES) rmSync(path, { force: true });
  }
}

function pick(path: string): { readonly bytes: number; readonly writtenMs: number } {
  const found = statSync(path, { throwIfNoEntry: false });
  return { bytes: found?.size ?? 0, writtenMs: found?.mtimeMs ?? 0 };
}
