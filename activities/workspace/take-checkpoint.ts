/** One checkpoint: what changed since the last one, as a commit here and a pack in the task store. */
import type { CheckpointRecord, CheckpointStep } from '../../workflows/domain/checkpoint.ts';
import type { TaskId } from '../../workflows/domain/ids.ts';
import { digestOf } from '../digest.ts';
import type { TaskStore, WorkspaceRecord } from '../store/task-store.ts';
import { splitList } from './byte-path.ts';
import type { Git } from './checkpoint-repository.ts';
import { BASE_REF, checkpointRef, commitTree } from './checkpoint-repository.ts';
import { storePack, withPack } from './packs.ts';
import { readRef } from './rebuild-checkpoints.ts';
import type { Snapshot } from './take-snapshot.ts';
import { WorkspaceError } from './workspace-error.ts';
import type { WorkspaceFolder } from './workspace-folder.ts';

export interface CheckpointPlan {
  readonly store: TaskStore;
  readonly hostId: string;
  readonly taskId: TaskId;
  readonly workspace: Pick<WorkspaceRecord, 'baseTree'>;
  readonly folder: WorkspaceFolder;
  readonly git: Git;
  readonly last: CheckpointRecord | undefined;
  readonly step: CheckpointStep;
}

/** Gives what the store has then. @throws WorkspaceError `moved` when the workspace is another host's by now */
export async function storeCheckpoint(plan: CheckpointPlan, snapshot: Snapshot): Promise<CheckpointRecord> {
  const { store, hostId, taskId, folder, git, last, step } = plan;
  const sequence = (last?.sequence ?? -1) + 1;
  const parent = last?.commit ?? (await requireBase(folder));
  const commit = await commitTree(git, { tree: snapshot.tree, parent, message: messageOf(plan, snapshot) });
  // A host without the repository needs the tree that the task began with, too: diffs are told against it.
  const include = sequence === 0 ? [commit, plan.workspace.baseTree] : [commit];
  const pack = withPack(git, { folder: folder.checkpoints, include, exclude: [parent] }, (file) => storePack(store, file));
  const [stored, changes] = await Promise.all([
    pack,
    git(['diff-tree', '-r', '-z', '--name-only', '--no-renames', parent, commit]),
    git(['update-ref', checkpointRef(sequence), commit]),
  ]);
  const record = { ...snapshot, ...step, sequence, commit, parent, pack: stored, atMs: Date.now() };
  const entry = await store.putCheckpoint(taskId, hostId, { ...record, changedFiles: splitList(changes).length });
  if (entry !== undefined) return entry;
  throw new WorkspaceError('moved', 'another host has taken this workspace over; what was done here since is given up');
}

/** The digest of the step makes the commit of a retried step the same, and tells nobody what the step was. */
function messageOf({ taskId, step }: CheckpointPlan, { emptyFolders, leftOut }: Snapshot): string {
  const besides = [emptyFolders, leftOut.map(({ path }) => path)];
  const trailers = [`Anyport-Step: ${digestOf([taskId, step.turn, step.callId])}`, `Anyport-Besides: ${digestOf(besides)}`];
  return `Checkpoint\n\n${trailers.join('\n')}\n`;
}

async function requireBase({ checkpoints }: WorkspaceFolder): Promise<string> {
  const base = await readRef(checkpoints, BASE_REF);
  if (base !== undefined) return base;
  throw new WorkspaceError('git-failed', `the repository ${checkpoints} has no ${BASE_REF}: it was damaged while it was used`);
}
