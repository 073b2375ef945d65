import { ApplicationFailure } from '@temporalio/activity';
import { existsSync } from 'node:fs';
import type { TaskId } from '../workflows/domain/ids.ts';
import type { TaskStore, WorkspaceRecord } from './store/task-store.ts';
import type { WorkspaceKeeper } from './workspace/workspace-keeper.ts';

export interface OwnWorkspaceDependencies {
  readonly store: TaskStore;
  readonly hostId: string;
  readonly keeper: WorkspaceKeeper;
}

/** A task's workspace, which is on this host and whole; `undefined` when it has none. @throws ApplicationFailure when it is elsewhere by now */
export async function ownWorkspace(
  { store, hostId, keeper }: OwnWorkspaceDependencies,
  taskId: TaskId,
): Promise<WorkspaceRecord | undefined> {
  const workspace = await store.getWorkspace(taskId);
  if (workspace === undefined) return undefined;
  // A host that was thought gone and is back: its call is waited for by nobody.
  if (workspace.hostId !== hostId)
    throw ApplicationFailure.nonRetryable('another host has the workspace by now', 'WorkspaceMoved');
  if (!existsSync(workspace.directory)) await keeper.restore(taskId, workspace);
  return workspace;
}
