/**
 * Makes a tree what a checkpoint says. Files of the checkpoint are written anew where they differ, other files are removed, and so are
 * pipes, sockets and folders that it does not know. What is ignored by the checkpoint's own rules stays as it is, since it is in no
 * checkpoint; so do files that were left out of this one. Nothing of the task may run meanwhile.
 */
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BytePath, CheckpointRecord } from '../../workflows/domain/checkpoint.ts';
import { giveToCommands } from '../command-user.ts';
import { fromBytes, onDisk, splitList } from './byte-path.ts';
import type { Git } from './checkpoint-repository.ts';
import { entriesOf } from './list-empty-folders.ts';
import { unlock, unlockFolders } from './locked-folders.ts';
import { assertTree } from './take-snapshot.ts';
import { WorkspaceError } from './workspace-error.ts';
import type { WorkspaceFolder } from './workspace-folder.ts';

type Target = Pick<CheckpointRecord, 'tree' | 'emptyFolders' | 'leftOut'>;

export async function restoreTree(git: Git, folder: WorkspaceFolder, target: Target): Promise<void> {
  await assertTree(folder.tree);
  await rm(join(folder.checkpoints, 'index.lock'), { force: true });
  await readIndex(git, folder, target.tree);
  await checkOut(git, folder.tree);
  const ignored = await git(['ls-files', '-z', '--others', '--ignored', '--exclude-standard', '--directory']);
  const keep = new Set([...splitList(await git(['ls-files', '-z'])), ...target.leftOut.map(({ path }) => path)]);
  const sets = { keep, ignored: new Set(splitList(ignored)), emptyFolders: new Set(target.emptyFolders) };
  await sweepFolder({ tree: folder.tree, ...sets }, '');
  for (const path of target.emptyFolders) await makeFolder(folder.tree, path);
}

/** With what is missing above it. */
async function makeFolder(tree: string, path: BytePath): Promise<void> {
  const names = path.split('/');
  for (const index of names.keys()) {
    const folder = onDisk(tree, names.slice(0, index + 1).join('/'));
    if ((await mkdir(folder, { recursive: true })) !== undefined) await giveToCommands(folder);
  }
}

/** Writes what differs, and removes what is in its way. */
async function checkOut(git: Git, tree: string): Promise<void> {
  const args = ['checkout-index', '--all', '--force', '--index', '--quiet'];
  try {
    await git(args);
  } catch (error) {
    if (!(error instanceof WorkspaceError) || error.code !== 'git-failed') throw error;
    // A folder that its owner may not write is the likeliest cause that can be helped.
    await unlockFolders(tree);
    await git(args);
  }
}

/** What the index knows of files that stay the same spares their comparison; a broken one is made anew. */
async function readIndex(git: Git, { checkpoints }: WorkspaceFolder, tree: string): Promise<void> {
  try {
    await git(['read-tree', '--reset', tree]);
  } catch {
    await rm(join(checkpoints, 'index'), { force: true });
    await git(['read-tree', tree]);
  }
}

interface Sweep {
  readonly tree: string;
  readonly keep: ReadonlySet<BytePath>;
  /** Folders end with a slash. */
  readonly ignored: ReadonlySet<BytePath>;
  readonly emptyFolders: ReadonlySet<BytePath>;
}

/** Gives whether something stays in the folder. */
async function sweepFolder(sweep: Sweep, folder: BytePath): Promise<boolean> {
  let stays = false;
  for (const entry of entriesOf(sweep.tree, folder) ?? []) {
    const name = fromBytes(entry.name);
    // Ours at the top; below, that of a repository which the task made: it goes with the last of the files around it.
    if (name === '.git') continue;
    const path = folder === '' ? name : `${folder}/${name}`;
    const stayed = entry.isDirectory() ? await sweepInner(sweep, path) : await sweepFile(sweep, path);
    stays = stayed || stays;
  }
  return stays;
}

async function sweepFile({ tree, keep, ignored }: Sweep, path: BytePath): Promise<boolean> {
  if (keep.has(path) || ignored.has(path)) return true;
  await rm(onDisk(tree, path), { force: true });
  return false;
}

async function sweepInner(sweep: Sweep, path: BytePath): Promise<boolean> {
  if (sweep.ignored.has(`${path}/`) || sweep.keep.has(path)) return true;
  await unlock(sweep.tree, path);
  if (await sweepFolder(sweep, path)) return true;
  if (sweep.emptyFolders.has(path)) return true;
  await rm(onDisk(sweep.tree, `${path}/.git`), { recursive: true, force: true });
  await rmdir(onDisk(sweep.tree, path));
  return false;
}
