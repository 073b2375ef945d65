/** Takes a task's changes over into the person's checkout, or, when they do not fit any more, keeps them in a file. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runGit } from './git.ts';

export type Applied =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'applied' }
  /** `savedAs` is null when the diff lies on another host. */
  | { readonly kind: 'refused'; readonly problem: string; readonly savedAs: string | null };

/** A task's diff: at hand, or as a file of the worker's host. */
export interface DiffOfTask {
  readonly taskId: string;
  readonly diff: string | Uint8Array;
  readonly diffPath?: string;
}

/** All of the diff or nothing of it; the index stays as it is. */
export async function applyDiff(repository: string, task: DiffOfTask): Promise<Applied> {
  const diff = await readDiff(task);
  if (diff === null) {
    const problem = `the diff is too large for a result and lies on the worker's host at ${task.diffPath}; take it over with "anyport tasks apply ${task.taskId}"`;
    return { kind: 'refused', problem, savedAs: null };
  }
  if (diff.length === 0) return { kind: 'nothing' };
  // The worker's words decide what is in the diff; git refuses paths outside of the checkout and through symbolic links.
  const args = ['apply', '--whitespace=nowarn'];
  const check = await runGit(repository, [...args, '--check'], { input: diff });
  const outcome = check.code === 0 ? await runGit(repository, args, { input: diff }) : check;
  if (outcome.code === 0) return { kind: 'applied' };
  return { kind: 'refused', problem: outcome.problem, savedAs: await saveDiff(task.taskId, diff) };
}

/** null: not readable from here. */
async function readDiff({ diff, diffPath }: DiffOfTask): Promise<string | Uint8Array | null> {
  if (diffPath === undefined) return diff;
  try {
    return await readFile(diffPath);
  } catch {
    return null;
  }
}

/** Outside of the checkout, which must not get a file that nobody asked for. */
async function saveDiff(taskId: string, diff: string | Uint8Array): Promise<string> {
  const directory = join(tmpdir(), 'anyport-diffs');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, `${taskId}.diff`);
  await writeFile(path, diff, { mode: 0o600 });
  return path;
}
