/** What a turn is made of, as ids and counts: the words the loop and the activities share. */
import type { ApprovalRule } from './approval.ts';
import type { DeploymentId } from './ids.ts';
import type { TaskPlan } from './tool-call.ts';
import type { AgentOrder, AgentReport, AgentSpending } from './sub-agent.ts';
import type { ItemId, ToolOutcome, TranscriptHead } from './transcript.ts';
import type { Usage } from './usage.ts';

/** One attempt of one turn at one deployment. */
export interface Attempt {
  readonly turn: number;
  /** Counts from 1 within the turn. */
  readonly attempt: number;
  readonly deployment: DeploymentId;
  readonly head: TranscriptHead;
  /** Results of the last turn's tool calls, appended to `head` in this order before the call. */
  readonly results: readonly ItemId[];
  /** Another attempt on the same deployment after its own failure: taken from its endpoint's budget of retries. */
  readonly retry?: 'transient' | 'throttle';
  /** The cloud refused reasoning that the transcript carries: it is sent without any. */
  readonly dropReasoning?: true;
  /** The answer is a summary, and the conversation goes on from that. */
  readonly purpose?: 'compact';
  /** Of the deployment, where it matters and is known. */
  readonly contextWindow?: number;
  /** Waited before it is sent: the backoff of a retry that is too short for a timer. */
  readonly pauseMs?: number;
}

export interface ToolCallReference {
  readonly callId: string;
  readonly name: string;
  readonly item: ItemId;
  /** A command or path, for the card and the story: at most 60 characters, see `excerptOf`. Never in a summary. */
  readonly excerpt: string;
  /** May run beside its neighbours; absent: alone. */
  readonly sideBySide?: true;
}

/** What was decided about a call before it ran. `by` is who an approver says that they are. */
export type CallDecision =
  | { readonly kind: 'approved'; readonly by: string }
  | { readonly kind: 'denied'; readonly by: string; readonly reason?: string }
  /** Nobody answered in time. */
  | { readonly kind: 'expired' }
  /** A message to the task came first. */
  | { readonly kind: 'interrupted' }
  /** What it asked of the workflow was done, or not. */
  | { readonly kind: 'carried-out'; readonly report: AgentReport };

/** The call asks the workflow for something; it ends when it is told what became of that. */
export interface AgentsNeeded {
  readonly agents: AgentOrder;
}

/** The call was not run: a person is to be asked first. */
export interface ApprovalNeeded {
  readonly approval: {
    readonly reason: string;
    /** What the call would do: at most 200 printable characters. */
    readonly about: string;
    /** What an approver may have remembered. */
    readonly rule?: ApprovalRule;
    /** It is denied when nobody answers for so long; absent: it waits for ever. */
    readonly expireMs?: number;
  };
}

/** A model's answer, whole. */
export interface TurnAnswer {
  /** The transcript with the results and the answer appended. */
  readonly head: TranscriptHead;
  readonly calls: readonly ToolCallReference[];
  /** Beginning of what the model said, at most 120 characters; absent when it said nothing. */
  readonly excerpt?: string;
  readonly usage: Usage;
  readonly costUsdMicros: number;
  /** Why the answer ended early, when it did. */
  readonly incomplete?: 'max-output-tokens' | 'content-filter';
  /** The session of managed agents that answered, by its service's name for it. At most 120 printable characters. */
  readonly session?: string;
  /** Of a session of managed agents that goes on for others: what those left behind. At most 5, of at most 120 printable characters. */
  readonly leftBehind?: readonly string[];
}

export interface ToolStep {
  /** The stored tool result. */
  readonly item: ItemId;
  readonly outcome: ToolOutcome;
  /** Of its output, where that is long enough to matter. */
  readonly tokens?: number;
  /** Why it was refused, in one line for the story. */
  readonly why?: string;
  /** How far the model says that it is. */
  readonly plan?: TaskPlan;
  /** What agents took of the budget, or gave back. */
  readonly spent?: AgentSpending;
}

/** How a task ended. */
export type TaskEnding =
  | { readonly kind: 'completed' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly reason: string };
