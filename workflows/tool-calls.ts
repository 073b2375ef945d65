/** The tool calls of an answer: those that may run side by side do, each waits for a person where it must, and results keep the model's order. */
import type { Spending, TaskBudget } from './domain/budget.ts';
import type { AgentSpending } from './domain/sub-agent.ts';
import { addAgentSpending, shareOf } from './domain/sub-agent.ts';
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
    const share = shareOfNow(state, effects);
    const steps = await Promise.all(group.map((call) => runCall({ turn, call, share }, effects)));
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
    if (!('item' in step)) throw new Error(`a call that is not to be run asked for more: ${call.callId}`);
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
    ...(spending === undefined ? {} : { spending: spentOn(steps, spending) }),
    calls: calls.slice(steps.length),
    results: [...results, ...steps.map(({ item }) => item)],
    ...(state.contextTokens === undefined ? {} : { contextTokens: state.contextTokens + tokensOf(steps) }),
  };
}

function spentOn(steps: readonly ToolStep[], spending: Spending): Spending {
  const counted = { ...spending, toolCalls: spending.toolCalls + steps.length };
  return steps.reduce((sum, { spent }) => (spent === undefined ? sum : addAgentSpending(sum, spent)), counted);
}

function tokensOf(steps: readonly ToolStep[]): number {
  return steps.reduce((sum, { tokens = 0 }) => sum + tokens, 0);
}

interface BegunCall {
  readonly turn: number;
  readonly call: ToolCallReference;
  /** What an agent that it starts may use up. */
  readonly share: TaskBudget | null | undefined;
}

async function runCall({ turn, call, share }: BegunCall, effects: LoopEffects): Promise<ToolStep> {
  const { callId, name: tool, excerpt } = call;
  effects.tell({ kind: 'tool-started', turn, callId, tool, excerpt });
  let step = await effects.runTool(turn, call);
  let spent: AgentSpending | undefined;
  while (!('item' in step)) {
    if ('agents' in step) {
      const carriedOut = await effects.carryOut(step.agents, share);
      ({ spent } = carriedOut);
      step = await effects.runTool(turn, call, { kind: 'carried-out', report: carriedOut.report });
      continue;
    }
    const answer = await effects.awaitApproval(turn, call, step);
    // Its rules are what changed, too, when an approver had one remembered; the answer itself goes with the call.
    step = await (answer.kind === 'policy-changed' ? effects.runTool(turn, call) : effects.runTool(turn, call, answer));
  }
  tellEnd(turn, call, { step, effects });
  return spent === undefined ? step : { ...step, spent };
}

/** Of what is left: null when the task has no limits, `undefined` when too little is. */
function shareOfNow({ spending, turn }: LoopState, effects: LoopEffects): TaskBudget | null | undefined {
  const budget = effects.budget();
  return budget === null || spending === undefined ? null : shareOf(budget, spending, turn);
}

function tellEnd(
  turn: number,
  { callId, name: tool }: ToolCallReference,
  { step, effects }: { readonly step: ToolStep; readonly effects: LoopEffects },
): void {
  const { item: _item, tokens: _tokens, spent: _spent, ...ended } = step;
  effects.tell({ kind: 'tool-ended', turn, callId, tool, ...ended });
}
