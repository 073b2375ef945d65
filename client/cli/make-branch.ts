/** A task's changes as a branch of one commit, made beside whatever the person has checked out. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GitInput } from './git.ts';
import { runGit } from './git.ts';
import { UsageError } from './usage-error.ts';

export interface BranchRequest {
  readonly name: string;
  /** The commit that the task began at. */
  readonly parent: string;
  readonly message: string;
  /** From that commit to the task's state; asked for when the branch can be made. */
  diff(): Promise<Uint8Array>;
}

/** Gives the new commit; author and committer are the person's own, as git is configured. @throws UsageError */
export async function makeBranch(repository: string, { name, parent, message, diff }: BranchRequest): Promise<string> {
  const ref = `refs/heads/${name}`;
  await expectCode(repository, ['check-ref-format', ref], `"${name}" is no name of a branch`);
  const there = await runGit(repository, ['rev-parse', '--verify', '--quiet', ref]);
  if (there.code === 0) throw new UsageError(`there is a branch "${name}" in ${repository} already: choose another name`);
  const missing = `the commit ${parent}, at which the task began, is not in ${repository}: name the right checkout with --workspace, or fetch it`;
  await expectCode(repository, ['cat-file', '-e', `${parent}^{commit}`], missing);
  const patch = await diff();
  const scratch = await mkdtemp(join(tmpdir(), 'anyport-branch-'));
  try {
    const git = askGit(repository, { GIT_INDEX_FILE: join(scratch, 'index') });
    await git(['read-tree', parent]);
    if (patch.length > 0) await git(['apply', '--cached', '--whitespace=nowarn'], patch);
    const tree = await git(['write-tree']);
    const commit = await git(['commit-tree', tree, '-p', parent], message);
    // Nothing but zeros: only when it is not there yet, whoever made it in the meantime.
    await git(['update-ref', '-m', 'anyport tasks branch', ref, commit, '0'.repeat(commit.length)]);
    return commit;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function expectCode(repository: string, args: readonly string[], problem: string): Promise<void> {
  if ((await runGit(repository, args)).code !== 0) throw new UsageError(problem);
}

/** @throws UsageError with git's words: it knows no author, or the changes do not fit */
function askGit(repository: string, environment: Required<GitInput>['environment']) {
  return async (args: readonly string[], input: string | Uint8Array = ''): Promise<string> => {
    const { code, output, problem } = await runGit(repository, args, { input, environment });
    if (code === 0) return output.trim();
    throw new UsageError(`the branch was not made: git ${args[0] ?? ''} says: ${problem}`);
  };
}
