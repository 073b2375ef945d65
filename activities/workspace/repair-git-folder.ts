/** The git folder of a task's tree after it was lost, or on another host. */
import { existsSync } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkspaceRecord } from '../store/task-store.ts';
import { BASE_REF, hasObject, gitOfCheckpoints } from './checkpoint-repository.ts';
import { createGitFolder, pointToGitFolder } from './git-folder.ts';
import { gitInWorkspace } from './git.ts';
import { findRepository } from './local-repository.ts';
import { readRef } from './rebuild-checkpoints.ts';
import type { WorkspaceFolder } from './workspace-folder.ts';

/**
 * Makes it when it is missing, and the pointer to it when that is not ours. Commits and branches that a task made in it are in no
 * checkpoint: a new one begins at the base, with the task's changes as uncommitted ones.
 */
export async function repairGitFolder(folder: WorkspaceFolder, workspace: WorkspaceRecord): Promise<void> {
  if (!existsSync(join(folder.git, 'HEAD'))) return makeGitFolder(folder, workspace);
  if (!(await isOurs(folder))) await pointToGitFolder(folder);
}

async function makeGitFolder(folder: WorkspaceFolder, { repository, baseCommit, baseTree }: WorkspaceRecord): Promise<void> {
  const source = await findRepository(repository, baseCommit);
  await createGitFolder(folder, {
    objectFormat: baseCommit.length === 64 ? 'sha256' : 'sha1',
    borrowed: [join(folder.checkpoints, 'objects'), ...(source === undefined ? [] : [source.objects])],
    ...(source === undefined ? {} : { exclude: source.exclude, shallow: source.shallow }),
  });
  const own = gitOfCheckpoints(folder.checkpoints);
  // Without the repository there is no history, only the files that it began with.
  const head = (await hasObject(own, `${baseCommit}^{commit}`)) ? baseCommit : await readRef(folder.checkpoints, BASE_REF);
  const git = (args: readonly string[], accept: readonly number[] = []): Promise<string> =>
    gitInWorkspace({ directory: folder.tree, args, accept });
  await git(['update-ref', '--no-deref', 'HEAD', head ?? baseCommit]);
  await git(['read-tree', baseTree]);
  // So that `git status` of a command, which may not write there, needs not compare every file. 1: some differ.
  await git(['update-index', '-q', '--refresh'], [1]);
}

async function isOurs({ git, tree }: WorkspaceFolder): Promise<boolean> {
  const pointer = join(tree, '.git');
  const found = await lstat(pointer).catch(() => undefined);
  return found?.isFile() === true && (await readFile(pointer, 'utf8')) === `gitdir: ${git}\n`;
}
