import { ApplicationFailure } from '@temporalio/activity';
import { existsSync } from 'node:fs';
import type { MoveWorkspaceInput, MoveWorkspaceResult } from '../workflows/activity-interfaces.ts';
import type { TaskId } from '../workflows/domain/ids.ts';
import { hostQueue } from '../workflows/domain/task-queues.ts';
import { activitySignal } from './activity-signal.ts';
import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { HostBeats } from './health/host-beats.ts';
import type { OpenWorkspaceDependencies } from './open-workspace.ts';
import { chooseSandbox } from './sandbox/choose-sandbox.ts';
import type { WorkspaceRecord } from './store/task-store.ts';
import { WorkspaceError } from './workspace/workspace-error.ts';

export interface MoveWorkspaceDependencies extends OpenWorkspaceDependencies {
  readonly hostBeats: HostBeats;
}

/**
 * The activity `moveWorkspace`: whichever host takes it rebuilds the workspace from its last checkpoint. One that cannot, for want of a
 * sandbox or of the repository, leaves it to be retried by another.
 */
export function createMoveWorkspace(dependencies: MoveWorkspaceDependencies) {
  return ({ from }: MoveWorkspaceInput): Promise<MoveWorkspaceResult> =>
    withHeartbeat(async () => {
      try {
        const { hostId } = await moveFrom(dependencies, currentTaskId(), from);
        return { queue: hostQueue(hostId) };
      } catch (error) {
        throw toActivityFailure(error);
      }
    });
}

async function moveFrom(dependencies: MoveWorkspaceDependencies, taskId: TaskId, from: string): Promise<WorkspaceRecord> {
  const { store, hostId, keeper, setUp } = dependencies;
  const lost = await store.getWorkspace(taskId);
  if (lost === undefined) throw new WorkspaceError('no-workspace', 'the task has no workspace that could be moved');
  if (lost.hostId === hostId) {
    // It was thought lost and is not: its files are as they were, unless they went.
    if (!existsSync(lost.directory)) await keeper.restore(taskId, lost);
    return lost;
  }
  // Another host has it by now, or the one that did not answer has its hands full.
  const isElsewhere = from !== '' && hostQueue(lost.hostId) !== from;
  if (isElsewhere || (await dependencies.hostBeats.isAlive(lost.hostId))) return lost;
  assertConfined(dependencies, lost);
  const signal = activitySignal();
  let wasPrepared = false;
  const held = await keeper.moveHere(taskId, lost, async (workspace) => {
    wasPrepared = await setUp(workspace, { signal, mayKeep: false });
  });
  if (wasPrepared && held.hostId === hostId) await keeper.restore(taskId, held);
  return held;
}

/** A task goes on as confined as it began, or elsewhere. */
function assertConfined({ sandboxPolicy, sandboxProbe }: OpenWorkspaceDependencies, { sandbox }: WorkspaceRecord): void {
  const chosen = chooseSandbox(sandboxPolicy, sandbox, sandboxProbe);
  if (chosen.kind === 'use' && chosen.sandbox === sandbox) return;
  const reason =
    chosen.kind === 'refuse' ? chosen.reason : `commands are confined by "${chosen.sandbox}" here, not by "${sandbox}"`;
  throw ApplicationFailure.create({ type: 'SandboxRefused', message: reason, nonRetryable: false });
}
