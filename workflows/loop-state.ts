/** What the loop of an agent remembers, may do, and is limited by: the words that its parts share. */
import type { ApprovalRule } from './domain/approval.ts';
import type { Spending, TaskBudget } from './domain/budget.ts';
import type { DeploymentId } from './domain/ids.ts';
import type { Pin } from './domain/pin.ts';
import type { Route } from './domain/route.ts';
import type { RouteHealth } from './domain/route-health.ts';
import { HEALTHY } from './domain/route-health.ts';
import type { AgentOrder, AgentReport, AgentSpending } from './domain/sub-agent.ts';
import type { ItemId, TranscriptHead } from './domain/transcript.ts';
import type {
  AgentsNeeded,
  ApprovalNeeded,
  CallDecision,
  TaskEnding,
  ToolCallReference,
  ToolStep,
  TurnAnswer,
} from './domain/turn.ts';
import type { TurnPolicy } from './domain/turn-policy.ts';
import type { TurnEffects } from './model-turn.ts';
import type { DeploymentHealth } from './policy-1/deployment-health.ts';

/** All that the loop must remember between two steps; ids and numbers only, so that it fits into one history event. */
export interface LoopState {
  /** Turns begun so far; one that a message cut short counts, too, so that no attempt's number is used twice. */
  readonly turn: number;
  readonly head: TranscriptHead;
  /** Calls of the last answer that are still to be run, in the model's order. */
  readonly calls: readonly ToolCallReference[];
  /** Results of the others, in the same order; then what was said to the task since. */
  readonly results: readonly ItemId[];
  /** Where the last turn was answered, and what was known of the deployments then. */
  readonly pin: Pin | null;
  readonly routeHealth: RouteHealth;
  /** Of tasks with a budget. */
  readonly spending?: Spending;
  /** Tokens that the next turn sends, as far as they are known; 0 after the conversation was compacted. */
  readonly contextTokens?: number;
  /** The turn in which it last was. */
  readonly compactedIn?: number;
  /** How often the model was told that its output is not as the schema wants it, since it last was. */
  readonly corrections?: number;
  /** Of tasks planned with policy 1, whose state has these two instead. */
  readonly current?: DeploymentId | null;
  readonly health?: readonly DeploymentHealth[];
}

export interface LoopLimits {
  readonly route: Route;
  readonly maxTurns: number;
  /** Absent in tasks planned with policy 1. */
  readonly policy?: TurnPolicy;
  /** The last answer must be as a schema says. */
  readonly hasOutputSchema?: true;
}

export interface BudgetEffects {
  /** As it is now: it may be raised at any time. null: without limits. */
  budget(): TaskBudget | null;
  /** Settles when the task's budget is no longer this one, however long that takes. Throws only when the task is cancelled. */
  awaitRaise(budget: TaskBudget): Promise<void>;
}

/** What became of a request for approval. `policy-changed`: it is judged anew. */
export type ApprovalAnswer =
  | { readonly kind: 'approved'; readonly by: string; readonly remembered?: ApprovalRule }
  | Extract<CallDecision, { kind: 'denied' | 'expired' }>
  | { readonly kind: 'policy-changed' };

export interface ToolEffects {
  /** Throws only when the task is cancelled; a tool that fails says so in its result. */
  runTool(turn: number, call: ToolCallReference, decision?: CallDecision): Promise<ToolStep | ApprovalNeeded | AgentsNeeded>;
  /** What a call asks of the workflow; `share` is what a new agent may use up, null: no limits, `undefined`: too little is left. */
  carryOut(order: AgentOrder, share: TaskBudget | null | undefined): Promise<{ report: AgentReport; spent?: AgentSpending }>;
  /** Waits for a person, however long. */
  awaitApproval(turn: number, call: ToolCallReference, needed: ApprovalNeeded): Promise<ApprovalAnswer>;
}

export const INTERRUPTED = Symbol('interrupted');

/** `soon` are those that were said to be read at once, `all` also those that wait for the end of the work. */
export type MessagesWanted = 'soon' | 'all';

export interface ConversationEffects {
  /** Runs work that a message may cut short; it is over when this settles. Throws when the task is cancelled. */
  interruptible<Result>(work: () => Promise<Result>): Promise<Result | typeof INTERRUPTED>;
  /** What was said to the task and not read yet, oldest first; each is given once. */
  takeMessages(wanted: MessagesWanted): Promise<readonly ItemId[]>;
  /** Where the conversation goes on when somebody rolled it back, under a turn's number of its own; `undefined`: nobody did. */
  takeRollback(turn: number): Promise<Pick<LoopState, 'head' | 'results' | 'turn'> | undefined>;
  /** What is wrong with the output, and what the model is told of it; `undefined`: nothing. */
  checkOutput(head: TranscriptHead): Promise<{ readonly item: ItemId; readonly problem: string } | undefined>;
}

export interface LoopEffects extends TurnEffects, BudgetEffects, ToolEffects, ConversationEffects {
  /** Called after every step with the state to go on from. */
  remember(state: LoopState): void;
  /** Whether this run's history has grown enough to go on in a new one. */
  shouldContinueAsNew(): boolean;
}

/** What became of a turn. */
export type Turned =
  | { readonly kind: 'answered'; readonly state: LoopState; readonly answer: TurnAnswer }
  /** No answer of its own: what comes next is a turn from this state. */
  | { readonly kind: 'interrupted' | 'compacted'; readonly state: LoopState }
  | { readonly kind: 'gave-up'; readonly reason: string };

export type LoopEnd =
  | { readonly kind: 'ended'; readonly ending: TaskEnding }
  | { readonly kind: 'continue-as-new'; readonly state: LoopState };

/** The state of a task that has not said anything yet. */
export function newLoopState(head: TranscriptHead): LoopState {
  return { turn: 0, head, calls: [], results: [], pin: null, routeHealth: HEALTHY };
}
