/** Failures as each cloud's adapter makes them: what came over the wire, read and classified by the code that ships. */
import { ModelFailureError } from '../../activities/clouds/cloud-client.ts';
import { AWS_FAILURE } from '../../activities/clouds/aws/failure.ts';
import { AWS_REQUESTS } from '../../activities/clouds/aws/request.ts';
import { AWS_RESPONSE } from '../../activities/clouds/aws/response.ts';
import { AZURE_FAILURE } from '../../activities/clouds/azure/failure.ts';
import { AZURE_REQUEST } from '../../activities/clouds/azure/request.ts';
import { AZURE_RESPONSE } from '../../activities/clouds/azure/response.ts';
import { GOOGLE_FAILURE } from '../../activities/clouds/google/failure.ts';
import { GOOGLE_REQUEST } from '../../activities/clouds/google/request.ts';
import { GOOGLE_RESPONSE } from '../../activities/clouds/google/response.ts';
import { OPENAI_FAILURE } from '../../activities/clouds/openai/failure.ts';
import { OPENAI_REQUEST } from '../../activities/clouds/openai/request.ts';
import { OPENAI_RESPONSE } from '../../activities/clouds/openai/response.ts';
import { SilenceError } from '../../activities/clouds/responses-api/call-timer.ts';
import type { CloudDialect } from '../../activities/clouds/responses-api/cloud-dialect.ts';
import { RefusedError, UnreachableError } from '../../activities/clouds/responses-api/observed-fetch.ts';
import { NoAnswerError } from '../../activities/clouds/responses-api/read-answer.ts';
import { BrokenStreamError, StreamedError } from '../../activities/clouds/responses-api/read-response-stream.ts';
import { StreamCutError } from '../../activities/clouds/responses-api/server-sent-events.ts';
import type { CallState } from '../../activities/clouds/responses-api/to-model-failure.ts';
import { toCallError } from '../../activities/clouds/responses-api/to-model-failure.ts';
import { EMPTY_ANSWER_CODE } from '../../workflows/domain/failure-class.ts';
import type { ModelFailure } from '../../workflows/domain/model-failure.ts';

export const SURFACES = ['openai', 'azure', 'aws-mantle', 'aws-runtime', 'google'] as const;
export type Surface = (typeof SURFACES)[number];

const DIALECTS: Record<Surface, CloudDialect> = {
  openai: { request: OPENAI_REQUEST, response: OPENAI_RESPONSE, failure: OPENAI_FAILURE },
  azure: { request: AZURE_REQUEST, response: AZURE_RESPONSE, failure: AZURE_FAILURE },
  'aws-mantle': { request: AWS_REQUESTS['bedrock-mantle'], response: AWS_RESPONSE, failure: AWS_FAILURE },
  'aws-runtime': { request: AWS_REQUESTS['bedrock-runtime'], response: AWS_RESPONSE, failure: AWS_FAILURE },
  google: { request: GOOGLE_REQUEST, response: GOOGLE_RESPONSE, failure: GOOGLE_FAILURE },
};

/** Makes the failure of one wire event at a surface. */
export type Happening = (surface: Surface) => ModelFailure;

type Phase = NonNullable<CallState['stream']>['position'];

/** An answer with that status; the body is in the cloud's own form unless it is given as text. */
export function refused(status: number, body: unknown, headers: Record<string, string> = {}): Happening {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return (surface) => failureOf(new RefusedError(new Response(null, { status, headers }), text), before('headers'), surface);
}

/** The connection broke before any headers, with a code of Node's. */
export function connectionError(code: string, syscall = 'connect'): Happening {
  const cause = Object.assign(new Error('fetch failed'), { code, syscall });
  return (surface) => failureOf(new UnreachableError(cause), before('sent'), surface);
}

/** Nothing came: before the headers, or within the stream. */
export function silence(phase: 'sent' | 'headers' | 'started' | 'output'): Happening {
  const state = phase === 'sent' ? before('sent') : within(phase);
  return (surface) => failureOf(new SilenceError(60_000), state, surface);
}

/** No credentials could be had: nothing left this machine. */
export function withoutCredentials(): Happening {
  return (surface) => failureOf(new Error('could not load credentials'), before('resolve'), surface);
}

export function streamCut(phase: Phase = 'output'): Happening {
  return (surface) => failureOf(new StreamCutError(new Error('terminated')), within(phase), surface);
}

export function brokenStream(code: string): Happening {
  return (surface) => failureOf(new BrokenStreamError(code), within('output'), surface);
}

/** An `error` event within a 200. */
export function errorEvent(code: string): Happening {
  return (surface) => failureOf(new StreamedError({ code, message: 'm' }), within('started'), surface);
}

export function emptyAnswer(): Happening {
  return (surface) => failureOf(new NoAnswerError(EMPTY_ANSWER_CODE), within('terminal'), surface);
}

function before(phase: CallState['trace']['phase']): CallState {
  return { trace: { phase } };
}

function within(position: Phase): CallState {
  return { trace: { phase: 'headers' }, stream: { position, status: 200, responseId: 'resp_1' } };
}

function failureOf(error: unknown, state: CallState, surface: Surface): ModelFailure {
  const known = toCallError(error, state, DIALECTS[surface]);
  if (known instanceof ModelFailureError) return known.failure;
  throw known;
}
