/** Agents that a task has work for it, each as a task of its own with a share of what is left of the budget. Pure. */
import type { BudgetKind, Spending, TaskBudget } from './budget.ts';
import { BUDGET_KINDS, BUDGET_RANGES } from './budget.ts';
import type { TaskId } from './ids.ts';
import { toTaskId } from './ids.ts';
import type { ItemId } from './transcript.ts';
import type { TaskEnding } from './turn.ts';

/** What a tool call has the workflow do. */
export type AgentOrder =
  | { readonly kind: 'spawn'; readonly message: ItemId }
  | { readonly kind: 'wait'; readonly agents: readonly string[]; readonly timeoutMs: number }
  | { readonly kind: 'close'; readonly agents: readonly string[] };

/** How an agent stands, by the name that the model was told. */
export interface AgentStanding {
  readonly agent: string;
  readonly state: 'running' | TaskEnding['kind'];
}

/** What became of an order. */
export type AgentReport =
  | { readonly kind: 'done'; readonly agents: readonly AgentStanding[] }
  | { readonly kind: 'refused'; readonly reason: string };

/** What a step took of the budget beside itself; less than nothing when an agent gave back what it did not use. */
export interface AgentSpending {
  readonly usdMicros: number;
  readonly tokens: number;
  readonly toolCalls: number;
}

/** What is used up of a budget, in its own units. */
export type UsedUp = Readonly<Record<Exclude<BudgetKind, 'wallClockMs'>, number>>;

/** A half each time: agents that are started one after the other never take all that is left. */
const SHARE = 0.5;
const USD_MICROS = 1_000_000;

/** The task of an agent. @throws RangeError when the id would be too long */
export function agentTaskId(parent: TaskId, agent: string): TaskId {
  return toTaskId(`${parent}.${agent}`);
}

/** What an agent may use up; `undefined`: too little is left. */
export function shareOf(budget: TaskBudget, spent: Spending, turn: number): TaskBudget | undefined {
  const { usdMicros, suspenseUsdMicros, tokens, toolCalls } = spent;
  return portionOf(budget, { costUsd: (usdMicros + suspenseUsdMicros) / USD_MICROS, tokens, turns: turn, toolCalls }, SHARE);
}

/**
 * A part of what is left of a budget, between 0 and 1, for work that goes on beside other work; `undefined`: that would be too little for
 * anything. Time is not divided: those who work at once use up the same.
 */
export function portionOf(budget: TaskBudget, used: UsedUp, portion: number): TaskBudget | undefined {
  const shares = BUDGET_KINDS.flatMap((kind) => {
    const limit = budget[kind];
    if (limit === undefined) return [];
    const share = kind === 'wallClockMs' ? limit : (limit - used[kind]) * portion;
    return [[kind, BUDGET_RANGES[kind].isWhole ? Math.floor(share) : share] as const];
  });
  return shares.some(([kind, share]) => share < BUDGET_RANGES[kind].least) ? undefined : Object.fromEntries(shares);
}

/** What is set aside for an agent until it has ended. */
export function reservedFor({ costUsd = 0, tokens = 0, toolCalls = 0 }: TaskBudget): AgentSpending {
  return { usdMicros: Math.round(costUsd * USD_MICROS), tokens, toolCalls };
}

export function addAgentSpending(spending: Spending, { usdMicros, tokens, toolCalls }: AgentSpending): Spending {
  return {
    ...spending,
    usdMicros: spending.usdMicros + usdMicros,
    tokens: spending.tokens + tokens,
    toolCalls: spending.toolCalls + toolCalls,
  };
}

export function subtract(left: AgentSpending, right: AgentSpending): AgentSpending {
  return {
    usdMicros: left.usdMicros - right.usdMicros,
    tokens: left.tokens - right.tokens,
    toolCalls: left.toolCalls - right.toolCalls,
  };
}
