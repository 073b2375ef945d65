/**
 * What went wrong with an attempt, classified once by the adapter of the cloud. Everything after it decides by these fields,
 * never by a status or a message.
 */

/**
 * rate-limited: our quota per minute · overloaded: the cloud has no capacity · unavailable: it cannot be reached or breaks ·
 * timeout: no (further) event in time · protocol: an answer that is none (cut, malformed, no terminal event) ·
 * authentication: our credentials are refused or cannot be had · not-found: no such model, deployment or response ·
 * unsupported: a feature or tool this deployment lacks · invalid-transcript: state minted elsewhere was replayed ·
 * interrupted: our own worker went away while it was in flight; never the cloud's fault · held: not sent, since a circuit is open,
 * a retry budget is used up or a limit of our own is reached · ineligible: not sent, since it may not serve the task any more, or
 * refused, since it has not what the task names.
 */
export const MODEL_FAILURE_KINDS = [
  'rate-limited',
  'quota-exhausted',
  'overloaded',
  'unavailable',
  'timeout',
  'protocol',
  'authentication',
  'not-found',
  'unsupported',
  'invalid-request',
  'invalid-transcript',
  'context-overflow',
  'content-filtered',
  'interrupted',
  'held',
  'ineligible',
] as const;
export type ModelFailureKind = (typeof MODEL_FAILURE_KINDS)[number];

/** How far the request had come when it broke. `started`: the first event arrived; `output`: the first piece of an answer. */
export type FailurePhase = 'resolve' | 'connect' | 'tls' | 'sent' | 'headers' | 'started' | 'output' | 'terminal';

/** Whether the cloud took the request and may bill it. */
export type Acceptance = 'not-accepted' | 'unknown' | 'accepted';

/** What the failure says something about; health is kept at this grain. */
export type FailureScope = 'request' | 'transcript' | 'credential' | 'deployment' | 'model' | 'account' | 'cloud';

export interface ModelFailure {
  readonly kind: ModelFailureKind;
  readonly phase: FailurePhase;
  readonly acceptance: Acceptance;
  readonly scope: FailureScope;
  /** The server's own hint, already in milliseconds from now; absent when it gave none. */
  readonly retryAfterMs?: number;
  /** HTTP status, when there was one. */
  readonly status?: number;
  /** The cloud's own error code or type, shortened to 80 characters. Never a message: those may quote the request. */
  readonly code?: string;
  readonly requestId?: string;
  readonly responseId?: string;
  /** What the attempt may have cost without an answer: set by the activity when a cloud took it, or may have. */
  readonly suspenseUsdMicros?: number;
}

/** `503 server_is_overloaded`, `connect ECONNREFUSED`, `rate-limited 429`: for summaries and the story, no tenant data. */
export function describeFailure(failure: ModelFailure): string {
  const detail = [failure.status, failure.code].filter((part) => part !== undefined).join(' ');
  return detail === '' ? `${failure.kind} (${failure.phase})` : `${failure.kind}: ${detail}`;
}
