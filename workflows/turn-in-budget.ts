/** Turns and calls within what the task may use up: a budget pauses a task, it never ends one. */
import type { NextStep } from './domain/budget.ts';
import { exceeds, nextTurn } from './domain/budget.ts';
import type { DeploymentId } from './domain/ids.ts';
import type { Route } from './domain/route.ts';
import type { TurnAnswer } from './domain/turn.ts';
import type { FailedAttempt } from './domain/turn-so-far.ts';
import { countUnsafe } from './domain/turn-so-far.ts';
import type { LoopEffects, LoopLimits, LoopState } from './loop-state.ts';
import { runModelTurn } from './model-turn.ts';
import { runTurnByPolicy1 } from './policy-1/model-turn.ts';

export type LoopTurn = (
  | {
      readonly kind: 'answered';
      readonly answer: TurnAnswer;
      readonly deployment: DeploymentId;
      readonly learnt: Partial<LoopState>;
    }
  | { readonly kind: 'gave-up'; readonly reason: string }
) & { readonly failed: readonly FailedAttempt[] };

/** A turn is begun when the budget has room for it, and an answer that may have been paid is asked for again when it has for both. */
export async function runTurnInBudget(
  begin: LoopState,
  limits: LoopLimits & { readonly purpose?: 'compact' },
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
export async function awaitRoom(begin: LoopState, next: NextStep & { turn: number }, effects: LoopEffects): Promise<LoopState> {
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
async function runTurn(
  state: LoopState,
  { route, policy, purpose }: LoopLimits & { readonly purpose?: 'compact' },
  inBudget: TurnInBudget,
): Promise<LoopTurn> {
  const { effects, canPayTwice, failed } = inBudget;
  if (policy === undefined) {
    const { current = null, health = [] } = state;
    const result = await runTurnByPolicy1({ ...state, route, current, health }, effects);
    if (result.kind === 'gave-up') return { ...result, failed };
    return { ...result, failed, learnt: { current: result.deployment, health: result.health } };
  }
  const { pin, routeHealth: health } = state;
  const purposes = purpose === undefined ? {} : { purpose };
  const result = await runModelTurn({ ...state, ...purposes, route, policy, pin, health, canPayTwice, failed }, effects);
  if (result.kind === 'gave-up') return result;
  return { ...result, learnt: { pin: result.pin, routeHealth: result.health } };
}
