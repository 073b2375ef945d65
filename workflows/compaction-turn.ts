/** A turn of its own that replaces a conversation which has become too long by how it began, what the user said, and a summary. */
import { spendingAfter } from './domain/budget.ts';
import { shouldCompact } from './domain/compaction.ts';
import type { LoopEffects, LoopLimits, LoopState, Turned } from './loop-state.ts';
import { INTERRUPTED } from './loop-state.ts';
import type { LoopTurn } from './turn-in-budget.ts';
import { runTurnInBudget } from './turn-in-budget.ts';

/** By what the last turn sent and got, and the results since: before a cloud refuses it. */
export function isTooLong(state: LoopState, limits: LoopLimits): boolean {
  const { contextTokens = 0, pin } = state;
  const { deployments } = limits.route;
  const { contextWindow } = deployments.find(({ id }) => id === pin?.deployment) ?? deployments[0] ?? {};
  return canCompact(state, limits) && shouldCompact({ contextTokens, contextWindow });
}

/** Tasks planned with policy 1 were begun before this could be; a conversation that was just compacted cannot be made shorter. */
export function canCompact({ compactedIn, turn }: LoopState, { policy }: LoopLimits): boolean {
  return policy !== undefined && (compactedIn === undefined || compactedIn < turn);
}

/** Whether a cloud refused the turn since the conversation is too long for it. */
export function hasOverflown({ failed }: LoopTurn): boolean {
  return failed.at(-1)?.failure.kind === 'context-overflow';
}

/** Takes a turn's number: its attempts are journalled as all others are. */
export async function compact(begin: LoopState, limits: LoopLimits, effects: LoopEffects): Promise<Turned> {
  const turn = begin.turn + 1;
  const taken = await effects.interruptible(() => runTurnInBudget(begin, { ...limits, purpose: 'compact' }, effects));
  if (taken === INTERRUPTED) {
    const state = { ...begin, turn };
    effects.remember(state);
    return { kind: 'interrupted', state };
  }
  const { result, spent } = taken;
  if (result.kind === 'gave-up') {
    return { kind: 'gave-up', reason: `the conversation became too long, and it could not be summed up: ${result.reason}` };
  }
  const { answer, deployment, learnt } = result;
  const { usage, costUsdMicros } = answer;
  const paid = spent.spending === undefined ? {} : { spending: spendingAfter(spent.spending, answer) };
  const after = { turn, head: answer.head, calls: [], results: [], contextTokens: 0, compactedIn: turn };
  const state: LoopState = { ...spent, ...learnt, ...paid, ...after };
  effects.tell({ kind: 'compacted', turn, deployment, usage, costUsdMicros });
  effects.remember(state);
  return { kind: 'compacted', state };
}
