/** Asks a running task's worker to raise its budget. */
import type { Client } from '@temporalio/client';
import type { TaskBudget } from '../workflows/domain/budget.ts';
import type { TaskId } from '../workflows/domain/ids.ts';
import { raiseBudgetUpdate } from '../workflows/messages.ts';
import { updateTask } from './update-task.ts';

export interface RaiseBudgetOptions {
  /** The caller's own id of this raise: sent twice under it, it is one. */
  readonly requestId?: string;
}

/** Gives the budget that holds then. @throws TaskClientError `refused`, `already-ended`, `not-found` or `no-worker` */
export function raiseBudget(
  client: Client,
  { taskId, raise }: { readonly taskId: TaskId; readonly raise: TaskBudget },
  { requestId }: RaiseBudgetOptions,
): Promise<TaskBudget> {
  return updateTask(client, {
    taskId,
    update: raiseBudgetUpdate,
    input: raise,
    requestId,
    refused: `the budget of task ${taskId} was not raised`,
    ended: 'it spends nothing any more',
  });
}
