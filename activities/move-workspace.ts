import { ApplicationFailure } from '@temporalio/activity';
import type { MoveWorkspaceInput, MoveWorkspaceResult } from '../workflows/activity-interfaces.ts';
import { hostQueue } from '../workflows/domain/task-queues.ts';
import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { HostBeats } from './health/host-beats.ts';
import type { TaskStore } from './store/task-store.ts';
import type { WorkspaceKeeper } from './workspace/workspace-keeper.ts';

export interface MoveWorkspaceDependencies {
  readonly store: TaskStore;
  readonly hostId: string;
  readonly keeper: WorkspaceKeeper;
  readonly hostBeats: HostBeats;
}

/**
 * The activity `moveWorkspace`: makes the workspace here, on whichever host that is, unless the one that has it is alive. Of several hosts
 * that try at once, one has it in the end, and all are told which.
 */
export function createMoveWorkspace({ store, hostId, keeper, hostBeats }: MoveWorkspaceDependencies) {
  return ({ from }: MoveWorkspaceInput): Promise<MoveWorkspaceResult> =>
    withHeartbeat(async () => {
      const taskId = currentTaskId();
      try {
        const workspace = await store.getWorkspace(taskId);
        if (workspace === undefined) throw ApplicationFailure.nonRetryable('the task has no workspace', 'BrokenInvariant');
        const queue = hostQueue(workspace.hostId);
        if (workspace.hostId === hostId) {
          await keeper.ensure(taskId, workspace);
          return { queue };
        }
        // Another one has moved it already, or the one that did not answer was busy.
        if ((queue !== from && from !== '') || (await hostBeats.isAlive(workspace.hostId))) return { queue };
        return { queue: hostQueue((await keeper.moveHere(taskId, workspace)).hostId) };
      } catch (error) {
        throw toActivityFailure(error);
      }
    });
}
