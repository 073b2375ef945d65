import type { TaskClient } from '../task-client.ts';
import { TaskClientError } from '../task-client-error.ts';
import { note } from './terminal.ts';

/** Whose files are meant: a contest's are those of its winner. @throws TaskClientError `refused` when it has none */
export async function workOf(client: TaskClient, taskId: string): Promise<string> {
  const contest = await contestOf(client, taskId);
  if (contest === undefined) return taskId;
  const winner = contest.standing === 'completed' ? (await client.contestResult(taskId)).winner : undefined;
  if (winner === undefined) {
    const message = `${taskId} is a contest without a winner (${contest.standing}): name one of its contenders, such as ${taskId}-1`;
    throw new TaskClientError('refused', message);
  }
  note(`${taskId} is a contest; its winner is ${winner.taskId}`);
  return winner.taskId;
}

/** The files of a task outlive what Temporal knows of it, so one that it does not know may be meant. */
async function contestOf(client: TaskClient, taskId: string) {
  try {
    const task = await client.standing(taskId);
    return task.isContest === true ? task : undefined;
  } catch (error) {
    if (error instanceof TaskClientError && error.problem === 'not-found') return undefined;
    throw error;
  }
}
