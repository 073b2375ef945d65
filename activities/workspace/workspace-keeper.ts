/**
 * Keeps a task's files through whatever comes: a checkpoint after every step that changed some, put back when a step must run again, made
 * again when the tree or the whole host is gone. The user's repository is only read.
 */
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TaskId } from '../../workflows/domain/ids.ts';
import type { CheckpointRecord, TaskStore, WorkspaceRecord } from '../store/task-store.ts';
import type { CheckpointStep } from './checkpoint-commits.ts';
import {
  commitBase,
  commitStep,
  createBundle,
  CURRENT,
  currentCheckpoint,
  hasCommit,
  setCurrentCheckpoint,
  takeBundle,
  treeOf,
} from './checkpoint-commits.ts';
import { gitInWorkspace } from './git.ts';
import { layOut, linkTree } from './lay-out.ts';
import type { MergedFiles } from './merge-trees.ts';
import { mergeTrees } from './merge-trees.ts';
import { restoreTree } from './restore-tree.ts';
import { takeSnapshot } from './take-snapshot.ts';
import type { TaskGit } from './task-git.ts';
import { gitFolderOf, taskGit } from './task-git.ts';
import { WorkspaceError } from './workspace-error.ts';

export interface WorkspaceKeeperOptions {
  readonly store: TaskStore;
  readonly hostId: string;
  readonly dataDirectory: string;
  /** A larger file is left out of checkpoints, and named there. */
  readonly largestFileBytes: number;
  /** Whether the base is kept, too, for hosts that do not have the user's repository; above so many bytes the opening fails. */
  readonly keepBase: { readonly largestBytes: number } | null;
}

/** Which checkpoint is put back: by default the newest. */
export interface RestoreTo {
  /** The newest that was taken before this step. */
  readonly before?: CheckpointStep;
  /** Only those of steps that count. */
  keep?(step: CheckpointStep): boolean;
}

export interface WorkspaceKeeper {
  /** Once, when the workspace was opened; repeated, it changes nothing. */
  open(taskId: TaskId, workspace: WorkspaceRecord): Promise<void>;
  /** After a step; `undefined`: no file changed. Repeated for the same step it is the same commit. */
  checkpoint(taskId: TaskId, workspace: WorkspaceRecord, step: CheckpointStep): Promise<CheckpointRecord | undefined>;
  /** Has the files as they were; ignored ones are left as they are. Gives the checkpoint. */
  restore(taskId: TaskId, workspace: WorkspaceRecord, to?: RestoreTo): Promise<CheckpointRecord | undefined>;
  /** Makes the workspace again from its newest checkpoint when its folder is gone; does nothing otherwise. */
  ensure(taskId: TaskId, workspace: WorkspaceRecord): Promise<void>;
  /** The files as they are now, also what changed since the last step. */
  treeNow(taskId: TaskId, workspace: WorkspaceRecord): Promise<string>;
  /** Opens a workspace with the files of another task, as its newest checkpoint has them. */
  fork(taskId: TaskId, from: TaskId): Promise<WorkspaceRecord>;
  /** Brings into a tree what another task changed since it began; `undefined`: that has no files. */
  merge(directory: string, other: TaskId): Promise<MergedFiles | undefined>;
  /** Makes the workspace of another host here, and is its host from then on; gives the record as it then is. */
  moveHere(taskId: TaskId, lost: WorkspaceRecord): Promise<WorkspaceRecord>;
}

const OPENING: CheckpointStep = { turn: 0, callId: '' };
/** No model's call has it: theirs are stored as they wrote them. */
const AT_THE_END = '(end)';
const BASE_SEQUENCE = -1;
/** Of tasks that began before there were checkpoints. */
const NO_CHECKPOINT = undefined;

export function createWorkspaceKeeper(options: WorkspaceKeeperOptions): WorkspaceKeeper {
  const { store, hostId, dataDirectory } = options;
  const keeper: WorkspaceKeeper = {
    async open(taskId, workspace) {
      if ((await store.listCheckpoints(taskId)).length > 0) return;
      const git = taskGit(workspace.directory);
      const base = await commitBase(git, workspace.baseCommit);
      await keepBase(options, taskId, { git, base });
      await setCurrentCheckpoint(git, base);
      await record(options, taskId, { workspace, step: OPENING, last: undefined });
    },
    async checkpoint(taskId, workspace, step) {
      const last = (await store.listCheckpoints(taskId)).at(-1);
      if (last === undefined) return NO_CHECKPOINT;
      return record(options, taskId, { workspace, step, last });
    },
    async restore(taskId, workspace, to = {}) {
      const chosen = choose(await store.listCheckpoints(taskId), to);
      if (chosen === undefined) return NO_CHECKPOINT;
      await putBack(options, taskId, { workspace, chosen });
      return chosen;
    },
    async ensure(taskId, workspace) {
      const isThere = existsSync(join(gitFolderOf(workspace.directory), 'HEAD')) && existsSync(workspace.directory);
      if (!isThere) await keeper.restore(taskId, workspace);
    },
    async treeNow(taskId, workspace) {
      await keeper.ensure(taskId, workspace);
      const last = (await store.listCheckpoints(taskId)).at(-1);
      if (last === undefined) return (await takeSnapshot(workspace.directory, options)).tree;
      const step = { turn: last.turn, callId: AT_THE_END };
      return ((await record(options, taskId, { workspace, step, last })) ?? last).tree;
    },
    async fork(taskId, from) {
      const record = await forkWorkspace(options, taskId, from);
      await store.putWorkspace(taskId, record);
      await setCurrentCheckpoint(taskGit(record.directory), await commitBase(taskGit(record.directory), record.baseCommit));
      await keeper.open(taskId, record);
      return record;
    },
    merge: (directory, other) => mergeTask(store, directory, other),
    async moveHere(taskId, lost) {
      const directory = join(dataDirectory, 'workspaces', taskId, 'tree');
      const here: WorkspaceRecord = { ...lost, hostId, directory };
      await rm(dirname(directory), { recursive: true, force: true });
      const chosen = choose(await store.listCheckpoints(taskId), {});
      if (chosen === undefined) throw notKept();
      await putBack(options, taskId, { workspace: here, chosen });
      if (await store.moveWorkspace(taskId, lost.hostId, here)) return here;
      return (await store.getWorkspace(taskId)) ?? here;
    },
  };
  return keeper;
}

async function mergeTask(store: TaskStore, directory: string, other: TaskId): Promise<MergedFiles | undefined> {
  const [workspace, all] = await Promise.all([store.getWorkspace(other), store.listCheckpoints(other)]);
  const [from, to] = [all.find(({ sequence }) => sequence === 0), all.at(-1)];
  if (workspace === undefined || from === undefined || to === undefined) return undefined;
  const git = taskGit(directory);
  await fetchChain(store, other, { git, workspace, chosen: to });
  return mergeTrees(git, directory, { from: from.tree, to: to.tree });
}

async function forkWorkspace({ store, hostId, dataDirectory }: WorkspaceKeeperOptions, taskId: TaskId, from: TaskId) {
  const [parent, all] = await Promise.all([store.getWorkspace(from), store.listCheckpoints(from)]);
  const chosen = choose(all, {});
  if (parent === undefined || chosen === undefined) throw notKept();
  const directory = join(dataDirectory, 'workspaces', taskId, 'tree');
  // Items are a task's own: the project's instructions are given to the new one, too.
  const items = await Promise.all((parent.contextItems ?? []).map((item) => store.getItem(from, item)));
  const contextItems = items.length === 0 ? {} : { contextItems: await store.putItems(taskId, items) };
  const record: WorkspaceRecord = { ...parent, ...contextItems, hostId, directory, baseTree: chosen.tree };
  await putBack({ store }, from, { workspace: record, chosen });
  return record;
}

function choose(checkpoints: readonly CheckpointRecord[], { before, keep }: RestoreTo): CheckpointRecord | undefined {
  return checkpoints.findLast(
    ({ sequence, turn, callId }) =>
      sequence >= 0 &&
      !(before !== undefined && turn === before.turn && callId === before.callId) &&
      (turn === OPENING.turn || keep === undefined || keep({ turn, callId })),
  );
}

interface Taken {
  readonly workspace: WorkspaceRecord;
  readonly step: CheckpointStep;
  /** The newest one so far; `undefined`: this is the first. */
  readonly last: CheckpointRecord | undefined;
}

async function record(options: WorkspaceKeeperOptions, taskId: TaskId, { workspace, step, last }: Taken) {
  const { store, hostId } = options;
  const git = taskGit(workspace.directory);
  const snapshot = await takeSnapshot(workspace.directory, options);
  const parent = (await currentCheckpoint(git)) ?? last?.commit;
  if (parent === undefined)
    throw new WorkspaceError('git-failed', `the workspace ${workspace.directory} has lost its checkpoints`);
  const { tree, ...rest } = snapshot;
  const parentTree = await treeOf(git, parent);
  const isUnchanged = tree === parentTree && tree === last?.tree && same(rest.emptyFolders, last.emptyFolders);
  if (isUnchanged) return undefined;
  const commit = await commitStep(git, tree, { parent, step });
  const bundle = await createBundle(git, commit, parent);
  const checkpoint: CheckpointRecord = {
    sequence: last === undefined ? 0 : last.sequence + 1,
    commit,
    parent,
    tree,
    ...rest,
    ...step,
    filesChanged: await countChanged(git, parentTree, tree),
    bundleBytes: bundle.length,
    takenMs: Date.now(),
  };
  if (!(await store.putCheckpoint(taskId, checkpoint, { bundle, hostId }))) throw moved();
  await setCurrentCheckpoint(git, commit);
  return checkpoint;
}

function same(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((path, index) => path === right[index]);
}

async function countChanged(git: TaskGit, from: string, to: string): Promise<number> {
  return (await git.list('diff-tree', '-r', '-z', '--name-only', '--no-renames', from, to)).length;
}

async function keepBase(
  { store, hostId, keepBase: limit }: WorkspaceKeeperOptions,
  taskId: TaskId,
  { git, base }: { readonly git: TaskGit; readonly base: string },
): Promise<void> {
  if (limit === null) return;
  const bundle = await createBundle(git, base);
  if (bundle.length > limit.largestBytes) throw baseTooLarge(bundle.length, limit.largestBytes);
  const tree = await treeOf(git, base);
  const checkpoint: CheckpointRecord = {
    ...{ sequence: BASE_SEQUENCE, commit: base, tree, parent: '', ...OPENING },
    ...{ filesChanged: 0, bundleBytes: bundle.length, left: [], emptyFolders: [], takenMs: Date.now() },
  };
  if (!(await store.putCheckpoint(taskId, checkpoint, { bundle, hostId }))) throw moved();
}

/** Also when tree and git folder are gone: then everything comes from the repository, or the kept base, and the bundles. */
async function putBack(
  { store }: Pick<WorkspaceKeeperOptions, 'store'>,
  taskId: TaskId,
  { workspace, chosen }: { readonly workspace: WorkspaceRecord; readonly chosen: CheckpointRecord },
): Promise<void> {
  const { directory } = workspace;
  await mkdir(dirname(directory), { recursive: true });
  const isNew = !existsSync(join(gitFolderOf(directory), 'HEAD'));
  if (isNew) await layOut(workspace);
  await linkTree(directory);
  const git = taskGit(directory);
  if (!(await hasCommit(git, chosen.commit))) await fetchChain(store, taskId, { git, workspace, chosen });
  await restoreTree(git, directory, chosen);
  await setCurrentCheckpoint(git, chosen.commit);
  if (isNew) await showBase(git, workspace);
}

/** What the task's own git commands see: where it began. Of a base without its history, a snapshot is all there is. */
async function showBase(git: TaskGit, { directory, baseCommit }: WorkspaceRecord): Promise<void> {
  const head = (await hasCommit(git, baseCommit)) ? baseCommit : await rootOf(git);
  await git.run('update-ref', '--no-deref', 'HEAD', head);
  await gitInWorkspace({ directory, args: ['read-tree', head] });
  await gitInWorkspace({ directory, args: ['update-index', '-q', '--refresh'] }).catch(() => undefined);
}

async function rootOf(git: TaskGit): Promise<string> {
  return (await git.run('rev-list', '--max-parents=0', CURRENT)).trim();
}

async function fetchChain(
  store: TaskStore,
  taskId: TaskId,
  { git, workspace, chosen }: { readonly git: TaskGit; readonly workspace: WorkspaceRecord; readonly chosen: CheckpointRecord },
): Promise<void> {
  const all = await store.listCheckpoints(taskId);
  const byCommit = new Map(all.map((checkpoint) => [checkpoint.commit, checkpoint]));
  const chain: CheckpointRecord[] = [];
  for (let next: CheckpointRecord | undefined = chosen; next !== undefined; next = byCommit.get(next.parent)) {
    if (await hasCommit(git, next.commit)) break;
    chain.push(next);
  }
  const oldest = chain.at(-1);
  if (oldest !== undefined && oldest.sequence !== BASE_SEQUENCE && !(await hasCommit(git, oldest.parent))) {
    if (!(await hasCommit(git, workspace.baseCommit))) throw baseMissing(workspace);
    await commitBase(git, workspace.baseCommit);
  }
  for (const { sequence } of chain.toReversed()) await takeBundle(git, await store.readBundle(taskId, sequence));
}

function moved(): WorkspaceError {
  return new WorkspaceError('moved', 'another host has the workspace by now: what this one still did does not count');
}

function notKept(): WorkspaceError {
  return new WorkspaceError(
    'not-kept',
    'the host of the workspace is gone, and the task was begun before files were kept elsewhere',
  );
}

function baseMissing({ repository, baseCommit }: WorkspaceRecord): WorkspaceError {
  return new WorkspaceError(
    'not-kept',
    `the workspace cannot be made here: ${repository} is not on this host, or no longer has the commit ${baseCommit.slice(0, 12)}; ` +
      'have hosts share the path, or set "workspaces: { base: always }", which keeps it in the task store',
  );
}

function baseTooLarge(bytes: number, largestBytes: number): WorkspaceError {
  return new WorkspaceError(
    'too-large',
    `the files of the repository take ${bytes} bytes, and the task store keeps at most ${largestBytes} of a task's base; ` +
      'raise "workspaces.largestBaseMib", or set "workspaces.base" to never and have hosts share the repository',
  );
}
