/** What an exception of Agents Classic means: by its name first, since it may come in mid-stream without a status. */
import type { ModelFailure } from '../../../workflows/domain/model-failure.ts';
import { AWS_FAILURE } from '../../clouds/aws/failure.ts';
import { ModelFailureError } from '../../clouds/cloud-client.ts';
import { AnswerTooLargeError } from '../../clouds/responses-api/answer-allowance.ts';
import { SilenceError } from '../../clouds/responses-api/call-timer.ts';
import type { FailureDialect, FailureRule, Refusal } from '../../clouds/responses-api/cloud-dialect.ts';
import { classifyConnection } from '../../clouds/responses-api/connection-failure.ts';
import { acceptanceOf, classifyRefusal } from '../../clouds/responses-api/failure-rules.ts';
import { NoAnswerError } from '../../clouds/responses-api/read-answer.ts';
import { toCode } from '../../clouds/responses-api/read-refusal.ts';
import { ProgressError } from '../../clouds/responses-api/read-response-stream.ts';
import { readRetryAfterMs } from '../../clouds/responses-api/retry-after.ts';

const UNAVAILABLE: FailureRule = { kind: 'unavailable', scope: 'deployment' };
const NOT_FOUND: FailureRule = { kind: 'not-found', scope: 'deployment' };

/** How Bedrock says that a region or account has no such model (2026-11): with the name of a request that is wrong. */
const UNKNOWN_MODEL = /model identifier is invalid/i;

export const BEDROCK_CLASSIC_FAILURE: FailureDialect = {
  rules: {
    ...AWS_FAILURE.rules,
    // What the agent calls by itself failed: its functions, its knowledge, its model.
    dependencyfailedexception: UNAVAILABLE,
    badgatewayexception: UNAVAILABLE,
    // The session works on something else.
    conflictexception: { kind: 'unavailable', scope: 'request' },
    validationexception: { kind: 'invalid-request', scope: 'request' },
    unknownoperationexception: NOT_FOUND,
  },
  judge: (refusal) => (UNKNOWN_MODEL.test(refusal.message) ? NOT_FOUND : AWS_FAILURE.judge(refusal)),
};

/** How far an invocation has come; written by `exchange.ts`. */
export interface InvocationTrace {
  phase: 'resolve' | 'sent' | 'headers' | 'started' | 'output';
  status?: number;
  headers?: Headers;
}

/** Which session is meant; unless it is being opened, what is not found is it. */
export interface InvocationSubject {
  readonly sessionId: string;
  readonly isOpening: boolean;
}

/** The error to throw for what an invocation threw. What is not the service's fault comes out as it is. */
export function toInvocationError(error: unknown, trace: InvocationTrace, subject: InvocationSubject): unknown {
  if (error instanceof ModelFailureError) return error;
  if (error instanceof ProgressError) return error.cause;
  const failure = { ...toFailure(error, trace, subject), responseId: subject.sessionId };
  return new ModelFailureError(failure, { cause: error });
}

function toFailure(error: unknown, trace: InvocationTrace, subject: InvocationSubject): ModelFailure {
  const { phase, status } = trace;
  if (error instanceof SilenceError) return toSilence(error, trace);
  if (phase === 'resolve') {
    // It never left: there are no credentials, or the SDK refuses to sign with them.
    const code = 'no usable credentials';
    return { kind: 'authentication', phase, acceptance: 'not-accepted', scope: 'credential', code };
  }
  if (status === undefined) return { ...classifyConnection(error), scope: 'cloud' };
  return status < 300 ? withinStream(error, trace) : toRefusal(error, { ...trace, status }, subject);
}

function toSilence({ silenceMs }: SilenceError, trace: InvocationTrace): ModelFailure {
  const acceptance = trace.phase === 'resolve' ? 'not-accepted' : trace.phase === 'sent' ? 'unknown' : 'accepted';
  const known = { kind: 'timeout', phase: trace.phase, acceptance, scope: 'deployment' } as const;
  return { ...known, ...hintsOf(trace), code: `nothing came for ${silenceMs} ms` };
}

function toRefusal(
  error: unknown,
  trace: InvocationTrace & { readonly status: number },
  { isOpening }: InvocationSubject,
): ModelFailure {
  const { status, headers = new Headers() } = trace;
  const retryAfterMs = readRetryAfterMs(headers, undefined, Date.now());
  const refusal = { ...refusalOf(error), status, retryAfterMs };
  const rule = classifyRefusal(refusal, BEDROCK_CLASSIC_FAILURE);
  return {
    ...rule,
    ...(rule.kind === 'not-found' && status === 404 && !isOpening ? { scope: 'request' } : {}),
    phase: 'headers',
    acceptance: acceptanceOf(rule.kind, status),
    ...hintsOf(trace),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    code: refusal.names[0] ?? `status ${status}`,
  };
}

/** A 2xx arrived: the service has taken the input, whatever becomes of the answer, and even when its first event is an exception. */
function withinStream(error: unknown, trace: InvocationTrace): ModelFailure {
  const { phase } = trace;
  const known = { phase, acceptance: 'accepted', ...hintsOf(trace) } as const;
  if (error instanceof NoAnswerError || error instanceof AnswerTooLargeError)
    return { ...known, kind: 'protocol', scope: 'deployment', code: error.code };
  const refusal = refusalOf(error);
  if (refusal.names.length === 0) return { ...known, kind: 'protocol', scope: 'deployment', code: brokenHow(error) };
  return { ...known, ...classifyRefusal(refusal, BEDROCK_CLASSIC_FAILURE), code: refusal.names[0] ?? '' };
}

/** Names of JavaScript's own errors: what breaks a stream has no better one. */
const NAMELESS = new Set(['Error', 'TypeError', 'SyntaxError', 'RangeError', 'AbortError', 'TimeoutError']);

function refusalOf(error: unknown): Refusal {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const isNameless = NAMELESS.has(name) || (error instanceof Error && 'code' in error && !('$fault' in error));
  const names = isNameless ? [] : [toCode(name)];
  return { status: undefined, names, message, retryAfterMs: undefined, requestId: undefined, doNotRetry: false };
}

function brokenHow(error: unknown): string {
  const isCut = error instanceof Error && ('code' in error || /truncated|aborted|premature/i.test(error.message));
  return isCut ? 'stream cut' : 'malformed event';
}

function hintsOf({ status, headers }: InvocationTrace): Pick<ModelFailure, 'status' | 'requestId'> {
  const requestId = headers?.get('x-amzn-requestid') ?? undefined;
  return {
    ...(status === undefined ? {} : { status }),
    ...(requestId === undefined ? {} : { requestId: toCode(requestId) }),
  };
}
