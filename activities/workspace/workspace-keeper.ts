/**
 * Keeps what a task's workspace came to, step by step, and brings it back: in place after a step that was cut off, or on another host. A
 * task's calls are served one after the other.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckpointRecord, CheckpointStep } from '../../workflows/domain/checkpoint.ts';
import { CLOSING_STEP, OPENING_STEP } from '../../workflows/domain/checkpoint.ts';
import type { TaskId } from '../../workflows/domain/ids.ts';
import type { TaskStore, WorkspaceRecord } from '../store/task-store.ts';
import type { BaseLimits } from './base-snapshot.ts';
import { shipBase } from './base-snapshot.ts';
import { prepareFirstIndex } from './checkpoint-index.ts';
import type { Git } from './checkpoint-repository.ts';
import { gitOfCheckpoints } from './checkpoint-repository.ts';
import { forkWorkspace, mergeTask } from './fork-workspace.ts';
import { listEmptyFolders } from './list-empty-folders.ts';
import type { MergedFiles } from './merge-trees.ts';
import { moveWorkspace } from './move-workspace.ts';
import { createQueues } from './one-by-one.ts';
import { rebuildCheckpoints, reaches } from './rebuild-checkpoints.ts';
import { repairGitFolder } from './repair-git-folder.ts';
import { requireCheckpoint } from './require-checkpoint.ts';
import { restoreTree } from './restore-tree.ts';
import type { CheckpointLimits } from './scan-tree.ts';
import { storeCheckpoint } from './take-checkpoint.ts';
import type { Snapshot } from './take-snapshot.ts';
import { isSame, resetIndex, takeSnapshot } from './take-snapshot.ts';
import { WorkspaceError } from './workspace-error.ts';
import type { WorkspaceFolder } from './workspace-folder.ts';
import { folderOfTree } from './workspace-folder.ts';

export type WorkspaceLimits = CheckpointLimits & BaseLimits;

export interface KeeperDependencies {
  readonly store: TaskStore;
  readonly hostId: string;
  /** Absolute. */
  readonly dataDirectory: string;
  readonly limits: WorkspaceLimits;
}

export interface WorkspaceKeeper {
  /** Ships the base where that is wanted; for the record of a workspace that is being opened. @throws WorkspaceError `base-too-large` */
  shipBase(workspace: Pick<WorkspaceRecord, 'directory'>): Promise<Pick<WorkspaceRecord, 'base'>>;
  /** Checkpoint 0, the state at opening; the same again when it is there. */
  begin(taskId: TaskId, workspace: WorkspaceRecord): Promise<CheckpointRecord>;
  /**
   * The state after a step. `undefined`: nothing changed. A repeated call gives the same record.
   * @throws WorkspaceError `moved` when another host has the workspace by now
   */
  checkpoint(taskId: TaskId, workspace: WorkspaceRecord, step: CheckpointStep): Promise<CheckpointRecord | undefined>;
  /** The state that the task leaves, as a last checkpoint if it is a new one; `undefined` when there are neither files nor checkpoints. */
  close(taskId: TaskId, workspace: WorkspaceRecord): Promise<CheckpointRecord | undefined>;
  /**
   * Puts the tree back to the last checkpoint, or to the one of this sequence, even when its folders are gone. Going back further than the last
   * one is a checkpoint of its own, with the step of the old one, so that a later restore does not undo it. Gives the checkpoint that
   * holds then; `undefined`: the task has none, and nothing was touched. Nothing of the task may run meanwhile.
   * @throws WorkspaceError `no-checkpoint`, `base-missing`
   */
  restore(taskId: TaskId, workspace: WorkspaceRecord, to?: number): Promise<CheckpointRecord | undefined>;
  /**
   * Rebuilds on this host the workspace of another one, up to its last checkpoint, and claims it. Gives the record that holds then: of
   * several hosts that do so at once, one wins. `prepare` is run on the files before they are claimed.
   * @throws WorkspaceError `base-missing`, `no-checkpoint`
   */
  moveHere(
    taskId: TaskId,
    lost: WorkspaceRecord,
    prepare?: (workspace: WorkspaceRecord) => Promise<void>,
  ): Promise<WorkspaceRecord>;
  /** Makes here a workspace with another task's files; it is claimed by whoever asks. @throws WorkspaceError */
  fork(taskId: TaskId, from: TaskId): Promise<WorkspaceRecord>;
  /** Brings into a tree what another task changed since it began; `undefined`: that has no files. @throws WorkspaceError */
  merge(directory: string, other: TaskId): Promise<MergedFiles | undefined>;
}

/** What one task's workspace is looked at with. */
interface Kept {
  readonly taskId: TaskId;
  readonly workspace: WorkspaceRecord;
  readonly folder: WorkspaceFolder;
  readonly git: Git;
}

/** Another writer of the same sequence is seen at once, and then this one builds upon it. */
const TRIES = 3;

export function createWorkspaceKeeper(dependencies: KeeperDependencies): WorkspaceKeeper {
  const { store, limits } = dependencies;
  const inTurn = createQueues();
  const serve = <Result>(taskId: TaskId, workspace: WorkspaceRecord, work: (kept: Kept) => Promise<Result>): Promise<Result> => {
    const folder = folderOfTree(workspace.directory);
    return inTurn(taskId, () => work({ taskId, workspace, folder, git: gitOfCheckpoints(folder.checkpoints, folder.tree) }));
  };
  const keeper: WorkspaceKeeper = {
    async shipBase({ directory }) {
      const base = await shipBase(store, folderOfTree(directory).checkpoints, limits);
      return base === undefined ? {} : { base };
    },
    begin: (taskId, workspace) => serve(taskId, workspace, (kept) => begin(dependencies, kept)),
    checkpoint: (taskId, workspace, step) => serve(taskId, workspace, (kept) => checkpoint(dependencies, kept, step)),
    close: (taskId, workspace) => serve(taskId, workspace, (kept) => close(dependencies, kept)),
    restore: (taskId, workspace, to) => serve(taskId, workspace, (kept) => restore(dependencies, kept, to)),
    moveHere: (taskId, lost, prepare = () => Promise.resolve()) =>
      inTurn(taskId, () => moveWorkspace(dependencies, { taskId, lost, prepare })),
    fork: (taskId, from) => inTurn(taskId, () => forkWorkspace(dependencies, taskId, from)),
    merge: (directory, other) => mergeTask(dependencies, directory, other),
  };
  return keeper;
}

async function begin(dependencies: KeeperDependencies, kept: Kept): Promise<CheckpointRecord> {
  const there = await dependencies.store.findCheckpoint(kept.taskId, { kind: 'sequence', sequence: 0 });
  if (there !== undefined) return there;
  await ensureRepository(dependencies, kept, undefined);
  // The index was made of the tree when it was checked out: what a task has done to the files since is no part of this one.
  const { git, folder } = kept;
  const [tree, { emptyFolders }] = await Promise.all([git(['write-tree']), listEmptyFolders(git, folder.tree)]);
  return storeSnapshot(dependencies, kept, {
    step: OPENING_STEP,
    last: undefined,
    snapshot: { tree: tree.trim(), emptyFolders, leftOut: [] },
  });
}

async function checkpoint(
  dependencies: KeeperDependencies,
  kept: Kept,
  step: CheckpointStep,
): Promise<CheckpointRecord | undefined> {
  const { store, limits } = dependencies;
  const { taskId } = kept;
  const earlier = await store.findCheckpoint(taskId, { kind: 'step', ...step });
  for (let tries = 1; ; tries += 1) {
    const last = (await store.findCheckpoint(taskId, { kind: 'last' })) ?? (await begin(dependencies, kept));
    // A step that was done again after a restore has an earlier checkpoint that is the last no more.
    if (earlier?.sequence === last.sequence && step.turn !== CLOSING_STEP.turn) return earlier;
    assertSomething(kept);
    await ensureRepository(dependencies, kept, last);
    const snapshot = await takeSnapshot({ ...kept, limits, lastTree: last.tree });
    if (isSame(last, snapshot)) return earlier;
    const entry = await storeSnapshot(dependencies, kept, { step, last, snapshot });
    if (entry.tree === snapshot.tree || tries >= TRIES) return entry;
  }
}

async function close(dependencies: KeeperDependencies, kept: Kept): Promise<CheckpointRecord | undefined> {
  const { store, hostId } = dependencies;
  const isHere = kept.workspace.hostId === hostId && existsSync(kept.folder.tree);
  const closing = isHere ? await checkpoint(dependencies, kept, CLOSING_STEP) : undefined;
  return closing ?? store.findCheckpoint(kept.taskId, { kind: 'last' });
}

async function restore(
  dependencies: KeeperDependencies,
  kept: Kept,
  to: number | undefined,
): Promise<CheckpointRecord | undefined> {
  const { store } = dependencies;
  const { taskId, workspace, folder, git } = kept;
  const last = await store.findCheckpoint(taskId, { kind: 'last' });
  const target = to === undefined ? last : await requireCheckpoint(store, taskId, to);
  if (last === undefined || target === undefined) return undefined;
  await ensureRepository(dependencies, kept, last);
  await restoreTree(git, folder, target);
  await repairGitFolder(folder, workspace);
  if (target.sequence === last.sequence || isSame(last, target)) return last;
  const { tree, emptyFolders, leftOut, turn, callId } = target;
  return storeSnapshot(dependencies, kept, { step: { turn, callId }, last, snapshot: { tree, emptyFolders, leftOut } });
}

interface NewState {
  readonly step: CheckpointStep;
  readonly last: CheckpointRecord | undefined;
  readonly snapshot: Snapshot;
}

function storeSnapshot(
  dependencies: KeeperDependencies,
  kept: Kept,
  { step, last, snapshot }: NewState,
): Promise<CheckpointRecord> {
  return storeCheckpoint({ ...dependencies, ...kept, step, last }, snapshot);
}

/** A folder that is gone whole was lost with its disk, or removed by somebody: that is no state which the task came to. */
function assertSomething({ folder }: Kept): void {
  if (existsSync(folder.tree) || existsSync(folder.checkpoints)) return;
  throw new WorkspaceError('not-found', `the workspace at ${folder.root} is gone; its last checkpoint can be restored`);
}

/** Makes it again from the task store when it is gone, or has not come as far as the last checkpoint. */
async function ensureRepository(
  { store }: KeeperDependencies,
  { taskId, workspace, folder, git }: Kept,
  last: CheckpointRecord | undefined,
): Promise<void> {
  if ((await reaches(folder.checkpoints, last)) && existsSync(join(folder.checkpoints, 'index'))) return;
  const checkpoints = await store.listCheckpoints(taskId);
  await rebuildCheckpoints({ store, workspace, checkpoints, folder: folder.checkpoints, gitFolder: folder.git });
  await resetIndex(git, folder, last?.tree ?? workspace.baseTree);
  if (last === undefined) await prepareFirstIndex(git, folder.tree);
}
