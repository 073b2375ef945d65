/** Updates of a running task, with words for what can be in their way. */
import type { Client, WorkflowUpdateOptions } from '@temporalio/client';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { ApplicationFailure } from '@temporalio/common';
import type { TaskId } from '../workflows/domain/ids.ts';
import { taskWorkflowId } from '../workflows/domain/ids.ts';
import { toClientError, whyUnanswered } from './ask-worker.ts';
import { assertTask } from './contest-kind.ts';
import { isOpen } from './follow-task.ts';
import type { TaskClientProblem } from './task-client-error.ts';
import { TaskClientError } from './task-client-error.ts';

/** A worker that has to replay a task of 1,000 turns first needs about 2 s. */
export const ANSWER_TIMEOUT_MS = 10_000;

/** By the type of the failure. */
const PROBLEMS: ReadonlyMap<string, TaskClientProblem> = new Map([
  ['ApprovalRefused.answered', 'answered'],
  ['ApprovalRefused.not-waiting', 'not-waiting'],
]);

export interface TaskUpdate<Answer, Input> {
  readonly taskId: TaskId;
  readonly update: UpdateDefinition<Answer, [Input]>;
  readonly input: Input;
  /** The caller's own id: sent twice under it, it is one. */
  readonly requestId?: string | undefined;
  /** Begins the message of a refusal: `the budget of task x was not raised`. */
  readonly refused: string;
  /** Ends the message when the task has ended: `it spends nothing any more`. */
  readonly ended: string;
}

/** @throws TaskClientError `refused`, `already-ended`, `not-found` or `no-worker` */
export async function updateTask<Answer, Input>(client: Client, asked: TaskUpdate<Answer, Input>): Promise<Answer> {
  const { taskId, update, input, requestId, refused, ended } = asked;
  const subject = `task ${taskId}`;
  const handle = client.workflow.getHandle(taskWorkflowId(taskId));
  const args: [Input] = [input];
  const options: WorkflowUpdateOptions & { args: [Input] } = {
    args,
    ...(requestId === undefined ? {} : { updateId: requestId }),
  };
  try {
    const deadline = Date.now() + ANSWER_TIMEOUT_MS;
    const described = await client.connection.withDeadline(deadline, () => handle.describe());
    assertTask(described, taskId);
    if (!isOpen(described.status.name)) throw new TaskClientError('already-ended', `${subject} has ended already: ${ended}`);
    return await client.connection.withDeadline(deadline, () => handle.executeUpdate(update, options));
  } catch (error) {
    throw await whyUnanswered(client, toUpdateError(error, { subject, refused }), subject);
  }
}

/** What a failed update means to a caller; errors of another kind come back as they are. */
export function toUpdateError(
  error: unknown,
  { subject, refused }: { readonly subject: string; readonly refused: string },
): unknown {
  if (!(error instanceof WorkflowUpdateFailedError)) return toClientError(error, subject);
  const problem = error.cause instanceof ApplicationFailure ? PROBLEMS.get(error.cause.type ?? '') : undefined;
  return new TaskClientError(problem ?? 'refused', `${refused}: ${error.cause?.message ?? error.message}`, { cause: error });
}
