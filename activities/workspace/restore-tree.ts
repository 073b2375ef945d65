/** Puts a tree's files back as a checkpoint has them: changed ones, missing ones, and those that were not there then, which go. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointRecord } from '../store/task-store.ts';
import type { TaskGit } from './task-git.ts';
import { checkpointIndexOf } from './task-git.ts';

const SLASH = Buffer.from('/');

/** Ignored files are left: they are no part of a checkpoint, and building them again may take longer than the step itself. */
export async function restoreTree(
  git: TaskGit,
  directory: string,
  { commit, emptyFolders }: Pick<CheckpointRecord, 'commit' | 'emptyFolders'>,
): Promise<void> {
  const index = checkpointIndexOf(directory);
  await rm(`${index}.lock`, { force: true });
  // What is in the way of a file is removed first; without an index nothing would be known to be in the way.
  await git.run('read-tree', commit);
  await git.run('clean', '-ffdq');
  await git.run('read-tree', '--reset', '-u', commit);
  await git.run('checkout-index', '--all', '--force', '--quiet');
  // By the ignore rules that hold again.
  await git.run('clean', '-ffdq');
  await removeSpecial(Buffer.from(directory));
  await git.run('update-index', '-q', '--refresh').catch(() => undefined);
  for (const folder of emptyFolders) await mkdir(join(directory, folder), { recursive: true });
}

/** git neither keeps nor sees FIFOs, sockets and devices: whoever reads one by accident waits for ever. */
async function removeSpecial(folder: Buffer): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true, encoding: 'buffer' })) {
    const path = Buffer.concat([folder, SLASH, entry.name]);
    if (entry.isDirectory()) await removeSpecial(path);
    else if (!entry.isFile() && !entry.isSymbolicLink()) await rm(path, { force: true });
  }
}
