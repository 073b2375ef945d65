/** The world of a loop as a script: what each attempt comes to, in order; and a clock that only sleeping moves. */
import type { LoopEffects, LoopState } from '../../workflows/agent-loop.ts';
import type { TaskBudget } from '../../workflows/domain/budget.ts';
import type { TaskEventBody } from '../../workflows/domain/task-status.ts';
import type { Attempt, ToolStep } from '../../workflows/domain/turn.ts';
import type { AttemptOutcome } from '../../workflows/model-turn.ts';

export interface ScriptedEffects extends LoopEffects {
  readonly attempts: Attempt[];
  readonly reasons: (string | undefined)[];
  readonly toolCalls: string[];
  readonly sleeps: { readonly ms: number; readonly reason: string }[];
  readonly told: TaskEventBody[];
  readonly states: LoopState[];
}

export interface Script {
  /** What the attempts come to, in order; the function form looks at the attempt. */
  readonly outcomes: readonly AttemptOutcome[] | ((attempt: Attempt, number: number) => AttemptOutcome);
  readonly runTool?: (callId: string) => ToolStep;
  readonly continueAsNewAfterSteps?: number;
  readonly budget?: TaskBudget;
  /** What each wait for a larger budget brings, in order, and how long it takes; a wait for more is cancelled. */
  readonly raises?: readonly { readonly budget: TaskBudget; readonly afterMs: number }[];
}

export function scriptedEffects(script: Script): ScriptedEffects {
  const { outcomes, runTool, continueAsNewAfterSteps = Infinity, raises = [] } = script;
  let budget = script.budget ?? null;
  let waits = 0;
  let nowMs = 1_000_000;
  const attempts: Attempt[] = [];
  const reasons: (string | undefined)[] = [];
  const toolCalls: string[] = [];
  const sleeps: { ms: number; reason: string }[] = [];
  const told: TaskEventBody[] = [];
  const states: LoopState[] = [];
  return {
    attempts,
    reasons,
    toolCalls,
    sleeps,
    told,
    states,
    nowMs: () => nowMs,
    chance: () => 0,
    tell: (event) => told.push(event),
    remember: (state) => states.push(state),
    shouldContinueAsNew: () => states.length >= continueAsNewAfterSteps,
    budget: () => budget,
    async awaitRaise() {
      const raise = raises[waits];
      waits += 1;
      if (raise === undefined) throw new Error('cancelled while it waited for a larger budget');
      nowMs += raise.afterMs;
      ({ budget } = raise);
    },
    async sleepUntil(untilMs, reason) {
      sleeps.push({ ms: untilMs - nowMs, reason });
      nowMs = untilMs;
    },
    async invokeModel(attempt, { reason }) {
      attempts.push(attempt);
      reasons.push(reason);
      const number = attempts.length;
      const outcome = typeof outcomes === 'function' ? outcomes(attempt, number) : outcomes[number - 1];
      if (outcome === undefined) throw new Error(`the script has no outcome for attempt ${number}`);
      return outcome;
    },
    async runTool(_turn, { callId }) {
      toolCalls.push(callId);
      return runTool?.(callId) ?? { item: `result-of-${callId}`, outcome: 'ok' };
    },
  };
}
