/** What a turn is made of, as ids and counts: the words the loop and the activities share. */
import type { DeploymentId } from './ids.ts';
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
  /** Waited before it is sent: the backoff of a retry that is too short for a timer. */
  readonly pauseMs?: number;
}

export interface ToolCallReference {
  readonly callId: string;
  readonly name: string;
  readonly item: ItemId;
  /** A command or path, for the card and the story: at most 60 characters, see `excerptOf`. Never in a summary. */
  readonly excerpt: string;
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
}

export interface ToolStep {
  /** The stored tool result. */
  readonly item: ItemId;
  readonly outcome: ToolOutcome;
  /** Why it was refused, in one line for the story. */
  readonly why?: string;
}

/** How a task ended. */
export type TaskEnding =
  | { readonly kind: 'completed' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly reason: string };
