/**
 * The loop of an agent: a model's turn, the tool calls it asks for, the next turn, until a turn asks for none. It knows
 * neither Temporal nor a cloud, so that a plain test can run it; what it does to the world is its `effects`.
 */
import { spendingAfter } from './domain/budget.ts';
import type { DeploymentId } from './domain/ids.ts';
import type { TaskEventBody } from './domain/task-status.ts';
import type { TaskEnding, TurnAnswer } from './domain/turn.ts';
import type { LoopEffects, LoopEnd, LoopLimits, LoopState, Turned } from './loop-state.ts';
import { INTERRUPTED } from './loop-state.ts';
import { canCompact, compact, hasOverflown, isTooLong } from './compaction-turn.ts';
import { runCalls, skipCalls } from './tool-calls.ts';
import type { LoopTurn } from './turn-in-budget.ts';
import { runTurnInBudget } from './turn-in-budget.ts';

const INCOMPLETE_REASONS = {
  'max-output-tokens': 'the answer was cut at the limit of output tokens; raise maxOutputTokens or leave it out',
  'content-filter': "the cloud's content filter cut the answer; no other cloud is asked instead",
} as const satisfies Record<NonNullable<TurnAnswer['incomplete']>, string>;

/** A model that was told twice what is wrong with its output will not get it right. */
const MOST_CORRECTIONS = 2;

/** Runs turns and tool calls until the task ends or should go on in a new run. */
export async function runAgentLoop(begin: LoopState, limits: LoopLimits, effects: LoopEffects): Promise<LoopEnd> {
  let state = begin;
  for (;;) {
    state = await settleCalls(state, effects);
    state = await listen(state, effects);
    if (effects.shouldContinueAsNew()) return { kind: 'continue-as-new', state };
    if (state.turn >= limits.maxTurns) {
      return failed(`the task did not end within its ${limits.maxTurns} turns; raise maxTurns to let it go on longer`);
    }
    const turned = await takeTurn(state, limits, effects);
    if (turned.kind === 'gave-up') return failed(turned.reason);
    ({ state } = turned);
    const ending = turned.kind === 'answered' ? endingAfter(turned.answer) : undefined;
    if (ending === undefined) continue;
    const next = ending.kind === 'completed' ? await goOn(state, limits, effects) : { kind: 'ended' as const, ending };
    if (next.kind === 'ended') return next;
    ({ state } = next);
  }
}

/** Until every call of the last answer has its result; a message that interrupts ends what runs. */
async function settleCalls(begin: LoopState, effects: LoopEffects): Promise<LoopState> {
  let state = begin;
  const ran = await effects.interruptible(() =>
    runCalls(begin, effects, (reached) => {
      state = reached;
    }),
  );
  return ran === INTERRUPTED ? skipCalls(state, effects) : ran;
}

/** What was said meanwhile comes after the results: a cloud wants each call's result right behind it. */
async function listen(state: LoopState, effects: LoopEffects): Promise<LoopState> {
  if (state.calls.length > 0) return state;
  const back = await effects.takeRollback(state.turn + 1);
  const here = back === undefined ? state : { ...state, ...back, calls: [] };
  const messages = await effects.takeMessages('soon');
  if (back === undefined && messages.length === 0) return state;
  const heard = { ...here, results: [...here.results, ...messages] };
  effects.remember(heard);
  return heard;
}

/** A conversation that has become too long is compacted first, or when a cloud says so. */
async function takeTurn(begin: LoopState, limits: LoopLimits, effects: LoopEffects): Promise<Turned> {
  const compacted = isTooLong(begin, limits) ? await compact(begin, limits, effects) : undefined;
  return compacted ?? answerTurn(begin, limits, effects);
}

async function answerTurn(begin: LoopState, limits: LoopLimits, effects: LoopEffects): Promise<Turned> {
  const turn = begin.turn + 1;
  const taken = await effects.interruptible(() => runTurnInBudget(begin, limits, effects));
  if (taken === INTERRUPTED) {
    // Its number is used up: attempts were journalled under it.
    const state = { ...begin, turn };
    effects.remember(state);
    return { kind: 'interrupted', state };
  }
  const { result, spent } = taken;
  if (result.kind === 'gave-up') {
    const isTooMuch = hasOverflown(result) && canCompact(begin, limits);
    return isTooMuch ? compact({ ...spent, turn }, limits, effects) : result;
  }
  const state = afterAnswer(turn, spent, result);
  effects.tell(answeredEvent(turn, result.deployment, result.answer));
  effects.remember(state);
  return { kind: 'answered', state, answer: result.answer };
}

function afterAnswer(turn: number, spent: LoopState, { answer, learnt }: Extract<LoopTurn, { kind: 'answered' }>): LoopState {
  const { spending } = spent;
  const paid = spending === undefined ? {} : { spending: spendingAfter(spending, answer) };
  const { inputTokens, outputTokens } = answer.usage;
  const contextTokens = inputTokens + outputTokens;
  return { ...spent, ...learnt, ...paid, turn, head: answer.head, calls: answer.calls, results: [], contextTokens };
}

/** The model has nothing more to do: unless it was told something meanwhile, or its output is not what was asked for. */
async function goOn(
  state: LoopState,
  limits: LoopLimits,
  effects: LoopEffects,
): Promise<Extract<LoopEnd, { kind: 'ended' }> | { readonly kind: 'goes-on'; readonly state: LoopState }> {
  const messages = await effects.takeMessages('all');
  if (messages.length > 0) return goesOn({ ...state, results: messages, corrections: 0 }, effects);
  const correction = limits.hasOutputSchema === true ? await effects.checkOutput(state.head) : undefined;
  if (correction === undefined) return { kind: 'ended', ending: { kind: 'completed' } };
  const corrections = (state.corrections ?? 0) + 1;
  if (corrections > MOST_CORRECTIONS) {
    const reason = `${correction.problem} (outputSchema), also after ${MOST_CORRECTIONS} corrections`;
    return { kind: 'ended', ending: { kind: 'failed', reason } };
  }
  return goesOn({ ...state, results: [correction.item], corrections }, effects);
}

function goesOn(state: LoopState, effects: LoopEffects): { readonly kind: 'goes-on'; readonly state: LoopState } {
  effects.remember(state);
  return { kind: 'goes-on', state };
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
    ...(answer.session === undefined ? {} : { session: answer.session }),
    ...(answer.leftBehind === undefined ? {} : { leftBehind: answer.leftBehind }),
  };
}

function failed(reason: string): LoopEnd {
  return { kind: 'ended', ending: { kind: 'failed', reason } };
}
