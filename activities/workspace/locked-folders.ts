/** Folders that forbid their owner to change or even to see them, as package caches and tests of programs leave behind. */
import { chmod, lstat, readdir, rm } from 'node:fs/promises';
import type { BytePath } from '../../workflows/domain/checkpoint.ts';
import { fromBytes, onDisk } from './byte-path.ts';

const OWNER_MAY_ALL = 0o700;

/** Removes whatever is at `path`, links themselves and not what they lead to. */
export async function removeTree(path: string): Promise<void> {
  // A process that is being killed may still create files while they are removed.
  const options = { recursive: true, force: true, maxRetries: 5 };
  try {
    await rm(path, options);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    await unlockFolders(path);
    await rm(path, options);
  }
}

/** Gives every folder below `root`, and itself, to its owner. */
export async function unlockFolders(root: string): Promise<void> {
  const found = await lstat(root).catch(() => undefined);
  if (found?.isDirectory() === true) await unlockBelow(root, '');
}

/** What is in a folder can be removed by those alone who may write there, and its owner may say so. */
export async function unlock(tree: string, folder: BytePath): Promise<void> {
  const place = onDisk(tree, folder);
  const { mode } = await lstat(place);
  if ((mode & OWNER_MAY_ALL) !== OWNER_MAY_ALL) await chmod(place, (mode & 0o7777) | OWNER_MAY_ALL);
}

async function unlockBelow(root: string, folder: BytePath): Promise<void> {
  await unlock(root, folder);
  for (const entry of await readdir(onDisk(root, folder), { withFileTypes: true, encoding: 'buffer' })) {
    if (!entry.isDirectory()) continue;
    const name = fromBytes(entry.name);
    await unlockBelow(root, folder === '' ? name : `${folder}/${name}`);
  }
}

function isForbidden(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM');
}
