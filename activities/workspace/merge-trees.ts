/** Brings what changed between two trees into a workspace, as a patch: where it does not fit, both versions are left for whoever merges. */
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gitInWorkspace } from './git.ts';
import type { TaskGit } from './task-git.ts';
import { checkpointIndexOf, toReadable } from './task-git.ts';
import { takeSnapshot } from './take-snapshot.ts';
import { WorkspaceError } from './workspace-error.ts';
import { writeDiff } from './write-diff.ts';

export interface MergedFiles {
  /** By path. */
  readonly files: readonly string[];
  /** Without conflict markers. */
  readonly isClean: boolean;
}

/** A merge is of sources; what is larger was left out of the checkpoints. */
const LARGEST_FILE_BYTES = 64 * 1024 * 1024;

export async function mergeTrees(
  git: TaskGit,
  directory: string,
  { from, to }: { from: string; to: string },
): Promise<MergedFiles> {
  const files = (await git.list('diff-tree', '-r', '-z', '--name-only', '--no-renames', from, to)).map(toReadable);
  if (files.length === 0) return { files, isClean: true };
  // The index is what a three-way merge compares with: it must be of the files as they are.
  await takeSnapshot(directory, { largestFileBytes: LARGEST_FILE_BYTES });
  const scratch = await mkdtemp(join(git.folder, 'merge-'));
  try {
    const file = join(scratch, 'agent.diff');
    await writeDiff(directory, { from, to, file });
    // A copy: a conflict leaves entries in an index that no tree can be made of.
    const index = join(scratch, 'index');
    await copyFile(checkpointIndexOf(directory), index);
    const environment = { GIT_DIR: git.folder, GIT_WORK_TREE: directory, GIT_INDEX_FILE: index };
    await gitInWorkspace({ directory, args: ['apply', '--3way', '--whitespace=nowarn', file], environment });
    return { files, isClean: true };
  } catch (error) {
    if (!(error instanceof WorkspaceError) || error.code !== 'git-failed') throw error;
    return { files, isClean: false };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
