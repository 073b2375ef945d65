/** `anyport tasks show` and `watch` of a contest. */
import type { TaskSummary } from '../list-tasks.ts';
import type { TaskClient } from '../task-client.ts';
import { tellContest, tellContestStatus } from './contest-end.ts';
import { exitCodeOf } from './follow-to-end.ts';
import { orNull } from './or-null.ts';
import { followContestToEnd } from './run-contest.ts';
import { print, printJson } from './terminal.ts';

export async function showContest(client: TaskClient, contest: TaskSummary, json: boolean): Promise<void> {
  const { taskId, standing, startedAt } = contest;
  const uiLink = client.uiLink(taskId);
  const result = standing === 'running' ? null : await orNull(client.contestResult(taskId));
  const status = result === null || json ? await orNull(client.contestStatus(taskId), 'no-worker') : null;
  if (json) {
    printJson({ ...contest, state: standing, uiLink, status, result });
    return;
  }
  print(`contest ${taskId}: ${standing}, started ${startedAt.toISOString().slice(0, 19).replace('T', ' ')} UTC`, 'bold');
  if (result !== null) tellContest(result, uiLink);
  else if (status !== null) tellContestStatus(status, uiLink);
}

export async function watchContest(client: TaskClient, taskId: string, json: boolean): Promise<void> {
  const result = await followContestToEnd(client, { taskId, json });
  if (result !== null) {
    if (json) printJson(result);
    else tellContest(result, client.uiLink(taskId));
  }
  process.exitCode = exitCodeOf(result);
}
