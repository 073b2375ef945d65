/** The tool calls of an answer: those that may run side by side do, each waits for a person where it must, and results keep the model's order. */
import type { ToolCallReference, ToolStep } from './domain/turn.ts';
import type { LoopEffects, LoopState } from './loop-state.ts';
import { awaitRoom } from './turn-in-budget.ts';

/** More at once would only wait for the host's processors. */
const MOST_SIDE_BY_SIDE = 8;

/** Runs the calls that are left, or as many as this run has room for; `progress` is told of every state on the way. */
export async function runCalls(begin: LoopState, effects: LoopEffects, progress: (state: LoopState) => void): Promise<LoopState> {
  let state = begin;
  while (state.calls.length > 0 && !effects.shouldContinueAsNew()) {
    const group = nextGroup(state.calls);
    const { turn } = state;
    state = await awaitRoom(state, { toolCalls: group.length, turn }, effects);
    const steps = await Promise.all(group.map((call) => runCall(turn, call, effects)));
    state = after(state, steps);
    effects.remember(state);
    progress(state);
  }
  return state;
}

/** Answers the calls that a message cut short or came before: each call needs a result, and none is run. */
export async function skipCalls(begin: LoopState, effects: LoopEffects): Promise<LoopState> {
  let state = begin;
  for (const call of begin.calls) {
    const step = await effects.runTool(state.turn, call, { kind: 'interrupted' });
    if ('approval' in step) throw new Error(`a call that is not to be run asked for approval: ${call.callId}`);
    tellEnd(state.turn, call, { step, effects });
    state = after(state, [step]);
    effects.remember(state);
  }
  return state;
}

/** Those at the beginning that may run at once; what a model asks second may else build on what it asked first. */
export function nextGroup(calls: readonly ToolCallReference[]): readonly ToolCallReference[] {
  const alone = calls.findIndex(({ sideBySide }) => sideBySide !== true);
  return calls.slice(0, Math.min(Math.max(alone === -1 ? calls.length : alone, 1), MOST_SIDE_BY_SIDE));
}

function after(state: LoopState, steps: readonly ToolStep[]): LoopState {
  const { spending, calls, results } = state;
  return {
    ...state,
    ...(spending === undefined ? {} : { spending: { ...spending, toolCalls: spending.toolCalls + steps.length } }),
    calls: calls.slice(steps.length),
    results: [...results, ...steps.map(({ item }) => item)],
    ...(state.contextTokens === undefined ? {} : { contextTokens: state.contextTokens + tokensOf(steps) }),
  };
}

function tokensOf(steps: readonly ToolStep[]): number {
  return steps.reduce((sum, { tokens = 0 }) => sum + tokens, 0);
}

async function runCall(turn: number, call: ToolCallReference, effects: LoopEffects): Promise<ToolStep> {
  const { callId, name: tool, excerpt } = call;
  effects.tell({ kind: 'tool-started', turn, callId, tool, excerpt });
  let step = await effects.runTool(turn, call);
  while ('approval' in step) {
    const answer = await effects.awaitApproval(turn, call, step);
    // Its rules are what changed, too, when an approver had one remembered; the answer itself goes with the call.
    step = await (answer.kind === 'policy-changed' ? effects.runTool(turn, call) : effects.runTool(turn, call, answer));
  }
  tellEnd(turn, call, { step, effects });
  return step;
}

function tellEnd(
  turn: number,
  { callId, name: tool }: ToolCallReference,
  { step, effects }: { readonly step: ToolStep; readonly effects: LoopEffects },
): void {
  const { item: _item, tokens: _tokens, ...ended } = step;
  effects.tell({ kind: 'tool-ended', turn, callId, tool, ...ended });
}
