/** What can be said of a workspace before a task is started: the same refusals as the worker's, seconds earlier. */
import { realpath, stat } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';
import { runGit } from './git.ts';
import { UsageError } from './usage-error.ts';

export interface WorkspaceWish {
  readonly directory: string;
  readonly includeUncommitted: boolean;
}

const SHOWN_CHANGES = 5;

export interface CheckedWorkspace {
  /** The repository's top folder, absolute. */
  readonly repository: string;
  /** The folder in it that was named, with `/`; absent when it is the top. */
  readonly folder?: string;
}

/** @throws UsageError */
export async function checkWorkspace({ directory, includeUncommitted }: WorkspaceWish): Promise<CheckedWorkspace> {
  const path = resolve(directory);
  await assertFolder(path);
  const top = await runGit(path, ['rev-parse', '--show-toplevel']);
  if (top.code !== 0) {
    throw new UsageError(
      `the workspace ${path} is no git repository: run "git init" and commit what is there, or name another folder`,
    );
  }
  const repository = await realpath(top.output.trimEnd());
  const head = await runGit(repository, ['rev-parse', '--verify', '--quiet', 'HEAD']);
  if (head.code !== 0) throw new UsageError(`the workspace ${repository} has no commit yet: commit what is there first`);
  if (!includeUncommitted) await assertCommitted(repository);
  const folder = relative(repository, await realpath(path))
    .split(sep)
    .join('/');
  return { repository, ...(folder === '' ? {} : { folder }) };
}

async function assertFolder(path: string): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) return;
  } catch {
    throw new UsageError(`the workspace ${path} does not exist`);
  }
  throw new UsageError(`the workspace ${path} is no folder: name the git repository itself`);
}

async function assertCommitted(repository: string): Promise<void> {
  const status = await runGit(repository, ['status', '--porcelain', '--untracked-files=normal']);
  if (status.code !== 0) throw new UsageError(`git cannot read the workspace ${repository}: ${status.problem}`);
  const changes = status.output.split('\n').filter((line) => line !== '');
  if (changes.length === 0) return;
  const more = changes.length > SHOWN_CHANGES ? ` and ${changes.length - SHOWN_CHANGES} more` : '';
  throw new UsageError(
    `the workspace ${repository} has uncommitted changes (${changes
      .slice(0, SHOWN_CHANGES)
      .map((line) => line.slice(3))
      .join(', ')}${more}): ` + 'commit or stash them, or take them along with --include-uncommitted',
  );
}
