import { ApplicationFailure } from '@temporalio/activity';
import { join } from 'node:path';
import type { OpenWorkspaceInput, OpenWorkspaceResult } from '../workflows/activity-interfaces.ts';
import type { TaskId } from '../workflows/domain/ids.ts';
import { hostQueue } from '../workflows/domain/task-queues.ts';
import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { SandboxPolicy } from './sandbox/choose-sandbox.ts';
import { collectContext } from './conversation/collect-context.ts';
import { chooseSandbox } from './sandbox/choose-sandbox.ts';
import type { SandboxProbe } from './sandbox/sandbox.ts';
import type { TaskStore, WorkspaceRecord } from './store/task-store.ts';
import type { WorkspaceKeeper } from './workspace/workspace-keeper.ts';
import { closeWorkspace } from './workspace/close-workspace.ts';
import { openWorkspace } from './workspace/open-workspace.ts';

export interface OpenWorkspaceDependencies {
  readonly store: TaskStore;
  readonly hostId: string;
  readonly dataDirectory: string;
  readonly sandboxPolicy: SandboxPolicy;
  readonly sandboxProbe: SandboxProbe;
  readonly keeper: WorkspaceKeeper;
}

/** Where a task's files are on its host. */
export function workspaceDirectory(dataDirectory: string, taskId: TaskId): string {
  return join(dataDirectory, 'workspaces', taskId);
}

/** The activity `openWorkspace`: refuses before it copies, and gives the same workspace when it is asked again. */
export function createOpenWorkspace(dependencies: OpenWorkspaceDependencies) {
  return (input: OpenWorkspaceInput): Promise<OpenWorkspaceResult> =>
    withHeartbeat(async () => {
      try {
        return await openForTask(dependencies, input);
      } catch (error) {
        throw toActivityFailure(error);
      }
    });
}

async function openForTask(
  { store, hostId, dataDirectory, sandboxPolicy, sandboxProbe, keeper }: OpenWorkspaceDependencies,
  { repository, includeUncommitted, sandbox: asked, folder, from }: OpenWorkspaceInput,
): Promise<OpenWorkspaceResult> {
  const taskId = currentTaskId();
  const before = await store.getWorkspace(taskId);
  if (before !== undefined) {
    // A worker may have died between the two; on another host there is nothing to be done.
    if (before.hostId === hostId) await keeper.open(taskId, before);
    return { queue: hostQueue(before.hostId), baseCommit: before.baseCommit };
  }
  const chosen = chooseSandbox(sandboxPolicy, asked, sandboxProbe);
  if (chosen.kind === 'refuse') throw ApplicationFailure.nonRetryable(chosen.reason, 'SandboxRefused');
  if (from !== undefined) {
    const forked = await keeper.fork(taskId, from);
    return { queue: hostQueue(forked.hostId), baseCommit: forked.baseCommit };
  }
  const directory = workspaceDirectory(dataDirectory, taskId);
  const workspace = await openWorkspace({ repository, includeUncommitted, directory });
  const place = { taskId, workspace: workspace.directory, repository, folder };
  const context = await collectContext(store, place).catch(async (error: unknown) => {
    // A task that names no folder of it fails, and nobody would close what has no record.
    await closeWorkspace(directory);
    throw error;
  });
  const opened: WorkspaceRecord = { ...workspace, hostId, repository, sandbox: chosen.sandbox, ...context };
  await store.putWorkspace(taskId, opened);
  await keeper.open(taskId, opened);
  return { queue: hostQueue(hostId), baseCommit: workspace.baseCommit };
}
