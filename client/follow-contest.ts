/** The stories of a contest's contenders as they happen, side by side; survives workers that come and go. */
import type { Client } from '@temporalio/client';
import type { ContenderStanding } from '../workflows/domain/contest.ts';
import type { TaskId } from '../workflows/domain/ids.ts';
import { taskWorkflowId, toTaskId } from '../workflows/domain/ids.ts';
import type { TaskEvent, TaskStatus } from '../workflows/domain/task-status.ts';
import { contestQuery, statusQuery } from '../workflows/messages.ts';
import { askWorker } from './ask-worker.ts';
import type { FollowOptions } from './follow-task.ts';
import { createPause, isClosed, newEvents, unlessUnanswered } from './follow-task.ts';
import { TaskClientError } from './task-client-error.ts';

export interface ContenderEvent {
  readonly number: number;
  readonly taskId: string;
  readonly event: TaskEvent;
}

/** Yields each contender's events once, in its order, and ends when the contest has. @throws TaskClientError `not-found` or `no-server` */
export async function* followContest(
  client: Client,
  taskId: TaskId,
  { signal, onUnanswered }: FollowOptions = {},
): AsyncGenerator<ContenderEvent, void> {
  const asked = { workflowId: taskWorkflowId(taskId), subject: `contest ${taskId}`, ...(signal === undefined ? {} : { signal }) };
  const told = new Map<number, number>();
  const pause = createPause(signal);
  let answered = true;
  while (signal?.aborted !== true) {
    // Before the queries: a contest seen closed here has no contender that tells anything more.
    const closed = await isClosed(client, taskId);
    const contest = await unlessUnanswered(askWorker(client, asked, contestQuery), (problem) => {
      if (answered && signal?.aborted !== true) onUnanswered?.(problem);
    });
    answered = contest !== undefined;
    let hasNews = false;
    for (const contender of contest?.contenders.filter(hasStory) ?? []) {
      const news = newEvents(await statusOf(client, contender.taskId, signal), told.get(contender.number) ?? 0);
      for (const event of news) {
        hasNews = true;
        yield { number: contender.number, taskId: contender.taskId, event };
        told.set(contender.number, event.sequence);
      }
    }
    if (closed) return;
    await pause(hasNews);
  }
}

/** One that never began has its reason in the result alone; its id may even be that of somebody else's task. */
function hasStory(contender: ContenderStanding): boolean {
  return contender.state === 'running' || ('hasResult' in contender && contender.hasResult);
}

/** `undefined`: its workflow is only being started, or nobody answers. */
async function statusOf(client: Client, taskId: string, signal: AbortSignal | undefined): Promise<TaskStatus | undefined> {
  const asked = { workflowId: taskWorkflowId(toTaskId(taskId)), subject: `task ${taskId}` };
  try {
    return await askWorker(client, { ...asked, ...(signal === undefined ? {} : { signal }) }, statusQuery);
  } catch (error) {
    if (error instanceof TaskClientError && (error.problem === 'not-found' || error.problem === 'no-worker')) return undefined;
    throw error;
  }
}
