/** Whatever broke a call -> the one failure envelope. Errors that are not the cloud's fault come out as they are. */
import type { ModelFailure } from '../../../workflows/domain/model-failure.ts';
import type { RateLimit } from '../cloud-client.ts';
import { ModelFailureError } from '../cloud-client.ts';
import { AnswerTooLargeError } from './answer-allowance.ts';
import { SilenceError } from './call-timer.ts';
import type { CloudDialect, Refusal } from './cloud-dialect.ts';
import { classifyConnection, isTransportTimeout } from './connection-failure.ts';
import { acceptanceOf, classifyRefusal } from './failure-rules.ts';
import type { RequestTrace } from './observed-fetch.ts';
import { RefusedError, UnreachableError } from './observed-fetch.ts';
import { NoAnswerError } from './read-answer.ts';
import { readRateLimit } from './read-rate-limit.ts';
import { readRefusal, readStreamError } from './read-refusal.ts';
import type { StreamState } from './read-response-stream.ts';
import { BrokenStreamError, ProgressError, StreamedError } from './read-response-stream.ts';
import { EventTooLargeError, StreamCutError } from './server-sent-events.ts';

/** What is known of a call when it breaks. `stream` is set once the headers of a success arrived. */
export interface CallState {
  readonly trace: RequestTrace;
  stream?: StreamState & { readonly status: number; readonly requestId?: string; readonly rateLimit?: RateLimit };
}

/** What of a cloud's dialect tells what a failure is. */
type FailingDialect = Pick<CloudDialect, 'response' | 'failure'>;

/** The error to throw for what a call threw. */
export function toCallError(error: unknown, state: CallState, dialect: FailingDialect): unknown {
  if (error instanceof ModelFailureError) return error;
  const progress = findCause(error, ProgressError);
  if (progress !== undefined) return progress.cause;
  const failure = state.stream === undefined ? beforeStream(error, state, dialect) : withinStream(error, state.stream, dialect);
  if (failure === undefined) return error;
  const rateLimit = state.stream === undefined ? rateLimitOf(error) : state.stream.rateLimit;
  return new ModelFailureError(failure, { cause: error, rateLimit });
}

function rateLimitOf(error: unknown): RateLimit | undefined {
  const refused = findCause(error, RefusedError);
  return refused === undefined ? undefined : readRateLimit(refused.headers);
}

function beforeStream(error: unknown, { trace }: CallState, dialect: FailingDialect): ModelFailure | undefined {
  const refused = findCause(error, RefusedError);
  if (refused !== undefined) return toRefusalFailure(refused, dialect);
  const unreachable = findCause(error, UnreachableError);
  const silence = findCause(error, SilenceError);
  if (silence !== undefined) return toSilenceFailure(silence, trace);
  if (unreachable !== undefined) return { ...classifyConnection(unreachable.cause), scope: 'cloud' };
  if (trace.phase !== 'resolve') return undefined;
  // The request never left: the credentials could not be had, or the SDK refuses to use them.
  return {
    kind: 'authentication',
    phase: 'resolve',
    acceptance: 'not-accepted',
    scope: 'credential',
    code: 'no usable credentials',
  };
}

function toRefusalFailure(refused: RefusedError, dialect: FailingDialect): ModelFailure {
  const refusal = readRefusal(refused, dialect.response);
  const rule = classifyRefusal(refusal, dialect.failure);
  return {
    ...hintsOf(refusal),
    ...rule,
    phase: 'headers',
    acceptance: acceptanceOf(rule.kind, refused.status),
    status: refused.status,
  };
}

function toSilenceFailure({ silenceMs }: SilenceError, { phase }: RequestTrace): ModelFailure {
  const acceptance = phase === 'resolve' ? 'not-accepted' : phase === 'sent' ? 'unknown' : 'accepted';
  return { kind: 'timeout', phase, acceptance, scope: 'deployment', code: silenceCode(silenceMs) };
}

/** A 2xx arrived: the cloud has taken the request, whatever becomes of the answer. */
function withinStream(
  error: unknown,
  stream: NonNullable<CallState['stream']>,
  dialect: FailingDialect,
): ModelFailure | undefined {
  const known = {
    phase: stream.position,
    acceptance: 'accepted',
    status: stream.status,
    ...(stream.requestId === undefined ? {} : { requestId: stream.requestId }),
    ...(stream.responseId === undefined ? {} : { responseId: stream.responseId }),
  } as const;
  if (error instanceof StreamedError) {
    const refusal = readStreamError(error.error, stream.requestId);
    return { ...known, ...hintsOf(refusal), ...classifyRefusal(refusal, dialect.failure) };
  }
  if (error instanceof SilenceError) {
    return { ...known, kind: 'timeout', scope: 'deployment', code: silenceCode(error.silenceMs) };
  }
  if (error instanceof StreamCutError && isTransportTimeout(error.cause)) {
    return { ...known, kind: 'timeout', scope: 'deployment', code: 'stream stalled' };
  }
  const code = protocolCode(error);
  return code === undefined ? undefined : { ...known, kind: 'protocol', scope: 'deployment', code };
}

function protocolCode(error: unknown): string | undefined {
  if (error instanceof StreamCutError) return 'stream cut';
  if (error instanceof EventTooLargeError) return 'event too large';
  if (error instanceof AnswerTooLargeError) return error.code;
  return error instanceof BrokenStreamError || error instanceof NoAnswerError ? error.code : undefined;
}

function hintsOf({ names, retryAfterMs, requestId }: Refusal): Pick<ModelFailure, 'code' | 'retryAfterMs' | 'requestId'> {
  const code = names[0];
  return {
    ...(code === undefined ? {} : { code }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

function silenceCode(silenceMs: number): string {
  return `nothing came for ${silenceMs} ms`;
}

/** The SDK wraps what its fetch threw, once or twice. */
function findCause<Found extends Error>(error: unknown, type: new (...parameters: never) => Found): Found | undefined {
  const seen = new Set<unknown>();
  let current = error;
  while (current instanceof Error && !seen.has(current)) {
    if (current instanceof type) return current;
    seen.add(current);
    current = current.cause;
  }
  return undefined;
}
