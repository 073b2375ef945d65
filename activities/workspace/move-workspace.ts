/** A workspace of a lost host, built again here. */
import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointRecord } from '../../workflows/domain/checkpoint.ts';
import type { TaskId } from '../../workflows/domain/ids.ts';
import type { TaskStore, WorkspaceRecord } from '../store/task-store.ts';
import type { Git } from './checkpoint-repository.ts';
import { gitOfCheckpoints, hasObject } from './checkpoint-repository.ts';
import { prepareFirstIndex } from './checkpoint-index.ts';
import { closeWorkspace } from './close-workspace.ts';
import { removeTree } from './locked-folders.ts';
import { rebuildCheckpoints } from './rebuild-checkpoints.ts';
import { repairGitFolder } from './repair-git-folder.ts';
import { restoreTree } from './restore-tree.ts';
import { WorkspaceError } from './workspace-error.ts';
import { workspaceFolder } from './workspace-folder.ts';

export interface MoveRequest {
  readonly taskId: TaskId;
  readonly lost: WorkspaceRecord;
  readonly prepare: (workspace: WorkspaceRecord) => Promise<void>;
}

export interface MoveDependencies {
  readonly store: TaskStore;
  readonly hostId: string;
  readonly dataDirectory: string;
}

/** Where a task's files are on its host. */
export function workspaceDirectory(dataDirectory: string, taskId: TaskId): string {
  return join(dataDirectory, 'workspaces', taskId);
}

/** @throws WorkspaceError `base-missing`, `no-checkpoint` */
export async function moveWorkspace(
  { store, hostId, dataDirectory }: MoveDependencies,
  { taskId, lost, prepare }: MoveRequest,
): Promise<WorkspaceRecord> {
  const root = workspaceDirectory(dataDirectory, taskId);
  await mkdir(root, { recursive: true });
  const folder = workspaceFolder(await realpath(root));
  const workspace: WorkspaceRecord = { ...lost, hostId, directory: folder.tree };
  await removeTree(folder.tree);
  await removeTree(folder.git);
  const checkpoints = await store.listCheckpoints(taskId);
  await rebuildCheckpoints({ store, workspace, checkpoints, folder: folder.checkpoints });
  const git = gitOfCheckpoints(folder.checkpoints, folder.tree);
  await restoreTree(git, folder, await stateOf(git, workspace, checkpoints.at(-1)));
  if (checkpoints.length === 0) await prepareFirstIndex(git, folder.tree);
  await repairGitFolder(folder, workspace);
  await prepare(workspace);
  const held = await store.claimWorkspace(taskId, lost.hostId, workspace);
  if (held.hostId !== hostId) await closeWorkspace(folder.root);
  return held;
}

/** A host that was lost while it opened the workspace has left no checkpoint: then the base itself is the state, where it can be had. */
async function stateOf(
  git: Git,
  { baseTree }: WorkspaceRecord,
  last: CheckpointRecord | undefined,
): Promise<Pick<CheckpointRecord, 'tree' | 'emptyFolders' | 'leftOut'>> {
  if (last !== undefined) return last;
  if (await hasObject(git, baseTree)) return { tree: baseTree, emptyFolders: [], leftOut: [] };
  throw new WorkspaceError(
    'no-checkpoint',
    'the host of this workspace was lost before its first checkpoint, and with it the uncommitted changes that the task was to begin with: start the task again',
  );
}
