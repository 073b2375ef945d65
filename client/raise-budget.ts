/** Asks a running task's worker to raise its budget. */
import type { Client } from '@temporalio/client';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { TaskBudget } from '../workflows/domain/budget.ts';
import type { TaskId } from '../workflows/domain/ids.ts';
import { taskWorkflowId } from '../workflows/domain/ids.ts';
import { raiseBudgetUpdate } from '../workflows/messages.ts';
import { toClientError } from './ask-worker.ts';
import { isOpen } from './follow-task.ts';
import { TaskClientError } from './task-client-error.ts';

export interface RaiseBudgetOptions {
  /** The caller's own id of this raise: sent twice under it, it is one. */
  readonly requestId?: string;
}

/** A worker that has to replay a task of 1,000 turns first needs about 2 s. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Gives the budget that holds then. @throws TaskClientError `refused`, `already-ended`, `not-found` or `no-worker` */
export async function raiseBudget(
  client: Client,
  { taskId, raise }: { readonly taskId: TaskId; readonly raise: TaskBudget },
  { requestId }: RaiseBudgetOptions,
): Promise<TaskBudget> {
  const subject = `task ${taskId}`;
  const handle = client.workflow.getHandle(taskWorkflowId(taskId));
  const args: [TaskBudget] = [raise];
  const options = { args, ...(requestId === undefined ? {} : { updateId: requestId }) };
  try {
    const { status } = await handle.describe();
    if (!isOpen(status.name))
      throw new TaskClientError('already-ended', `${subject} has ended already: it spends nothing any more`);
    const deadline = Date.now() + ANSWER_TIMEOUT_MS;
    return await client.connection.withDeadline(deadline, () => handle.executeUpdate(raiseBudgetUpdate, options));
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw toClientError(error, subject);
    throw new TaskClientError('refused', `the budget of ${subject} was not raised: ${error.cause?.message ?? error.message}`, {
      cause: error,
    });
  }
}
