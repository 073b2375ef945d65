/** What became of a task, from how its workflow closed. */
import type { Client } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import type { TaskResult } from '../workflows/activity-interfaces.ts';
import type { TaskId } from '../workflows/domain/ids.ts';
import { taskWorkflowId } from '../workflows/domain/ids.ts';
import { resultQuery } from '../workflows/messages.ts';
import { readContestResult } from './contest-result.ts';
import { askWorker, toClientError } from './ask-worker.ts';
import { TaskClientError } from './task-client-error.ts';
import { readTaskResult } from './task-result.ts';

/** Waits for a task's end. Its result says whether it completed, failed or was cancelled; without one it throws. */
export async function awaitOutcome(client: Client, taskId: TaskId): Promise<TaskResult> {
  const subject = `task ${taskId}`;
  try {
    return checkResult(await client.workflow.getHandle(taskWorkflowId(taskId)).result(), subject);
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw toClientError(error, subject);
    if (error.cause instanceof CancelledFailure) return outcomeOfCancelled(client, taskId);
    return outcomeOfFailure(error.cause, subject);
  }
}

/** A failed task carries its result in the failure's details. */
function outcomeOfFailure(cause: Error | undefined, subject: string): TaskResult {
  if (cause instanceof ApplicationFailure && cause.type === 'TaskFailed') return checkResult(cause.details?.[0], subject);
  if (cause instanceof TerminatedFailure) {
    throw new TaskClientError('terminated', `${subject} was terminated by an operator: it has no result`, { cause });
  }
  if (cause instanceof TimeoutFailure) {
    throw new TaskClientError('timed-out', `${subject} ran longer than Temporal was told to let it: it has no result`, {
      cause,
    });
  }
  throw new TaskClientError('broken', `${subject} broke: ${cause?.message ?? 'no reason given'}`, {
    cause,
  });
}

/** A cancelled workflow has no result of its own in Temporal; a worker tells it by replaying the workflow. */
async function outcomeOfCancelled(client: Client, taskId: TaskId): Promise<TaskResult> {
  const asked = { workflowId: taskWorkflowId(taskId), subject: `task ${taskId}` };
  const result = await askWorker(client, asked, resultQuery);
  return checkResult(result, asked.subject);
}

function checkResult(value: unknown, subject: string): TaskResult {
  const result = readTaskResult(value);
  if (result !== undefined) return result;
  if (readContestResult(value) !== undefined) {
    throw new TaskClientError('refused', `${subject} is a contest: ask for its result, or for that of one of its contenders`);
  }
  throw new TaskClientError('broken', `what ${subject} returned is no task's result: is its worker of another version?`);
}
