import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Check } from './check.ts';
import { messageOf } from '../describe-problem.ts';

const MB = 1024 ** 2;
/** Checkouts and transcripts of a few dozen tasks; below it a disk is about to fill up. */
const LITTLE_MB = 1_024;
/** One checkout or diff of ordinary size, and the store takes no more writes. */
const TOO_LITTLE_MB = 100;
const REMEDY = 'remove workspaces of ended tasks under the data folder, make room on its disk, or choose another one with --data';

/** The room on the disk of the data folder. */
export async function checkDisk(dataDirectory: string): Promise<Check> {
  try {
    return judgeSpace(dataDirectory, await freeBytes(dataDirectory));
  } catch (error) {
    return {
      check: 'disk',
      state: 'note',
      detail: `${dataDirectory}: ${messageOf(error)}`,
      remedy: 'choose another folder with --data',
    };
  }
}

/** Of a folder that is not there yet, what the one above it has. */
async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    const parent = dirname(folder);
    if (parent === folder) throw error;
    return freeBytes(parent);
  }
}

/** What so many free bytes mean. */
export function judgeSpace(dataDirectory: string, free: number): Check {
  const freeMb = Math.floor(free / MB);
  const detail = `${freeMb} MB are free for ${dataDirectory}`;
  if (freeMb >= LITTLE_MB) return { check: 'disk', state: 'ok', detail };
  if (freeMb >= TOO_LITTLE_MB) return { check: 'disk', state: 'note', detail: `only ${detail}`, remedy: REMEDY };
  return { check: 'disk', state: 'problem', detail: `only ${detail}: tasks will soon fail to write`, remedy: REMEDY };
}
