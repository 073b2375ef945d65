/**
 * The repository of a task's checkpoints: bare, beside the tree, and known to nothing that the task runs. It keeps files byte for
 * byte and borrows what the user's repository has already. Its index is that of the last checkpoint, so that the next one costs what
 * changed since.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EXACT_ATTRIBUTES } from '../../workflows/domain/checkpoint.ts';
import type { GitCall } from './git.ts';
import { gitInWorkspace } from './git.ts';

/** git on one repository: arguments, then what differs from its usual call. */
export type Git = (args: readonly string[], call?: Omit<GitCall, 'directory' | 'args'>) => Promise<string>;

export interface RepositoryPlan {
  readonly objectFormat: string;
  /** Object stores that are read, never written. */
  readonly borrowed: readonly string[];
  /** A list of ignored files besides those in the tree. */
  readonly exclude?: string;
}

/** Everyone's checkpoint of the same files after the same step is the same commit. */
const NOBODY = {
  GIT_AUTHOR_NAME: 'Anyport',
  GIT_AUTHOR_EMAIL: 'anyport@localhost',
  GIT_AUTHOR_DATE: '@0 +0000',
  GIT_COMMITTER_NAME: 'Anyport',
  GIT_COMMITTER_EMAIL: 'anyport@localhost',
  GIT_COMMITTER_DATE: '@0 +0000',
} as const;

// Names that other systems would take for `.git` are names like any other where they could be made.
const ANY_NAME = ['-c', 'core.protectNTFS=false', '-c', 'core.protectHFS=false'];

export const BASE_REF = 'refs/anyport/base';

export function checkpointRef(sequence: number): string {
  return `refs/anyport/${sequence}`;
}

/** `tree` is the folder that is compared with the index; without it only objects are dealt with. */
export function gitOfCheckpoints(folder: string, tree?: string): Git {
  const environment = { GIT_DIR: folder, ...(tree === undefined ? {} : { GIT_WORK_TREE: tree }) };
  return (args, call = {}) =>
    gitInWorkspace({
      directory: folder,
      encoding: 'latin1',
      ...call,
      args: [...ANY_NAME, ...args],
      environment: { ...environment, ...call.environment },
    });
}

/** Makes an empty one in place of whatever is there. */
export async function createCheckpointRepository(folder: string, plan: RepositoryPlan): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await createBareRepository(folder, plan);
  await writeFile(join(folder, 'info', 'attributes'), EXACT_ATTRIBUTES);
}

/** A repository without files of its own, which borrows objects. */
export async function createBareRepository(folder: string, { objectFormat, borrowed, exclude }: RepositoryPlan): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const init = ['init', '--bare', '--quiet', '--template=', `--object-format=${objectFormat}`, folder];
  await gitInWorkspace({ directory: dirname(folder), args: init });
  await gitInWorkspace({ directory: folder, args: ['config', '--file', join(folder, 'config'), 'core.bare', 'false'] });
  await mkdir(join(folder, 'info'), { recursive: true });
  await mkdir(join(folder, 'objects', 'info'), { recursive: true });
  await writeFile(join(folder, 'objects', 'info', 'alternates'), borrowed.map((store) => `${store}\n`).join(''));
  // Privately ignored files would come into checkpoints and diffs otherwise.
  if (exclude !== undefined && existsSync(exclude)) await copyFile(exclude, join(folder, 'info', 'exclude'));
}

export interface CommitPlan {
  readonly tree: string;
  readonly parent?: string;
  readonly message: string;
}

/** The same again gives the same commit. */
export async function commitTree(git: Git, { tree, parent, message }: CommitPlan): Promise<string> {
  const args = ['commit-tree', tree, ...(parent === undefined ? [] : ['-p', parent])];
  return (await git(args, { input: message, environment: NOBODY })).trim();
}

/** A commit of the base commit's files without its history: what all checkpoints build on, wherever it is made. */
export async function commitBase(git: Git, tree: string): Promise<string> {
  const commit = await commitTree(git, { tree, message: 'The files of the base commit\n' });
  await git(['update-ref', BASE_REF, commit]);
  return commit;
}

export async function hasObject(git: Git, name: string): Promise<boolean> {
  // 1 and 128: there is none, or it is no name of an object at all.
  const found = await git(['cat-file', '--batch-check'], { input: `${name}\n` });
  return !found.includes(' missing');
}
