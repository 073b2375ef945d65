/** A task's story as it happens, read from its `status` query; survives workers that come and go. */
import type { Client, WorkflowExecutionStatusName } from '@temporalio/client';
import { setTimeout as delay } from 'node:timers/promises';
import type { TaskId } from '../workflows/domain/ids.ts';
import { taskWorkflowId } from '../workflows/domain/ids.ts';
import type { TaskEvent, TaskStatus } from '../workflows/domain/task-status.ts';
import { statusQuery } from '../workflows/messages.ts';
import { askWorker, toClientError } from './ask-worker.ts';
import { TaskClientError } from './task-client-error.ts';

export interface FollowOptions {
  /** Ends the iteration; the task goes on. */
  readonly signal?: AbortSignal;
  /** Called once each time the story halts because no worker answers. The iteration goes on. */
  readonly onUnanswered?: (problem: string) => void;
}

/** While things happen: a query costs a worker about 10 ms, and a person sees no difference below this. */
const BUSY_INTERVAL_MS = 200;
/** While nothing does, as in a long model call or a park of minutes. */
const QUIET_INTERVAL_MS = 1_000;
const QUIET_GROWTH = 1.3;

/** Yields each event once, in order, and ends when the task has. @throws TaskClientError `not-found` or `no-server` */
export async function* followTask(client: Client, taskId: TaskId, options: FollowOptions = {}): AsyncGenerator<TaskEvent, void> {
  const { signal } = options;
  const asked = {
    workflowId: taskWorkflowId(taskId),
    subject: `task ${taskId}`,
    ...(signal === undefined ? {} : { signal }),
  };
  const pause = createPause(signal);
  let told = 0;
  let answered = true;
  while (signal?.aborted !== true) {
    // Before the query: a task seen closed here has told all it had when it answers.
    const closed = await isClosed(client, taskId);
    const status = await unlessUnanswered(askWorker(client, asked, statusQuery), (problem) => {
      if (answered && signal?.aborted !== true) options.onUnanswered?.(problem);
    });
    answered = status !== undefined;
    const news = newEvents(status, told);
    for (const event of news) yield event;
    told = news.at(-1)?.sequence ?? told;
    if (closed || hasEnded(status)) return;
    await pause(news.length > 0);
  }
}

/** Whether Temporal has closed the task; a run that went on in a new one has not ended. */
export async function isClosed(client: Client, taskId: TaskId): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(taskWorkflowId(taskId)).describe();
    return !isOpen(status.name);
  } catch (error) {
    throw toClientError(error, `task ${taskId}`);
  }
}

/** Whether a workflow of this status may still do something. */
export function isOpen(status: WorkflowExecutionStatusName): boolean {
  return status === 'RUNNING' || status === 'PAUSED' || status === 'CONTINUED_AS_NEW';
}

/** `undefined`: no worker answers, and that was told. */
export async function unlessUnanswered<Answer>(
  answer: Promise<Answer>,
  onUnanswered: (problem: string) => void,
): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof TaskClientError) || error.problem !== 'no-worker') throw error;
    onUnanswered(error.message);
    return undefined;
  }
}

export function newEvents(status: TaskStatus | undefined, told: number): readonly TaskEvent[] {
  return status?.events.filter(({ sequence }) => sequence > told) ?? [];
}

function hasEnded(status: TaskStatus | undefined): boolean {
  return status?.events.at(-1)?.kind === 'task-ended';
}

/** Waits between two looks: longer from one to the next, until there is news again. */
export function createPause(signal: AbortSignal | undefined): (hasNews: boolean) => Promise<void> {
  let intervalMs = BUSY_INTERVAL_MS;
  return async (hasNews) => {
    intervalMs = hasNews ? BUSY_INTERVAL_MS : Math.min(intervalMs * QUIET_GROWTH, QUIET_INTERVAL_MS);
    try {
      await delay(intervalMs, undefined, signal === undefined ? {} : { signal });
    } catch {
      // Aborted: the condition of whoever looks ends it.
    }
  };
}
