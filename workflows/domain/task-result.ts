import type { AgentSpending } from './sub-agent.ts';
import type { SubTotals } from './ledger.ts';
import type { CheckReport } from './task-check.ts';
import type { TaskEnding } from './turn.ts';
import type { Usage } from './usage.ts';

/** An attempt as the result reports it. */
export interface AttemptRecord {
  readonly turn: number;
  readonly endpoint: string;
  readonly outcome: 'completed' | 'failed' | 'cancelled' | 'unknown';
  /** From `describeFailure`. */
  readonly failure?: string;
}

/** An agent of the task, and what it used up. */
export interface AgentSummary {
  readonly agent: string;
  /** Its own result is under this id. */
  readonly taskId: string;
  readonly state: TaskEnding['kind'];
  /** What may have been billed without an answer included. */
  readonly spent: AgentSpending;
}

/** How much a diff changes; files that are no text have no lines. */
export interface DiffStat {
  readonly files: number;
  readonly insertions: number;
  readonly deletions: number;
}

/** `2 files +14 -3`. */
export function describeStat({ files, insertions, deletions }: DiffStat): string {
  return files === 0 ? 'none' : `${files} file${files === 1 ? '' : 's'} +${insertions} -${deletions}`;
}

/** A tool call that a person was asked about, and what was decided. */
export interface ApprovalRecord {
  readonly turn: number;
  readonly callId: string;
  readonly tool: string;
  /** `expired`: nobody answered in time, and it was not run. */
  readonly decision: 'approved' | 'denied' | 'expired';
  /** Who says to have answered. */
  readonly by?: string;
  readonly atMs: number;
  /** In words, what was let pass from then on. */
  readonly remembered?: string;
}

/** The result of a task, whatever its end. */
export interface TaskResult {
  readonly taskId: string;
  readonly state: TaskEnding['kind'];
  /** Why, when it did not complete. */
  readonly reason?: string;
  /** The last assistant message; '' when there is none. */
  readonly output: string;
  readonly turns: number;
  readonly attempts: readonly AttemptRecord[];
  readonly usage: Usage;
  /** What clouds reported and we know the price of, with its parts. */
  readonly paid: {
    readonly usdMicros: number;
    readonly byCloud: SubTotals;
    readonly byEndpoint: SubTotals;
  };
  /** The most that may have been billed besides: for attempts that a cloud took, or may have, and that gave no answer. */
  readonly suspenseUsdMicros: number;
  /** The part of it that was made again in the same turn, and so may have been paid twice. */
  readonly suspectedTwice: { readonly count: number; readonly usdMicros: number };
  /** Tool calls with an effect that were started more than once. */
  readonly toolEffectsTwice: number;
  /** What sessions of managed agents made in places of their own, which ended with them, in words; absent when nothing. */
  readonly leftBehind?: readonly string[];
  /** How many it made; absent in results of before they were counted. */
  readonly toolCalls?: number;
  /** Agents that worked for it; what they cost is in their own results. */
  readonly agents?: readonly AgentSummary[];
  /** The newest decisions about its tool calls, oldest first, since it last went on after an end; absent: nobody was asked. */
  readonly approvals?: readonly ApprovalRecord[];
  /** Unified git diff of the workspace against the commit it began at; '' without a workspace or change. */
  readonly diff: string;
  /** Of the whole diff, wherever that is; absent without a workspace, and in results of before it was counted. */
  readonly diffStat?: DiffStat;
  /** The git tree that its files ended in: equal ones hold the same; absent without a workspace, and in results of before it was told. */
  readonly tree?: string;
  /** Of the request's check; absent without one, and when the task did not complete. */
  readonly check?: CheckReport;
  /** Where on the worker's host the whole diff lies when it is too large for a result, or no UTF-8; `diff` is '' then. */
  readonly diffPath?: string;
  /** Files of the workspace that are not in the diff, being too large or unreadable; the first few. */
  readonly leftOut?: readonly string[];
}
