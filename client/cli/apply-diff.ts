/** Takes a task's changes over into the person's checkout, or, when they do not fit any more, keeps them in a file. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TaskResult } from '../../workflows/activity-interfaces.ts';
import { runGit } from './git.ts';

export type Applied =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'applied' }
  /** `savedAs` is null when the diff lies on another host. */
  | { readonly kind: 'refused'; readonly problem: string; readonly savedAs: string | null };

/** All of the diff or nothing of it; the index stays as it is. */
export async function applyDiff(repository: string, result: TaskResult): Promise<Applied> {
  const diff = await readDiff(result);
  if (diff === null) {
    const problem = `the diff is too large for a result and lies on the worker's host at ${result.diffPath}`;
    return { kind: 'refused', problem, savedAs: null };
  }
  if (diff === '') return { kind: 'nothing' };
  // The worker's words decide what is in the diff; git refuses paths outside of the checkout and through symbolic links.
  const args = ['apply', '--whitespace=nowarn'];
  const check = await runGit(repository, [...args, '--check'], { input: diff });
  const outcome = check.code === 0 ? await runGit(repository, args, { input: diff }) : check;
  if (outcome.code === 0) return { kind: 'applied' };
  return { kind: 'refused', problem: outcome.problem, savedAs: await saveDiff(result.taskId, diff) };
}

/** null: not readable from here. */
async function readDiff({ diff, diffPath }: TaskResult): Promise<string | null> {
  if (diffPath === undefined) return diff;
  try {
    return await readFile(diffPath, 'utf8');
  } catch {
    return null;
  }
}

/** Outside of the checkout, which must not get a file that nobody asked for. */
async function saveDiff(taskId: string, diff: string): Promise<string> {
  const directory = join(tmpdir(), 'anyport-diffs');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, `${taskId}.diff`);
  await writeFile(path, diff, { mode: 0o600 });
  return path;
}
