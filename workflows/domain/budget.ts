/**
 * What a task may use up before it asks for more. A budget pauses a task, it never ends one: the task waits until someone raises
 * it. Pure: time comes in as a number.
 */
import type { Price } from './price.ts';
import { formatUsd, reserveUsdMicros } from './price.ts';
import { CHARACTERS_PER_TOKEN } from './token-estimate.ts';
import type { Usage } from './usage.ts';

/** Each absent: unlimited. `wallClockMs` is the time that the task itself takes; waiting for a raise does not count. */
export interface TaskBudget {
  readonly turns?: number;
  readonly tokens?: number;
  readonly costUsd?: number;
  readonly wallClockMs?: number;
  readonly toolCalls?: number;
}

export type BudgetKind = keyof TaskBudget;

/** The sane range of each: above it, it is a slip of the unit. A tenth of a cent is less than a turn costs. */
export const BUDGET_RANGES = {
  turns: { least: 1, most: 10_000, isWhole: true },
  tokens: { least: 1, most: 1_000_000_000_000, isWhole: true },
  costUsd: { least: 0.001, most: 1_000_000, isWhole: false },
  wallClockMs: { least: 1_000, most: 366 * 24 * 3_600_000, isWhole: true },
  toolCalls: { least: 1, most: 1_000_000, isWhole: true },
} as const satisfies Record<BudgetKind, { least: number; most: number; isWhole: boolean }>;

export const BUDGET_KINDS = ['costUsd', 'tokens', 'turns', 'toolCalls', 'wallClockMs'] as const satisfies readonly BudgetKind[];

/** What a task has used up so far; carried from run to run. */
export interface Spending {
  readonly tokens: number;
  readonly usdMicros: number;
  /** May have been billed without an answer; counts as spent until the task ends. */
  readonly suspenseUsdMicros: number;
  readonly toolCalls: number;
  readonly startedAtMs: number;
  /** How long it waited for raises. */
  readonly pausedMs: number;
  /** What the last turn sent and got, by which the next one is guessed. */
  readonly last: { readonly inputTokens: number; readonly outputTokens: number };
}

/** What a task is about to use up. */
export interface NextStep {
  readonly turns?: number;
  readonly tokens?: number;
  readonly usdMicros?: number;
  readonly toolCalls?: number;
}

/** A budget that has no room for the next step. Numbers are in the budget's own unit. */
export interface Exceeded {
  readonly kind: BudgetKind;
  readonly limit: number;
  readonly spent: number;
  /** What the next step may take. */
  readonly next: number;
  /** The part of `spent` that may have been billed without an answer. */
  readonly suspense?: number;
}

const USD_MICROS = 1_000_000;

/** Our own instructions and tools, and a first answer: what a task is taken to begin with until a cloud has counted it. */
const FIRST_INPUT_TOKENS = 2_000;
const FIRST_OUTPUT_TOKENS = 1_000;

export function newSpending(startedAtMs: number, opening: { readonly characters: number }): Spending {
  const inputTokens = FIRST_INPUT_TOKENS + Math.ceil(opening.characters / CHARACTERS_PER_TOKEN);
  const last = { inputTokens, outputTokens: FIRST_OUTPUT_TOKENS };
  return { tokens: 0, usdMicros: 0, suspenseUsdMicros: 0, toolCalls: 0, startedAtMs, pausedMs: 0, last };
}

/** After an answer: the whole conversation is what the next turn sends. */
export function spendingAfter(before: Spending, answer: { readonly usage: Usage; readonly costUsdMicros: number }): Spending {
  const { inputTokens, outputTokens } = answer.usage;
  return {
    ...before,
    tokens: before.tokens + inputTokens + outputTokens,
    usdMicros: before.usdMicros + answer.costUsdMicros,
    last: { inputTokens: inputTokens + outputTokens, outputTokens },
  };
}

/** What another turn like the last one takes when nothing of it is cached: a failover may come at any time. */
export function nextTurn({ last }: Spending, price: Price): Required<Omit<NextStep, 'toolCalls'>> {
  const { inputTokens: input, outputTokens: output } = last;
  return { turns: 1, tokens: input + output, usdMicros: reserveUsdMicros({ input, output }, price) };
}

/** The budgets that the next step would pass; none: it may be made. */
export function exceeds(
  budget: TaskBudget,
  spent: Spending & { readonly turns: number; readonly nowMs: number },
  next: NextStep,
): readonly Exceeded[] {
  const usd = (micros: number): number => micros / USD_MICROS;
  const suspense = spent.suspenseUsdMicros === 0 ? {} : { suspense: usd(spent.suspenseUsdMicros) };
  const uses: Record<BudgetKind, Omit<Exceeded, 'kind' | 'limit'>> = {
    costUsd: { spent: usd(spent.usdMicros + spent.suspenseUsdMicros), next: usd(next.usdMicros ?? 0), ...suspense },
    tokens: { spent: spent.tokens, next: next.tokens ?? 0 },
    turns: { spent: spent.turns, next: next.turns ?? 0 },
    toolCalls: { spent: spent.toolCalls, next: next.toolCalls ?? 0 },
    wallClockMs: { spent: spent.nowMs - spent.startedAtMs - spent.pausedMs, next: 0 },
  };
  return BUDGET_KINDS.flatMap((kind): readonly Exceeded[] => {
    const limit = budget[kind];
    return limit !== undefined && isExceeded(kind, limit, uses[kind]) ? [{ kind, limit, ...uses[kind] }] : [];
  });
}

/** Used up, or too small for the next step. What the step does not touch, it cannot pass: a tool call needs no dollars. */
function isExceeded(kind: BudgetKind, limit: number, { spent, next }: { spent: number; next: number }): boolean {
  if (kind === 'wallClockMs') return spent >= limit;
  // Dollars are compared as whole micro-dollars: 0.1 + 0.2 is not above 0.3.
  const scale = kind === 'costUsd' ? USD_MICROS : 1;
  return next > 0 && Math.round((spent + next) * scale) > Math.round(limit * scale);
}

/** Why a raise cannot be taken; `undefined`: it can. Asking for what holds already is no mistake: a request may come twice. */
export function reasonAgainstRaise(current: TaskBudget | null, raise: unknown): string | undefined {
  if (current === null) return 'the task has no budget: there is nothing to raise';
  if (typeof raise !== 'object' || raise === null || Array.isArray(raise)) return 'a raise is an object such as {"costUsd": 10}';
  const given = Object.entries(raise);
  if (given.length === 0) return `a raise names at least one of ${BUDGET_KINDS.join(', ')}`;
  return given.map(([name, value]) => reasonAgainst(current, name, value)).find((reason) => reason !== undefined);
}

function reasonAgainst(current: TaskBudget, name: string, value: unknown): string | undefined {
  const kind = BUDGET_KINDS.find((known) => known === name);
  if (kind === undefined) return `"${name.slice(0, 40)}" is no budget: there are ${BUDGET_KINDS.join(', ')}`;
  const limit = current[kind];
  if (limit === undefined) return `${kind} is not limited: there is nothing to raise`;
  const { least, most, isWhole } = BUDGET_RANGES[kind];
  if (typeof value !== 'number' || !(value >= least && value <= most) || (isWhole && !Number.isInteger(value))) {
    return `${kind} is a ${isWhole ? 'whole ' : ''}number from ${least} to ${most}`;
  }
  return value < limit ? `${kind} is ${limit} now, and a budget only goes up` : undefined;
}

const NAMES = {
  costUsd: 'dollars',
  tokens: 'tokens',
  turns: 'turns',
  toolCalls: 'tool calls',
  wallClockMs: 'time',
} as const satisfies Record<BudgetKind, string>;

const FLAGS = {
  costUsd: '--usd',
  tokens: '--tokens',
  turns: '--turns',
  toolCalls: '--tool-calls',
  wallClockMs: '--minutes',
} as const satisfies Record<BudgetKind, string>;

const MINUTE_MS = 60_000;

/** `the budget of dollars is used up: $0.9800 of $1.0000 spent, $0.1000 of it perhaps; the next step may take $0.0500`. */
export function describeExceeded(exceeded: readonly Exceeded[]): string {
  return exceeded
    .map(({ kind, limit, spent, next, suspense }) => {
      const perhaps = suspense === undefined ? '' : `, ${amount(kind, suspense)} of it perhaps`;
      const step = next === 0 ? '' : `; the next step may take ${amount(kind, next)}`;
      return `the budget of ${NAMES[kind]} is used up: ${amount(kind, spent)} of ${amount(kind, limit)} spent${perhaps}${step}`;
    })
    .join('. ');
}

/** `$0.0200 of $1.0000 · 3 of 10 turns`: for the card. */
export function describeSpending(budget: TaskBudget, spent: Readonly<Partial<Record<BudgetKind, number>>>): string {
  return BUDGET_KINDS.flatMap((kind) => {
    const limit = budget[kind];
    if (limit === undefined) return [];
    const used = spent[kind];
    const words = used === undefined ? amount(kind, limit) : `${amount(kind, used)} of ${amount(kind, limit)}`;
    return [kind === 'costUsd' || kind === 'wallClockMs' ? words : `${words} ${NAMES[kind]}`];
  }).join(' · ');
}

/** The command that lets a paused task go on for about as long again. */
export function raiseCommand(taskId: string, exceeded: readonly Exceeded[]): string {
  const flags = exceeded.map(({ kind, limit, spent, next }) => {
    const most = Math.max(2 * limit, spent + 2 * next);
    const value = kind === 'wallClockMs' ? Math.ceil(most / MINUTE_MS) : kind === 'costUsd' ? Math.ceil(most * 100) / 100 : most;
    return `${FLAGS[kind]} ${value}`;
  });
  return `anyport tasks raise-budget ${taskId} ${flags.join(' ')}`;
}

function amount(kind: BudgetKind, value: number): string {
  if (kind === 'costUsd') return formatUsd(value * USD_MICROS);
  return kind === 'wallClockMs' ? `${(value / MINUTE_MS).toFixed(1)} min` : String(value);
}
