/** What `.git` in a task's tree points to: a git folder of the task's own, which borrows the objects of others. */
import { existsSync } from 'node:fs';
import { copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { giveToCommands } from '../command-user.ts';
import { createBareRepository } from './checkpoint-repository.ts';
import type { RepositoryPlan } from './checkpoint-repository.ts';
import { gitInWorkspace } from './git.ts';
import type { WorkspaceFolder } from './workspace-folder.ts';

const SETTINGS: readonly (readonly [string, string])[] = [
  // Files are as they are in the repository; only its own .gitattributes may say otherwise.
  ['core.autocrlf', 'false'],
  ['core.hooksPath', '/dev/null'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
];

export interface GitFolderPlan extends RepositoryPlan {
  /** Without it a shallow clone looks broken. */
  readonly shallow?: string;
}

/** Makes it anew, and has the tree point to it. */
export async function createGitFolder({ git, tree }: WorkspaceFolder, plan: GitFolderPlan): Promise<void> {
  await rm(git, { recursive: true, force: true });
  await createBareRepository(git, plan);
  for (const [name, value] of SETTINGS)
    await gitInWorkspace({ directory: git, args: ['config', '--file', join(git, 'config'), name, value] });
  if (plan.shallow !== undefined && existsSync(plan.shallow)) await copyFile(plan.shallow, join(git, 'shallow'));
  await pointToGitFolder({ git, tree });
}

/** Whatever the task has put in its place is removed. */
export async function pointToGitFolder({ git, tree }: Pick<WorkspaceFolder, 'git' | 'tree'>): Promise<void> {
  const pointer = join(tree, '.git');
  await rm(pointer, { recursive: true, force: true });
  await writeFile(pointer, `gitdir: ${git}\n`, { flag: 'wx' });
  await giveToCommands(pointer);
}
