/** What a task changed, as a patch that `git apply` takes: untracked files too, ignored ones not. The task's own index is left alone. */
import { copyFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gitInWorkspace } from './git.ts';
import type { Workspace } from './open-workspace.ts';
import { WorkspaceError } from './workspace-error.ts';

/** A task may leave several repositories of its own in the tree; each costs another round. */
const MAX_NESTED = 50;
const DIFF = [
  'diff',
  '--binary',
  '--full-index',
  '--no-color',
  '--no-ext-diff',
  '--no-textconv',
  '--no-renames',
  '--ignore-submodules=all',
];
/** The paths of our diff keep these whatever is configured. */
const PREFIXES = ['--src-prefix=a/', '--dst-prefix=b/'];

/** Has git write the diff to a file, so that one of any size takes none of the worker's memory; gives its bytes. @throws WorkspaceError */
export async function writeDiff(workspace: Pick<Workspace, 'directory' | 'baseTree'>, file: string): Promise<number> {
  const { directory, baseTree } = workspace;
  const gitFolder = join(dirname(directory), 'git');
  const index = join(gitFolder, 'diff-index');
  // Named, not found through the tree: a command without a sandbox may have replaced the tree's `.git`.
  const environment = { GIT_DIR: gitFolder, GIT_WORK_TREE: directory, GIT_INDEX_FILE: index };
  const git = (...args: string[]): Promise<string> => gitInWorkspace({ directory, args, environment });
  await rm(`${index}.lock`, { force: true });
  await copyFile(join(gitFolder, 'index'), index);
  try {
    await addAll(git);
    const tree = (await git('write-tree')).trim();
    await git(...DIFF, ...PREFIXES, `--output=${file}`, baseTree, tree);
    return (await stat(file)).size;
  } finally {
    await rm(index, { force: true });
  }
}

/** Submodules, and repositories that the task made inside the tree, are left out: git would run what their configuration says. */
async function addAll(git: (...args: string[]) => Promise<string>): Promise<void> {
  const entries = (await git('ls-files', '--stage', '-z')).split('\0');
  const left = entries.filter((entry) => entry.startsWith('160000 ')).map((entry) => entry.slice(entry.indexOf('\t') + 1));
  for (;;) {
    try {
      await git('add', '--all', '--', '.', ...left.map((path) => `:(exclude,literal)${path}`));
      return;
    } catch (error) {
      const nested =
        error instanceof WorkspaceError ? /'(.+?)\/?' does not have a commit checked out/.exec(error.message)?.[1] : undefined;
      if (nested === undefined || left.includes(nested) || left.length >= MAX_NESTED) throw error;
      left.push(nested);
    }
  }
}
