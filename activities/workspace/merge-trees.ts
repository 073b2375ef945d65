/** Brings what changed between two trees into a workspace, as a patch: where it does not fit, both versions are left for whoever merges. */
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { splitList, toText } from './byte-path.ts';
import type { Git } from './checkpoint-repository.ts';
import type { CheckpointLimits } from './scan-tree.ts';
import { takeSnapshot } from './take-snapshot.ts';
import { WorkspaceError } from './workspace-error.ts';
import type { WorkspaceFolder } from './workspace-folder.ts';

export interface MergedFiles {
  /** By path. */
  readonly files: readonly string[];
  /** Without conflict markers. */
  readonly isClean: boolean;
}

export interface MergePlace {
  readonly git: Git;
  readonly folder: WorkspaceFolder;
  readonly limits: CheckpointLimits;
}

const DIFF = ['diff', '--binary', '--full-index', '--no-color', '--no-ext-diff', '--no-textconv', '--no-renames'];

export async function mergeTrees(
  { git, folder, limits }: MergePlace,
  { from, to }: { from: string; to: string },
): Promise<MergedFiles> {
  const files = splitList(await git(['diff-tree', '-r', '-z', '--name-only', '--no-renames', from, to])).map(toText);
  if (files.length === 0) return { files, isClean: true };
  // The index is what a three-way merge compares with: it must be of the files as they are.
  await takeSnapshot({ git, folder, limits, lastTree: from });
  const scratch = await mkdtemp(join(folder.checkpoints, 'merge-'));
  try {
    const patch = join(scratch, 'agent.diff');
    await git([...DIFF, `--output=${patch}`, from, to]);
    // A copy: a conflict leaves entries in an index that no tree can be made of.
    const index = join(scratch, 'index');
    await copyFile(join(folder.checkpoints, 'index'), index);
    const call = { directory: folder.tree, environment: { GIT_INDEX_FILE: index } };
    await git(['apply', '--3way', '--whitespace=nowarn', patch], call);
    return { files, isClean: true };
  } catch (error) {
    if (!(error instanceof WorkspaceError) || error.code !== 'git-failed') throw error;
    return { files, isClean: false };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
