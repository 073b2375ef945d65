/** The rows of the decision table: what a classified failure means for what is done next. Finer than its kind, no cloud's name. */
import type { ModelFailure } from './model-failure.ts';
import type { Deployment } from './route.ts';

/**
 * unreachable: broke before it was sent · lost-after-send: reset or silent after it, so nobody knows · slow-first-event: headers,
 * then nothing in time · reserved-full: a reserved capacity is used up, not a quota · internal-error: 500, also told within a
 * stream · gateway-error: 502 and 504 of something in front of the model · conflict: 408 and 409, which go away · stream-broken:
 * cut, stalled, malformed or without its end · empty-answer: whole, but says nothing · interrupted: our own worker went away ·
 * not-polled: no worker took the call from the endpoint's queue · held: our own circuit, budget or limit kept it back · ineligible: it may
 * not serve the task any more.
 */
export const FAILURE_CLASSES = [
  'unreachable',
  'lost-after-send',
  'slow-first-event',
  'rate-limited',
  'reserved-full',
  'quota-exhausted',
  'overloaded',
  'internal-error',
  'gateway-error',
  'conflict',
  'authentication',
  'not-found',
  'unsupported',
  'invalid-transcript',
  'context-overflow',
  'invalid-request',
  'content-filtered',
  'stream-broken',
  'empty-answer',
  'interrupted',
  'not-polled',
  'held',
  'ineligible',
] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** Code of a call that stayed in its endpoint's queue: drained, or no worker with its credentials. */
export const NOT_POLLED_CODE = 'no worker polls this endpoint';
/** Code of an answer that is whole and empty. */
export const EMPTY_ANSWER_CODE = 'empty answer';

/** The row of a failure; the deployment says whether its capacity is reserved. */
export function classOf(failure: ModelFailure, deployment?: Pick<Deployment, 'capacity'>): FailureClass {
  if (failure.kind === 'unavailable') return classOfUnavailable(failure);
  if (failure.kind === 'timeout') return classOfTimeout(failure);
  if (failure.kind === 'protocol') return failure.code === EMPTY_ANSWER_CODE ? 'empty-answer' : 'stream-broken';
  if (failure.kind === 'rate-limited' && deployment?.capacity === 'reserved') return 'reserved-full';
  return failure.kind;
}

function classOfUnavailable({ code, phase, status }: ModelFailure): FailureClass {
  if (code === NOT_POLLED_CODE) return 'not-polled';
  if (status === undefined) return isBeforeSend(phase) ? 'unreachable' : 'lost-after-send';
  if (status === 409) return 'conflict';
  return status === 502 ? 'gateway-error' : 'internal-error';
}

function classOfTimeout({ phase, status }: ModelFailure): FailureClass {
  if (status === 504) return 'gateway-error';
  if (status === 408) return 'conflict';
  if (isBeforeSend(phase)) return 'unreachable';
  if (phase === 'sent') return 'lost-after-send';
  return phase === 'headers' ? 'slow-first-event' : 'stream-broken';
}

function isBeforeSend(phase: ModelFailure['phase']): boolean {
  return phase === 'resolve' || phase === 'connect' || phase === 'tls';
}
