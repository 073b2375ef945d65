/**
 * The loop of an agent: a model's turn, the tool calls it asks for, the next turn, until a turn asks for none. It knows
 * neither Temporal nor a cloud, so that a plain test can run it; what it does to the world is its `effects`.
 */
import type { NextStep, Spending, TaskBudget } from './domain/budget.ts';
import { exceeds, nextTurn, spendingAfter } from './domain/budget.ts';
import type { DeploymentId } from './domain/ids.ts';
import type { Pin } from './domain/pin.ts';
import type { Route } from './domain/route.ts';
import type { RouteHealth } from './domain/route-health.ts';
import { HEALTHY } from './domain/route-health.ts';
import type { TaskEventBody } from './domain/task-status.ts';
import type { ItemId, TranscriptHead } from './domain/transcript.ts';
import type { TaskEnding, ToolCallReference, ToolStep, TurnAnswer } from './domain/turn.ts';
import type { FailedAttempt } from './domain/turn-so-far.ts';
import { countUnsafe } from './domain/turn-so-far.ts';
import type { TurnPolicy } from './domain/turn-policy.ts';
import type { TurnEffects } from './model-turn.ts';
import { runModelTurn } from './model-turn.ts';
import type { DeploymentHealth } from './policy-1/deployment-health.ts';
import { runTurnByPolicy1 } from './policy-1/model-turn.ts';

/** All that the loop must remember between two steps; ids and numbers only, so that it fits into one history event. */
export interface LoopState {
  /** Turns answered so far. */
  readonly turn: number;
  readonly head: TranscriptHead;
  /** Calls of the last answer that are still to be run, in the model's order. */
  readonly calls: readonly ToolCallReference[];
  /** Results of the others, in the same order. */
  readonly results: readonly ItemId[];
  /** Where the last turn was answered, and what was known of the deployments then. */
  readonly pin: Pin | null;
  readonly routeHealth: RouteHealth;
  /** Of tasks with a budget. */
  readonly spending?: Spending;
  /** Of tasks planned with policy 1, whose state has these two instead. */
  readonly current?: DeploymentId | null;
  readonly health?: readonly DeploymentHealth[];
}

export interface LoopLimits {
  readonly route: Route;
  readonly maxTurns: number;
  /** Absent in tasks planned with policy 1. */
  readonly policy?: TurnPolicy;
}

export interface LoopEffects extends TurnEffects {
  /** Throws only when the task is cancelled; a tool that fails says so in its result. */
  runTool(turn: number, call: ToolCallReference): Promise<ToolStep>;
  /** As it is now: it may be raised at any time. null: without limits. */
  budget(): TaskBudget | null;
  /** Settles when the task's budget is no longer this one, however long that takes. Throws only when the task is cancelled. */
  awaitRaise(budget: TaskBudget): Promise<void>;
  /** Called after every step with the state to go on from. */
  remember(state: LoopState): void;
  /** Whether this run's history has grown enough to go on in a new one. */
  shouldContinueAsNew(): boolean;
}

export type LoopEnd =
  | { readonly kind: 'ended'; readonly ending: TaskEnding }
  | { readonly kind: 'continue-as-new'; readonly state: LoopState };

const INCOMPLETE_REASONS = {
  'max-output-tokens': 'the answer was cut at the limit of output tokens; raise maxOutputTokens or leave it out',
  'content-filter': "the cloud's content filter cut the answer; no other cloud is asked instead",
} as const satisfies Record<NonNullable<TurnAnswer['incomplete']>, string>;

/** The state of a task that has not said anything yet. */
export function newLoopState(head: TranscriptHead): LoopState {
  return { turn: 0, head, calls: [], results: [], pin: null, routeHealth: HEALTHY };
}

/** Runs turns and tool calls until the task ends or should go on in a new run. */
export async function runAgentLoop(begin: LoopState, limits: LoopLimits, effects: LoopEffects): Promise<LoopEnd> {
  let state = begin;
  for (;;) {
    state = await runCalls(state, effects);
    if (effects.shouldContinueAsNew()) return { kind: 'continue-as-new', state };
    if (state.turn >= limits.maxTurns) {
      return failed(`the task did not end within its ${limits.maxTurns} turns; raise maxTurns to let it go on longer`);
    }
    const turn = state.turn + 1;
    const { result, spent } = await runTurnInBudget(state, limits, effects);
    if (result.kind === 'gave-up') return failed(result.reason);
    const { answer, deployment, learnt } = result;
    const { spending } = spent;
    const paid = spending === undefined ? {} : { spending: spendingAfter(spending, answer) };
    state = { ...spent, ...learnt, ...paid, turn, head: answer.head, calls: answer.calls, results: [] };
    effects.tell(answeredEvent(turn, deployment, answer));
    effects.remember(state);
    const ending = endingAfter(answer);
    if (ending !== undefined) return { kind: 'ended', ending };
  }
}

type LoopTurn = (
  | {
      readonly kind: 'answered';
      readonly answer: TurnAnswer;
      readonly deployment: DeploymentId;
      readonly learnt: Partial<LoopState>;
    }
  | { readonly kind: 'gave-up'; readonly reason: string }
) & { readonly failed: readonly FailedAttempt[] };

/** A turn is begun when the budget has room for it, and an answer that may have been paid is asked for again when it has for both. */
async function runTurnInBudget(
  begin: LoopState,
  limits: LoopLimits,
  effects: LoopEffects,
): Promise<{ result: LoopTurn; spent: LoopState }> {
  let failed: readonly FailedAttempt[] = [];
  let state = begin;
  for (;;) {
    const next = nextTurnOf(state, limits.route);
    state = await awaitRoom(state, { ...next, turn: begin.turn + 1 }, effects);
    // What failed unsafely before is in suspense already; otherwise the first attempt of this turn may come to be.
    const generations = countUnsafe(failed) > 0 ? 1 : 2;
    const canPayTwice = exceededBy(state, { usdMicros: generations * next.usdMicros }, effects).length === 0;
    const result = await runTurn({ ...state, turn: begin.turn + 1 }, limits, { effects, canPayTwice, failed });
    state = withSuspense(state, result.failed.slice(failed.length), next.usdMicros);
    const isOutOfBudget = result.kind === 'gave-up' && !canPayTwice && countUnsafe(result.failed) > 0;
    if (!isOutOfBudget) return { result, spent: state };
    ({ failed } = result);
  }
}

/** By the price where the task is, or will begin. */
function nextTurnOf({ spending, pin }: LoopState, { deployments }: Route) {
  const { price } = deployments.find(({ id }) => id === pin?.deployment) ?? deployments[0] ?? {};
  return spending === undefined || price === undefined ? { turns: 1, tokens: 0, usdMicros: 0 } : nextTurn(spending, price);
}

/** Waits, however long, until the task's budget has room for the next step; the wait itself takes nothing of it. */
async function awaitRoom(begin: LoopState, next: NextStep & { turn: number }, effects: LoopEffects): Promise<LoopState> {
  let state = begin;
  for (;;) {
    const { spending } = state;
    const budget = effects.budget();
    const exceeded = exceededBy(state, next, effects);
    if (budget === null || spending === undefined || exceeded.length === 0) return state;
    effects.tell({ kind: 'budget-used-up', turn: next.turn, exceeded });
    const sinceMs = effects.nowMs();
    await effects.awaitRaise(budget);
    state = { ...state, spending: { ...spending, pausedMs: spending.pausedMs + effects.nowMs() - sinceMs } };
    effects.remember(state);
  }
}

function exceededBy({ spending, turn: turns }: LoopState, next: NextStep, effects: LoopEffects) {
  const budget = effects.budget();
  if (budget === null || spending === undefined) return [];
  return exceeds(budget, { ...spending, turns, nowMs: effects.nowMs() }, next);
}

/** An attempt whose worker was lost cannot say what it reserved: as much as was guessed for the turn, then. */
function withSuspense(state: LoopState, failed: readonly FailedAttempt[], guessUsdMicros: number): LoopState {
  const { spending } = state;
  if (spending === undefined) return state;
  const suspense = failed.reduce((sum, { failure }) => {
    return failure.acceptance === 'not-accepted' ? sum : sum + (failure.suspenseUsdMicros ?? guessUsdMicros);
  }, 0);
  return { ...state, spending: { ...spending, suspenseUsdMicros: spending.suspenseUsdMicros + suspense } };
}

interface TurnInBudget {
  readonly effects: LoopEffects;
  readonly canPayTwice: boolean;
  readonly failed: readonly FailedAttempt[];
}

/** By the policy that the task was planned with: a turn decided anew by another table would not replay. */
async function runTurn(state: LoopState, { route, policy }: LoopLimits, inBudget: TurnInBudget): Promise<LoopTurn> {
  const { effects, canPayTwice, failed } = inBudget;
  if (policy === undefined) {
    const { current = null, health = [] } = state;
    const result = await runTurnByPolicy1({ ...state, route, current, health }, effects);
    if (result.kind === 'gave-up') return { ...result, failed };
    return { ...result, failed, learnt: { current: result.deployment, health: result.health } };
  }
  const { pin, routeHealth: health } = state;
  const result = await runModelTurn({ ...state, route, policy, pin, health, canPayTwice, failed }, effects);
  if (result.kind === 'gave-up') return result;
  return { ...result, learnt: { pin: result.pin, routeHealth: result.health } };
}

/** One after the other: what a model asks second may build on what it asked first. */
async function runCalls(begin: LoopState, effects: LoopEffects): Promise<LoopState> {
  let state = begin;
  for (const call of begin.calls) {
    if (effects.shouldContinueAsNew()) return state;
    state = await awaitRoom(state, { toolCalls: 1, turn: state.turn }, effects);
    const { callId, name: tool, excerpt } = call;
    effects.tell({ kind: 'tool-started', turn: state.turn, callId, tool, excerpt });
    const { item, ...ended } = await effects.runTool(state.turn, call);
    effects.tell({ kind: 'tool-ended', turn: state.turn, callId, tool, ...ended });
    state = { ...withToolCall(state), calls: state.calls.slice(1), results: [...state.results, item] };
    effects.remember(state);
  }
  return state;
}

function withToolCall(state: LoopState): LoopState {
  const { spending } = state;
  return spending === undefined ? state : { ...state, spending: { ...spending, toolCalls: spending.toolCalls + 1 } };
}

/** `undefined`: the task goes on with the calls. */
function endingAfter(answer: TurnAnswer): TaskEnding | undefined {
  if (answer.incomplete !== undefined) return { kind: 'failed', reason: INCOMPLETE_REASONS[answer.incomplete] };
  return answer.calls.length === 0 ? { kind: 'completed' } : undefined;
}

function answeredEvent(turn: number, deployment: DeploymentId, answer: TurnAnswer): TaskEventBody {
  return {
    kind: 'turn-answered',
    turn,
    deployment,
    excerpt: answer.excerpt ?? '',
    toolCalls: answer.calls.length,
    usage: answer.usage,
    costUsdMicros: answer.costUsdMicros,
  };
}

function failed(reason: string): LoopEnd {
  return { kind: 'ended', ending: { kind: 'failed', reason } };
}
