/**
 * Checkpoints as commits in a task's own git folder, and as bundles that carry what one adds to the last. The chain begins with a snapshot of
 * the base commit without its history, so that whoever has the base, or the bundle of the snapshot, can build on it.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskGit } from './task-git.ts';
import { WorkspaceError } from './workspace-error.ts';

/** Which step a checkpoint is of; turn 0 is the opening. */
export interface CheckpointStep {
  readonly turn: number;
  readonly callId: string;
}

/** What the next checkpoint builds on; kept by git in the task's folder. */
export const CURRENT = 'refs/anyport/current';
const BUNDLED = 'refs/anyport/bundled';

/** Gives the base's snapshot, which is the same wherever it is made. */
export function commitBase(git: TaskGit, baseCommit: string): Promise<string> {
  return commitTree(git, `${baseCommit}^{tree}`, { message: 'Base of a task' });
}

/** Gives the same commit for the same files after the same step. */
export async function commitStep(
  git: TaskGit,
  tree: string,
  { parent, step }: { readonly parent: string; readonly step: CheckpointStep },
) {
  // The model made the call id: a hash of it cannot become a line of the message.
  const key = createHash('sha256')
    .update(JSON.stringify([step.turn, step.callId]))
    .digest('hex')
    .slice(0, 32);
  return commitTree(git, tree, { parent, message: `Checkpoint of turn ${step.turn}\n\nIdempotency-Key: ${key}` });
}

async function commitTree(
  git: TaskGit,
  tree: string,
  { parent, message }: { readonly parent?: string; readonly message: string },
) {
  const resolved = (await git.run('rev-parse', '--verify', `${tree}`)).trim();
  const parents = parent === undefined ? [] : ['-p', parent];
  return (await git.feed(message, 'commit-tree', ...parents, resolved)).trim();
}

export async function currentCheckpoint(git: TaskGit): Promise<string | undefined> {
  const found = await git.run('for-each-ref', '--format=%(objectname)', CURRENT);
  return found.trim() === '' ? undefined : found.trim();
}

export async function setCurrentCheckpoint(git: TaskGit, commit: string): Promise<void> {
  await git.run('update-ref', '--no-deref', CURRENT, commit);
}

export async function treeOf(git: TaskGit, commit: string): Promise<string> {
  return (await git.run('rev-parse', '--verify', `${commit}^{tree}`)).trim();
}

export async function hasCommit(git: TaskGit, commit: string): Promise<boolean> {
  try {
    await git.run('cat-file', '-e', `${commit}^{commit}`);
    return true;
  } catch (error) {
    if (error instanceof WorkspaceError && error.code === 'git-failed') return false;
    throw error;
  }
}

/** What `commit` adds to `parent`, or all of it. */
export async function createBundle(git: TaskGit, commit: string, parent?: string): Promise<Buffer> {
  return inScratch(git, async (file) => {
    await git.run('update-ref', '--no-deref', BUNDLED, commit);
    await git.run('bundle', 'create', '--quiet', file, BUNDLED, ...(parent === undefined ? [] : [`^${parent}`]));
    return readFile(file);
  });
}

/** Takes the commits of a bundle in; their parents must be there. */
export async function takeBundle(git: TaskGit, bundle: Uint8Array): Promise<void> {
  await inScratch(git, async (file) => {
    await writeFile(file, bundle);
    await git.run('bundle', 'unbundle', file);
  });
}

async function inScratch<Result>(git: TaskGit, work: (file: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(git.folder, 'bundle-'));
  try {
    return await work(join(folder, 'step.bundle'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
