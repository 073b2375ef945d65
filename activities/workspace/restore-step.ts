/** Which state of a workspace a step must begin with again, and which a task goes back to. */
import type { CheckpointRecord, CheckpointStep } from '../../workflows/domain/checkpoint.ts';
import type { TaskId } from '../../workflows/domain/ids.ts';
import type { TaskStore, WorkspaceRecord } from '../store/task-store.ts';
import type { WorkspaceKeeper } from './workspace-keeper.ts';

export interface RestoreDependencies {
  readonly store: Pick<TaskStore, 'listCheckpoints'>;
  readonly keeper: Pick<WorkspaceKeeper, 'restore'>;
}

/** A step that is to run again may have left a checkpoint already: it begins with the one before. */
export function restoreBefore(
  dependencies: RestoreDependencies,
  { taskId, workspace }: { readonly taskId: TaskId; readonly workspace: WorkspaceRecord },
  { turn, callId }: CheckpointStep,
): Promise<CheckpointRecord | undefined> {
  return restoreNewest(dependencies, { taskId, workspace }, (step) => step.turn !== turn || step.callId !== callId);
}

/** The newest checkpoint of a step that counts; the opening always does. */
export async function restoreNewest(
  { store, keeper }: RestoreDependencies,
  { taskId, workspace }: { readonly taskId: TaskId; readonly workspace: WorkspaceRecord },
  counts: (step: CheckpointStep) => boolean,
): Promise<CheckpointRecord | undefined> {
  const all = await store.listCheckpoints(taskId);
  const chosen = all.findLast((checkpoint) => checkpoint.sequence === 0 || counts(checkpoint));
  return chosen === undefined || chosen === all.at(-1)
    ? keeper.restore(taskId, workspace)
    : keeper.restore(taskId, workspace, chosen.sequence);
}
