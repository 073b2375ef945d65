/** A task's files for an agent of it, and what the agent made of them back again. */
import { mkdir, realpath, rm } from 'node:fs/promises';
import type { TaskId } from '../../workflows/domain/ids.ts';
import type { TaskStore, WorkspaceRecord } from '../store/task-store.ts';
import { prepareFirstIndex } from './checkpoint-index.ts';
import { gitOfCheckpoints } from './checkpoint-repository.ts';
import type { MergedFiles } from './merge-trees.ts';
import { mergeTrees } from './merge-trees.ts';
import type { MoveDependencies } from './move-workspace.ts';
import { workspaceDirectory } from './move-workspace.ts';
import { addPack } from './packs.ts';
import { rebuildCheckpoints } from './rebuild-checkpoints.ts';
import { repairGitFolder } from './repair-git-folder.ts';
import { requireCheckpoint } from './require-checkpoint.ts';
import { restoreTree } from './restore-tree.ts';
import type { CheckpointLimits } from './scan-tree.ts';
import { WorkspaceError } from './workspace-error.ts';
import { folderOfTree, workspaceFolder } from './workspace-folder.ts';

/** A workspace of this host with another task's files, as its newest checkpoint has them. @throws WorkspaceError */
export async function forkWorkspace(
  { store, hostId, dataDirectory }: MoveDependencies,
  taskId: TaskId,
  from: TaskId,
): Promise<WorkspaceRecord> {
  const [parent, checkpoints] = await Promise.all([store.getWorkspace(from), store.listCheckpoints(from)]);
  const last = checkpoints.at(-1) ?? (await requireCheckpoint(store, from, 0));
  if (parent === undefined) throw new WorkspaceError('no-workspace', 'the task that asked for an agent has no workspace');
  const root = workspaceDirectory(dataDirectory, taskId);
  await mkdir(root, { recursive: true });
  const folder = workspaceFolder(await realpath(root));
  const workspace: WorkspaceRecord = { ...parent, hostId, directory: folder.tree, baseTree: last.tree };
  await Promise.all([folder.tree, folder.git].map((part) => rm(part, { recursive: true, force: true })));
  await rebuildCheckpoints({ store, workspace, checkpoints, folder: folder.checkpoints });
  const git = gitOfCheckpoints(folder.checkpoints, folder.tree);
  await restoreTree(git, folder, last);
  await prepareFirstIndex(git, folder.tree);
  await repairGitFolder(folder, workspace);
  return workspace;
}

/** Brings into a tree what another task changed since it began; `undefined`: that has no files. @throws WorkspaceError */
export async function mergeTask(
  { store, limits }: { readonly store: TaskStore; readonly limits: CheckpointLimits },
  directory: string,
  other: TaskId,
): Promise<MergedFiles | undefined> {
  const checkpoints = await store.listCheckpoints(other);
  const [first, last] = [checkpoints[0], checkpoints.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const folder = folderOfTree(directory);
  const git = gitOfCheckpoints(folder.checkpoints, folder.tree);
  for (const { pack } of checkpoints) await addPack(git, store, pack);
  return mergeTrees({ git, folder, limits }, { from: first.tree, to: last.tree });
}
