/** The state of a tree as git objects: nothing but its changes since the last time is read. */
import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BytePath, CheckpointRecord, LeftOutFile } from '../../workflows/domain/checkpoint.ts';
import { makeFolders } from '../command-user.ts';
import { joinList } from './byte-path.ts';
import type { Git } from './checkpoint-repository.ts';
import { listEmptyFolders } from './list-empty-folders.ts';
import { removeTree } from './locked-folders.ts';
import type { CheckpointLimits, ScannedTree } from './scan-tree.ts';
import { scanTree } from './scan-tree.ts';
import { WorkspaceError } from './workspace-error.ts';
import type { WorkspaceFolder } from './workspace-folder.ts';

export interface Snapshot {
  readonly tree: string;
  readonly leftOut: readonly LeftOutFile[];
  readonly emptyFolders: readonly BytePath[];
}

export interface SnapshotPlan {
  readonly git: Git;
  readonly folder: WorkspaceFolder;
  readonly limits: CheckpointLimits;
  /** What the index is made of again when it is broken. */
  readonly lastTree: string;
}

/** A background process of the task may change a file while git reads it; three times in a row means something else. */
const TRIES = 3;

export async function takeSnapshot({ git, folder, limits, lastTree }: SnapshotPlan): Promise<Snapshot> {
  await assertTree(folder.tree);
  for (let tries = 1; ; tries += 1) {
    try {
      return await readTree({ git, tree: folder.tree, limits }, folder);
    } catch (error) {
      if (!(error instanceof WorkspaceError) || error.code !== 'git-failed' || tries >= TRIES) throw error;
      await resetIndex(git, folder, lastTree);
    }
  }
}

/** An index without knowledge of the files on disk: the next snapshot compares the content of each. */
export async function resetIndex(git: Git, { checkpoints }: Pick<WorkspaceFolder, 'checkpoints'>, tree: string): Promise<void> {
  await Promise.all(['index', 'index.lock'].map((name) => rm(join(checkpoints, name), { force: true })));
  await git(['read-tree', tree]);
}

/** A command without a sandbox may have removed the tree itself; what it put in its place is no tree. */
export async function assertTree(tree: string): Promise<void> {
  const found = await lstat(tree).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  await removeTree(tree);
  await makeFolders(tree);
}

/** Whether a checkpoint says already all that the snapshot would. */
export function isSame(checkpoint: CheckpointRecord, { tree, leftOut, emptyFolders }: Snapshot): boolean {
  const pathsOf = (files: readonly LeftOutFile[]): string => joinList(files.map(({ path }) => path));
  return (
    checkpoint.tree === tree &&
    pathsOf(checkpoint.leftOut) === pathsOf(leftOut) &&
    joinList(checkpoint.emptyFolders) === joinList(emptyFolders)
  );
}

async function readTree(scanned: ScannedTree, { checkpoints }: WorkspaceFolder): Promise<Snapshot> {
  const { git } = scanned;
  // A git that was killed leaves its lock; the index is ours alone, and tasks are served one after the other.
  await rm(join(checkpoints, 'index.lock'), { force: true });
  const { put, drop, leftOut } = await scanTree(scanned);
  if (drop.length > 0) await git(['update-index', '-z', '--force-remove', '--stdin'], { input: joinList(drop) });
  const add = ['update-index', '-z', '--add', '--remove', '--replace', '--stdin'];
  if (put.length > 0) await git(add, { input: joinList(put) });
  const [tree, { emptyFolders, unreadable }] = await Promise.all([git(['write-tree']), listEmptyFolders(git, scanned.tree)]);
  return { tree: tree.trim(), leftOut: [...leftOut, ...unreadable], emptyFolders };
}
