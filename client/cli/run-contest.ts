/** `anyport run --attempts N`, and a contest that is watched: follows all contenders, then tells who won, and why. */
import type { TaskRequest } from '../../workflows/activity-interfaces.ts';
import type { ContestResult } from '../../workflows/domain/contest.ts';
import type { ContestOptions } from '../contest.ts';
import type { TaskClient } from '../task-client.ts';
import { askOnInterrupt } from './ask-on-interrupt.ts';
import { tellContest } from './contest-end.ts';
import { EXIT } from './exit-codes.ts';
import { exitCodeOf, printEvent, tellLeft, whenAborted } from './follow-to-end.ts';
import { takeOver } from './take-over.ts';
import { note, print, printJson } from './terminal.ts';

export interface ContestRun {
  readonly options: ContestOptions;
  readonly json: boolean;
  readonly detach: boolean;
  readonly apply: boolean;
}

/** Gives the exit code. */
export async function runContest(client: TaskClient, request: TaskRequest, run: ContestRun): Promise<number> {
  const { options, json, detach, apply } = run;
  const { taskId } = await client.startContest(request, options);
  const uiLink = client.uiLink(taskId);
  if (json) printJson({ kind: 'contest-started', taskId, contenders: options.contenders, uiLink });
  else {
    print(`contest ${taskId} of ${options.contenders}`, 'bold');
    if (uiLink !== null) print(`Temporal UI: ${uiLink}\n`);
  }
  if (detach) return EXIT.completed;
  const result = await followContestToEnd(client, { taskId, json });
  if (result === null) return EXIT.leftRunning;
  const applied = !apply || (await applyWinner(request.workspace ?? '.', result, json));
  if (json) printJson(result);
  else tellContest(result, uiLink);
  return applied ? exitCodeOf(result) : EXIT.failed;
}

/** null: the person left, and the contest goes on. */
export async function followContestToEnd(
  client: TaskClient,
  { taskId, json }: { readonly taskId: string; readonly json: boolean },
): Promise<ContestResult | null> {
  const interrupts = askOnInterrupt(() => client.cancel(taskId));
  const last = new Map<number, number>();
  try {
    const onUnanswered = (problem: string): void => note(problem, 'yellow');
    for await (const { number, taskId: contender, event } of client.followContest(taskId, {
      signal: interrupts.left,
      onUnanswered,
    })) {
      if (json) printJson({ contender: number, ...event });
      else printEvent(event, { last: last.get(number) ?? 0, taskId: contender, prefix: `${number} │ ` });
      last.set(number, event.sequence);
    }
    if (interrupts.left.aborted) return null;
    return await Promise.race([client.contestResult(taskId), whenAborted(interrupts.left)]);
  } finally {
    interrupts.dispose();
    if (interrupts.left.aborted) tellLeft(taskId);
  }
}

/** Whether the checkout is as the caller wanted it. */
async function applyWinner(workspace: string, { winner, contenders, ...made }: ContestResult, json: boolean): Promise<boolean> {
  if (winner === undefined) {
    (json ? note : print)(`nothing was applied to ${workspace}: the contest has no winner`, 'yellow');
    return true;
  }
  const { check } = contenders.find(({ number }) => number === winner.number) ?? {};
  return takeOver(workspace, { ...made, taskId: winner.taskId, ...(check === undefined ? {} : { check }) }, json);
}
