/** The world of a loop as a script: what each attempt comes to, in order; and a clock that only sleeping moves. */
import type { TaskBudget } from '../../workflows/domain/budget.ts';
import type { TaskEventBody } from '../../workflows/domain/task-status.ts';
import type { ItemId } from '../../workflows/domain/transcript.ts';
import type { ApprovalNeeded, Attempt, CallDecision, ToolStep } from '../../workflows/domain/turn.ts';
import type { ApprovalAnswer, ConversationEffects, LoopEffects, LoopState } from '../../workflows/loop-state.ts';
import { INTERRUPTED } from '../../workflows/loop-state.ts';
import type { AttemptOutcome } from '../../workflows/model-turn.ts';

export interface ScriptedEffects extends LoopEffects {
  readonly attempts: Attempt[];
  readonly reasons: (string | undefined)[];
  readonly toolCalls: string[];
  /** Of each tool call, in order: what had been decided about it. */
  readonly decisions: (CallDecision['kind'] | undefined)[];
  readonly sleeps: { readonly ms: number; readonly reason: string }[];
  readonly told: TaskEventBody[];
  readonly states: LoopState[];
}

export interface Script {
  /** What the attempts come to, in order; the function form looks at the attempt. */
  readonly outcomes: readonly AttemptOutcome[] | ((attempt: Attempt, number: number) => AttemptOutcome);
  readonly runTool?: (callId: string, decision: CallDecision | undefined) => ToolStep | ApprovalNeeded | Promise<ToolStep>;
  /** What people answer to requests for approval, in order. */
  readonly approvals?: readonly ApprovalAnswer[];
  /** Said to the task, in order: read once so many states were remembered. */
  readonly messages?: readonly ScriptedMessage[];
  /** What the model is told of its output, in order; after these it is valid. */
  readonly corrections?: readonly ItemId[];
  readonly continueAsNewAfterSteps?: number;
  readonly budget?: TaskBudget;
  /** What each wait for a larger budget brings, in order, and how long it takes; a wait for more is cancelled. */
  readonly raises?: readonly { readonly budget: TaskBudget; readonly afterMs: number }[];
}

export interface ScriptedMessage {
  readonly item: ItemId;
  readonly afterStates: number;
  readonly mode: 'enqueue' | 'steer' | 'interrupt';
  /** It comes with a rollback to this state. */
  readonly back?: Pick<LoopState, 'head' | 'results'>;
}

export function scriptedEffects(script: Script): ScriptedEffects {
  const { outcomes, runTool, continueAsNewAfterSteps = Infinity, raises = [] } = script;
  const approvals = [...(script.approvals ?? [])];
  const decisions: (CallDecision['kind'] | undefined)[] = [];
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
    decisions,
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
    async runTool(_turn, { callId }, decision) {
      toolCalls.push(callId);
      decisions.push(decision?.kind);
      return runTool?.(callId, decision) ?? { item: `result-of-${callId}`, outcome: 'ok' };
    },
    async awaitApproval() {
      const answer = approvals.shift();
      if (answer === undefined) throw new Error('cancelled while it waited for approval');
      return answer;
    },
    ...scriptedConversation(script, () => states.length),
  };
}

function scriptedConversation(
  { messages: all = [], corrections = [] }: Script,
  states: () => number,
): ConversationEffects & Pick<LoopEffects, 'carryOut'> {
  let messages = [...all];
  let corrected = 0;
  const arrived = () => messages.filter(({ afterStates }) => states() >= afterStates);
  return {
    carryOut: async () => ({ report: { kind: 'done', agents: [] } }),
    async interruptible(work) {
      return arrived().some(({ mode }) => mode === 'interrupt') ? INTERRUPTED : work();
    },
    async takeRollback(turn) {
      const back = arrived().find((message) => message.back !== undefined)?.back;
      return back === undefined ? undefined : { ...back, turn };
    },
    async takeMessages(wanted) {
      const taken = arrived().filter(({ mode }) => wanted === 'all' || mode !== 'enqueue');
      messages = messages.filter((message) => !taken.includes(message));
      return taken.map(({ item }) => item);
    },
    async checkOutput() {
      corrected += 1;
      const item = corrections[corrected - 1];
      return item === undefined ? undefined : { item, problem: `${item} is wrong` };
    },
  };
}
