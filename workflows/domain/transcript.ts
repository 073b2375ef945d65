/**
 * The cloud-neutral conversation of a task. Items live in the task store, addressed by content; a transcript is a chain of
 * entries there, and a workflow holds only the id of its last one, the head. So a head names one exact conversation, an
 * attempt that lost a race cannot change it, and history stays small.
 */

/** First 22 characters (128 bits) of the base64url SHA-256 of an item's canonical JSON. */
export type ItemId = string;
/** Id of a chain's last entry: hash of (parent head, item id), 22 characters. `''` is the empty transcript. */
export type TranscriptHead = string;
export const EMPTY_TRANSCRIPT: TranscriptHead = '';

/** `json`: the arguments as the model wrote them, not yet parsed; `text`: a freeform (custom) tool's input. */
export type ToolInput = { readonly kind: 'json'; readonly text: string } | { readonly kind: 'text'; readonly text: string };

/**
 * What came of a tool call. `refused`: it was not run (unknown tool, malformed input, policy); `unknown`: the host was
 * lost while it ran, so it may have run in part or in full, and it is never run again by itself.
 */
export type ToolOutcome = 'ok' | 'failed' | 'refused' | 'unknown';

/**
 * What we wrote in the user's place: what a task begins with (project's instructions, environment), the summary that stands for
 * a compacted conversation, what is wrong with an answer that should have been JSON.
 */
export type MessageOrigin = 'context' | 'summary' | 'correction';
/** `origin` is absent in what a person or program asked. */
export type UserMessage = { readonly kind: 'user-message'; readonly text: string; readonly origin?: MessageOrigin };
export type AssistantMessage = {
  readonly kind: 'assistant-message';
  readonly text: string;
  readonly phase?: 'commentary' | 'final-answer';
  /** The model declined; `text` is its reason. */
  readonly refusal?: boolean;
};
/**
 * A reasoning item, opaque to us and only valid at the boundary that made it (cloud, account, model family).
 * `payload` is the cloud's item as JSON text, replayed verbatim there and dropped at every handoff.
 */
export type Reasoning = { readonly kind: 'reasoning'; readonly boundary: string; readonly payload: string };
export type ToolCall = {
  readonly kind: 'tool-call';
  readonly callId: string;
  readonly name: string;
  readonly input: ToolInput;
};
/** A picture in base64. */
export interface ToolImage {
  readonly mediaType: 'image/png' | 'image/jpeg' | 'image/webp' | 'image/gif';
  readonly base64: string;
}
export type ToolResult = {
  readonly kind: 'tool-result';
  readonly callId: string;
  readonly outcome: ToolOutcome;
  readonly output: string;
  readonly images?: readonly ToolImage[];
};

export type TranscriptItem = UserMessage | AssistantMessage | Reasoning | ToolCall | ToolResult;
