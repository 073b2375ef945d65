/** A contest has the id of a task, and is none: what can be said to a task is said to one of its contenders. */
import type { TaskId } from '../workflows/domain/ids.ts';
import { TaskClientError } from './task-client-error.ts';

/** The type of the workflow, as Temporal tells it. */
const CONTEST_TYPE = 'taskContest';

export function isContest({ type }: { readonly type: string }): boolean {
  return type === CONTEST_TYPE;
}

/** @throws TaskClientError `refused` */
export function assertTask(workflow: { readonly type: string }, taskId: TaskId): void {
  if (!isContest(workflow)) return;
  throw new TaskClientError('refused', `${taskId} is a contest: say it to one of its contenders, such as ${taskId}-1`);
}
