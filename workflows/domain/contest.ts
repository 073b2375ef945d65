/** Several contenders at the same task, each in files of its own, of which the best one wins. Pure. */
import type { TaskBudget } from './budget.ts';
import type { TaskId } from './ids.ts';
import { contenderTaskId } from './ids.ts';
import type { UsedUp } from './sub-agent.ts';
import { portionOf } from './sub-agent.ts';
import type { CheckReport } from './task-check.ts';
import type { TaskRequest } from './task-request.ts';
import type { DiffStat, TaskResult } from './task-result.ts';
import { toPrintable } from './tool-call.ts';
import type { TaskEnding } from './turn.ts';
import type { Usage } from './usage.ts';
import { addUsage, NO_USAGE } from './usage.ts';

/** One is no contest; more than eight cost more than they add, and their words must fit into one result. */
export const CONTENDERS = { least: 2, most: 8 } as const;

/** The input of `taskContest`. */
export interface TaskContestInput {
  readonly request: TaskRequest & { readonly workspace: string };
  readonly contenders: number;
  /** How many run at once; absent: all. */
  readonly atOnce?: number;
}

/** What became of a contender. Its own result, with its diff and its whole answer, is that of its task. */
export interface ContenderReport {
  /** From 1. */
  readonly number: number;
  readonly taskId: string;
  readonly state: TaskEnding['kind'];
  /** Why, when it did not complete. */
  readonly reason?: string;
  /** Whether its task has one, with its story: not so when it never began, or was ended from outside. */
  readonly hasResult: boolean;
  /** The beginning of its answer, in one line. */
  readonly excerpt: string;
  readonly turns: number;
  readonly toolCalls: number;
  readonly usage: Usage;
  /** What clouds reported, its agents included. */
  readonly costUsdMicros: number;
  /** The most that may have been billed besides. */
  readonly suspenseUsdMicros: number;
  readonly check?: CheckReport;
  readonly diffStat?: DiffStat;
  /** As in the result of its task. */
  readonly tree?: string;
}

export interface RankedContender extends ContenderReport {
  /** From 1, the best. */
  readonly place: number;
  /** Why it has this place, in words. */
  readonly because: string;
}

export interface ContestResult {
  readonly taskId: string;
  /** Completed when one of its contenders did. */
  readonly state: TaskEnding['kind'];
  /** Why, when it did not complete. */
  readonly reason?: string;
  /** The contender of the first place, when the contest completed. */
  readonly winner?: { readonly number: number; readonly taskId: string };
  /** The winner's, as all that follows up to `leftOut`; '' without one. */
  readonly output: string;
  readonly diff: string;
  readonly diffPath?: string;
  readonly leftOut?: readonly string[];
  /** By place. */
  readonly contenders: readonly RankedContender[];
  /** Of all contenders together. */
  readonly usage: Usage;
  readonly costUsdMicros: number;
  readonly suspenseUsdMicros: number;
}

/** A contender as the contest knows it. `share`: what it may use up; null: without limits. */
export type Contender =
  | { readonly kind: 'to-start'; readonly number: number }
  | { readonly kind: 'running'; readonly number: number; readonly share: TaskBudget | null }
  | { readonly kind: 'ended'; readonly number: number; readonly report: ContenderReport };

/** Answer of the `contest` query. */
export interface ContestStatus {
  readonly taskId: string;
  readonly state: 'opening' | 'running' | TaskEnding['kind'];
  readonly reason?: string;
  readonly model: string;
  readonly atOnce: number;
  /** The commit that every contender begins at; absent until the files are there. */
  readonly baseCommit?: string;
  /** Of all contenders together; absent: without limits. */
  readonly budget?: TaskBudget;
  /** By number, until they have places. */
  readonly contenders: readonly ContenderStanding[];
  /** Of those that have ended. */
  readonly costUsdMicros: number;
}

export type ContenderStanding =
  | { readonly number: number; readonly taskId: string; readonly state: 'to-start' | 'running' }
  | ContenderReport
  | RankedContender;

const EXCERPT_CHARACTERS = 200;
const REASON_CHARACTERS = 300;
const USD_MICROS = 1_000_000;

export function newContenders(count: number): readonly Contender[] {
  return Array.from({ length: count }, (_, index) => ({ kind: 'to-start', number: index + 1 }));
}

/** The number of the contender to start now, in their order; `undefined`: as many run as may, or all are started. */
export function nextContender(contenders: readonly Contender[], atOnce: number): number | undefined {
  const running = contenders.filter(({ kind }) => kind === 'running').length;
  return running >= atOnce ? undefined : contenders.find(({ kind }) => kind === 'to-start')?.number;
}

export function moveOn(contenders: readonly Contender[], to: Contender): readonly Contender[] {
  return contenders.map((contender) => (contender.number === to.number ? to : contender));
}

/**
 * What the next contender may use up: an even share of what those before it have not used, nor may still. `undefined`: too little is left.
 */
export function contenderShare(budget: TaskBudget, contenders: readonly Contender[]): TaskBudget | undefined {
  const claimed = contenders.reduce((sum, contender) => addUsedUp(sum, claimOf(contender)), NOTHING);
  const toStart = contenders.filter(({ kind }) => kind === 'to-start').length;
  return portionOf(budget, claimed, 1 / toStart);
}

const NOTHING: UsedUp = { costUsd: 0, tokens: 0, turns: 0, toolCalls: 0 };

/** One that runs may still use up its share; one that has ended gives back what it did not use. */
function claimOf(contender: Contender): UsedUp {
  switch (contender.kind) {
    case 'to-start':
      return NOTHING;
    case 'running':
      return { ...NOTHING, ...contender.share };
    case 'ended': {
      const { costUsdMicros, suspenseUsdMicros, usage, turns, toolCalls } = contender.report;
      const tokens = usage.inputTokens + usage.outputTokens;
      return { costUsd: (costUsdMicros + suspenseUsdMicros) / USD_MICROS, tokens, turns, toolCalls };
    }
  }
}

function addUsedUp(left: UsedUp, right: UsedUp): UsedUp {
  return {
    costUsd: left.costUsd + right.costUsd,
    tokens: left.tokens + right.tokens,
    turns: left.turns + right.turns,
    toolCalls: left.toolCalls + right.toolCalls,
  };
}

export interface ContenderIdentity {
  readonly contest: TaskId;
  readonly number: number;
}

/** In bounded words: a contest's result has eight of these. */
export function reportOfResult({ contest, number }: ContenderIdentity, result: TaskResult): ContenderReport {
  const { state, reason, output, turns, toolCalls = 0, usage, paid, suspenseUsdMicros, agents = [] } = result;
  const { check, diffStat, tree } = result;
  const ofAgents = agents.reduce((sum, { spent }) => sum + spent.usdMicros, 0);
  return {
    number,
    taskId: contenderTaskId(contest, number),
    state,
    ...(reason === undefined ? {} : { reason: toPrintable(reason, REASON_CHARACTERS) }),
    hasResult: true,
    excerpt: toPrintable(output, EXCERPT_CHARACTERS),
    turns,
    toolCalls: toolCalls + agents.reduce((sum, { spent }) => sum + spent.toolCalls, 0),
    usage,
    costUsdMicros: paid.usdMicros + ofAgents,
    suspenseUsdMicros,
    ...(check === undefined ? {} : { check }),
    ...(diffStat === undefined ? {} : { diffStat }),
    ...(tree === undefined ? {} : { tree }),
  };
}

/** Of a contender that has no result: it never began, or was ended from outside. */
export function reportWithoutResult(
  { contest, number }: ContenderIdentity,
  { state, reason }: { readonly state: 'failed' | 'cancelled'; readonly reason: string },
): ContenderReport {
  return {
    number,
    taskId: contenderTaskId(contest, number),
    state,
    reason: toPrintable(reason, REASON_CHARACTERS),
    hasResult: false,
    excerpt: '',
    turns: 0,
    toolCalls: 0,
    usage: NO_USAGE,
    costUsdMicros: 0,
    suspenseUsdMicros: 0,
  };
}

export function totalsOf(
  reports: readonly ContenderReport[],
): Pick<ContestResult, 'usage' | 'costUsdMicros' | 'suspenseUsdMicros'> {
  return {
    usage: reports.reduce((sum, { usage }) => addUsage(sum, usage), NO_USAGE),
    costUsdMicros: reports.reduce((sum, { costUsdMicros }) => sum + costUsdMicros, 0),
    suspenseUsdMicros: reports.reduce((sum, { suspenseUsdMicros }) => sum + suspenseUsdMicros, 0),
  };
}
