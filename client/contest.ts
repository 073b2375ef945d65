/** Starts contests, and reads what came of them. A contest is named as a task is, and no task can have its id. */
import type { Client } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { randomUUID } from 'node:crypto';
import type { TaskRequest } from '../workflows/activity-interfaces.ts';
import type { ContestResult, TaskContestInput } from '../workflows/domain/contest.ts';
import { CONTENDERS } from '../workflows/domain/contest.ts';
import type { TaskId } from '../workflows/domain/ids.ts';
import { contenderTaskId, taskWorkflowId, toTaskId } from '../workflows/domain/ids.ts';
import { DEFAULT_TENANT, fairnessKeyOf, INTERACTIVE_PRIORITY, TASKS_QUEUE } from '../workflows/domain/task-queues.ts';
import { contestResultQuery } from '../workflows/messages.ts';
import type { taskContest } from '../workflows/task-contest.ts';
import { askWorker, toClientError } from './ask-worker.ts';
import { isContest } from './contest-kind.ts';
import { readContestResult } from './contest-result.ts';
import { TaskClientError } from './task-client-error.ts';
import { parseTaskRequest, TaskRequestError } from './task-request.ts';

export interface ContestOptions {
  /** How many do the task, each in files of its own that begin alike: 2 to 8. */
  readonly contenders: number;
  /** How many of them run at once. Default: all. */
  readonly atOnce?: number;
  /** The caller's own id; that of the n-th contender is `<id>-<n>`. Started twice under it, it is one contest. Default: a new one. */
  readonly taskId?: string;
}

/**
 * Starts a contest, or joins the running one of the same id.
 * @throws TaskRequestError, RangeError; TaskClientError `already-ended`, `refused` when a task has this id
 */
export async function startContest(client: Client, request: TaskRequest, options: ContestOptions): Promise<TaskId> {
  const input = checkContest(request, options);
  const taskId = toTaskId(options.taskId ?? `t-${randomUUID()}`);
  // Whether the id leaves room for those of the contenders.
  contenderTaskId(taskId, input.contenders);
  const { model, tenant = DEFAULT_TENANT } = input.request;
  try {
    const handle = await client.workflow.start<typeof taskContest>('taskContest', {
      workflowId: taskWorkflowId(taskId),
      taskQueue: TASKS_QUEUE,
      args: [input],
      staticSummary: `${model} · contest of ${input.contenders}`,
      // As of any task that somebody waits for; contenders inherit it.
      priority: { priorityKey: INTERACTIVE_PRIORITY, fairnessKey: fairnessKeyOf(tenant) },
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
    if (isContest(await handle.describe())) return taskId;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw toClientError(error, `contest ${taskId}`);
    const message = `contest ${taskId} has ended already: read it with "anyport tasks show ${taskId}", or choose another id`;
    throw new TaskClientError('already-ended', message, { cause: error });
  }
  throw new TaskClientError('refused', `${taskId} is a task that runs, and no contest: choose another id`);
}

/** @throws TaskRequestError, RangeError */
function checkContest(request: TaskRequest, { contenders, atOnce }: ContestOptions): TaskContestInput {
  const { workspace, ...rest } = parseTaskRequest(request);
  if (workspace === undefined) {
    throw new TaskRequestError('workspace is missing: contenders are compared by what they make of its files, so name one');
  }
  const { least, most } = CONTENDERS;
  assertWhole('contenders', contenders, { least, most });
  if (atOnce !== undefined) assertWhole('atOnce', atOnce, { least: 1, most: contenders });
  return { request: { ...rest, workspace }, contenders, ...(atOnce === undefined ? {} : { atOnce }) };
}

function assertWhole(name: string, value: number, { least, most }: { least: number; most: number }): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${name} is ${value}: write a whole number from ${least} to ${most}`);
}

/** Waits for the end: completed, failed or cancelled. @throws TaskClientError when it has no result */
export async function awaitContest(client: Client, taskId: TaskId): Promise<ContestResult> {
  const subject = `contest ${taskId}`;
  const workflowId = taskWorkflowId(taskId);
  try {
    return checkResult(await client.workflow.getHandle(workflowId).result(), subject);
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw toClientError(error, subject);
    const { cause } = error;
    if (cause instanceof CancelledFailure) {
      return checkResult(await askWorker(client, { workflowId, subject }, contestResultQuery), subject);
    }
    if (cause instanceof ApplicationFailure && cause.details !== undefined) return checkResult(cause.details?.[0], subject);
    const ended = cause instanceof TerminatedFailure;
    const message = `${subject} ${ended ? 'was terminated by an operator' : `broke: ${cause?.message}`}: it has no result`;
    throw new TaskClientError(ended ? 'terminated' : 'broken', message, { cause });
  }
}

function checkResult(value: unknown, subject: string): ContestResult {
  const result = readContestResult(value);
  if (result !== undefined) return result;
  throw new TaskClientError(
    'broken',
    `what ${subject} returned is no contest's result: is it a task, or its worker of another version?`,
  );
}
