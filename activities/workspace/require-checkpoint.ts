import type { CheckpointRecord } from '../../workflows/domain/checkpoint.ts';
import type { TaskId } from '../../workflows/domain/ids.ts';
import type { TaskStore } from '../store/task-store.ts';
import { WorkspaceError } from './workspace-error.ts';

/** @throws WorkspaceError `no-checkpoint`, which says which there are */
export async function requireCheckpoint(
  store: Pick<TaskStore, 'findCheckpoint'>,
  taskId: TaskId,
  sequence: number,
): Promise<CheckpointRecord> {
  const found = await store.findCheckpoint(taskId, { kind: 'sequence', sequence });
  if (found !== undefined) return found;
  const last = await store.findCheckpoint(taskId, { kind: 'last' });
  const there = last === undefined ? 'it has none' : `it has 0 to ${last.sequence}`;
  throw new WorkspaceError('no-checkpoint', `the task has no checkpoint ${sequence}; ${there}`);
}
