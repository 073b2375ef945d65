/** The workflow of a contest: the same task several times side by side, and the best of what came of it. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { TaskResult } from './activity-interfaces.ts';
import { giveBack } from './close-task.ts';
import { endOfContender, startContender } from './contender.ts';
import type { ContenderEnd } from './contender.ts';
import { contestCard } from './contest-card.ts';
import { contenderCancelledSignal } from './cancelled-report.ts';
import type { TaskBudget } from './domain/budget.ts';
import { describeSpending } from './domain/budget.ts';
import type {
  Contender,
  ContenderReport,
  ContenderStanding,
  ContestResult,
  ContestStatus,
  TaskContestInput,
} from './domain/contest.ts';
import {
  contenderShare,
  moveOn,
  newContenders,
  nextContender,
  reportOfResult,
  reportWithoutResult,
  totalsOf,
} from './domain/contest.ts';
import type { TaskId } from './domain/ids.ts';
import { contenderTaskId, taskIdOfWorkflow } from './domain/ids.ts';
import { planRouteInput } from './domain/plan-route-input.ts';
import { rankContenders } from './domain/rank-contenders.ts';
import type { TaskEnding } from './domain/turn.ts';
import { contestQuery, contestResultQuery } from './messages.ts';
import { budgetOf, openFiles } from './open-task.ts';
import { storeFor } from './task-effects.ts';
import { settle } from './settle.ts';

const NOT_BEGUN = { state: 'cancelled', reason: 'before it began' } as const;

interface Contest {
  readonly taskId: TaskId;
  readonly input: TaskContestInput;
  readonly atOnce: number;
  state: ContestStatus['state'];
  contenders: readonly Contender[];
  /** Whole, by number: the winner's answer and diff become the contest's. */
  readonly results: Map<number, TaskResult>;
  /** What contenders that were cancelled have told by themselves, by their ids. */
  readonly reported: Map<string, TaskResult>;
  budget?: TaskBudget;
  baseCommit?: string;
  /** The folder of the files that it began with is gone. */
  tidied?: Promise<void>;
  result?: ContestResult;
}

/**
 * Runs all contenders to their ends. Completed when one of them has: returns what came of it. Else it fails with type `ContestFailed` and
 * the result in the details. Cancelled: ends as cancelled, with all contenders; the result is had by the `contestResult` query.
 */
export async function taskContest(input: TaskContestInput): Promise<ContestResult> {
  const contest = openContest(input);
  const ending = await runToEnd(contest);
  return CancellationScope.nonCancellable(async () => {
    await condition(() => !contest.contenders.some(({ kind }) => kind === 'running'));
    await contest.tidied;
    return settle('contest', close(contest, ending));
  });
}

/** Sets the query handlers before the first await, so that no query finds a contest without them. */
function openContest(input: TaskContestInput): Contest {
  const contest: Contest = {
    taskId: taskIdOfWorkflow(workflowInfo().workflowId),
    input,
    atOnce: input.atOnce ?? input.contenders,
    state: 'opening',
    contenders: newContenders(input.contenders),
    results: new Map(),
    reported: new Map(),
  };
  setHandler(contenderCancelledSignal, (result) => void contest.reported.set(result.taskId, result));
  setHandler(contestQuery, () => statusOf(contest));
  setHandler(contestResultQuery, () => contest.result ?? null);
  setCurrentDetails(contestCard(statusOf(contest)));
  return contest;
}

async function runToEnd(contest: Contest): Promise<TaskEnding> {
  try {
    await openBase(contest);
    await runContenders(contest);
    return endingOf(contest);
  } catch (error) {
    if (isCancellation(error)) return { kind: 'cancelled' };
    if (error instanceof ActivityFailure) return { kind: 'failed', reason: error.cause?.message ?? error.message };
    if (error instanceof ApplicationFailure) return { kind: 'failed', reason: error.message };
    throw error;
  }
}

/**
 * The files that every contender begins with, however late it starts and whatever becomes of the repository meanwhile. Its checkpoint in
 * the task store is all they need, so the folder goes at once. The route is planned for its refusals and the tenant's budget alone.
 */
async function openBase(contest: Contest): Promise<void> {
  const { request } = contest.input;
  const planned = await storeFor(`plan the route of ${request.model}`).planRoute(planRouteInput(request));
  const { budget } = budgetOf(request, planned);
  if (budget !== undefined) {
    contest.budget = budget;
    if (contenderShare(budget, contest.contenders) === undefined) throw tooSmall(budget, contest);
  }
  const { queue, baseCommit } = await openFiles(request);
  contest.baseCommit = baseCommit;
  contest.state = 'running';
  contest.tidied = CancellationScope.nonCancellable(() => giveBack({ queue: () => queue }));
}

function tooSmall(budget: TaskBudget, { contenders }: Contest): ApplicationFailure {
  const shares = `an even share for each of ${contenders.length} contenders is too little for anything`;
  return ApplicationFailure.nonRetryable(`the budget is ${describeSpending(budget, {})}: ${shares}`, 'BudgetTooSmall');
}

async function runContenders(contest: Contest): Promise<void> {
  const isOver = (): boolean => contest.contenders.every(({ kind }) => kind === 'ended');
  while (!isOver()) {
    await condition(() => nextContender(contest.contenders, contest.atOnce) !== undefined || isOver());
    const number = nextContender(contest.contenders, contest.atOnce);
    // One after the other: together their requests may be more than Temporal takes at once.
    if (number !== undefined) await begin(contest, number);
  }
}

async function begin(contest: Contest, number: number): Promise<void> {
  const { taskId, budget } = contest;
  const share = budget === undefined ? null : contenderShare(budget, contest.contenders);
  if (share === undefined) {
    end(contest, number, { state: 'failed', reason: 'too little of the budget is left for it' });
    return;
  }
  const request = { ...contest.input.request, ...(share === null ? {} : { budget: share }) };
  move(contest, { kind: 'running', number, share });
  try {
    const started = await startContender({ contest: taskId, number }, request);
    const reported = (): TaskResult | undefined => contest.reported.get(contenderTaskId(taskId, number));
    void endOfContender(started, reported).then((ended) => end(contest, number, ended));
  } catch (error) {
    end(contest, number, NOT_BEGUN);
    throw error;
  }
}

function end(contest: Contest, number: number, ended: ContenderEnd): void {
  const identity = { contest: contest.taskId, number };
  if ('taskId' in ended) contest.results.set(number, ended);
  const report = 'taskId' in ended ? reportOfResult(identity, ended) : reportWithoutResult(identity, ended);
  move(contest, { kind: 'ended', number, report });
}

function move(contest: Contest, to: Contender): void {
  contest.contenders = moveOn(contest.contenders, to);
  setCurrentDetails(contestCard(statusOf(contest)));
}

function endingOf({ contenders }: Contest): TaskEnding {
  const reports = contenders.flatMap((contender) => (contender.kind === 'ended' ? [contender.report] : []));
  if (reports.some(({ state }) => state === 'completed')) return { kind: 'completed' };
  const [first] = reports;
  const why = first?.reason === undefined ? '' : `: ${first.taskId} says: ${first.reason}`;
  return { kind: 'failed', reason: `none of the ${contenders.length} contenders completed${why}` };
}

function close(contest: Contest, ending: TaskEnding): ContestResult {
  const { taskId, results } = contest;
  const reports = contest.contenders.map((contender): ContenderReport => {
    const identity = { contest: taskId, number: contender.number };
    return contender.kind === 'ended' ? contender.report : reportWithoutResult(identity, NOT_BEGUN);
  });
  const contenders = rankContenders(reports);
  const [best] = contenders;
  const winner = ending.kind === 'completed' && best !== undefined ? best : undefined;
  const { output = '', diff = '', diffPath, leftOut } = (winner && results.get(winner.number)) ?? {};
  contest.result = {
    taskId,
    state: ending.kind,
    ...(ending.kind === 'failed' ? { reason: ending.reason } : {}),
    ...(winner === undefined ? {} : { winner: { number: winner.number, taskId: winner.taskId } }),
    output,
    diff,
    ...(diffPath === undefined ? {} : { diffPath }),
    ...(leftOut === undefined ? {} : { leftOut }),
    contenders,
    ...totalsOf(reports),
  };
  contest.state = ending.kind;
  setCurrentDetails(contestCard(statusOf(contest)));
  return contest.result;
}

function statusOf(contest: Contest): ContestStatus {
  const { taskId, input, atOnce, state, budget, baseCommit, result } = contest;
  const contenders = result?.contenders ?? contest.contenders.map((contender) => standingOf(taskId, contender));
  return {
    taskId,
    state,
    ...(result?.reason === undefined ? {} : { reason: result.reason }),
    model: input.request.model,
    atOnce,
    ...(baseCommit === undefined ? {} : { baseCommit }),
    ...(budget === undefined ? {} : { budget }),
    contenders,
    costUsdMicros: contenders.reduce((sum, each) => sum + ('costUsdMicros' in each ? each.costUsdMicros : 0), 0),
  };
}

function standingOf(contest: TaskId, contender: Contender): ContenderStanding {
  if (contender.kind === 'ended') return contender.report;
  return { number: contender.number, taskId: contenderTaskId(contest, contender.number), state: contender.kind };
}
