/** A client of one endpoint that speaks the Responses API: one request, once; the answer whole, or a classified failure. */
import type OpenAI from 'openai';
import { setTimeout as pause } from 'node:timers/promises';
import type { CallOptions, CloudClient, ModelAnswer, ModelRequest, PickUpOptions } from '../cloud-client.ts';
import { ModelFailureError } from '../cloud-client.ts';
import { CallTimer } from './call-timer.ts';
import type { ResponsesEndpoint } from './cloud-dialect.ts';
import type { RequestTrace } from './observed-fetch.ts';
import { observedFetch, traced } from './observed-fetch.ts';
import { NoAnswerError, readAnswer } from './read-answer.ts';
import { readRateLimit } from './read-rate-limit.ts';
import { readRequestId } from './read-refusal.ts';
import { readJson } from './read-json.ts';
import type { ToldResponse } from './read-response-stream.ts';
import {
  BrokenStreamError,
  NO_TERMINAL_EVENT,
  ProgressError,
  StreamedError,
  readResponseStream,
} from './read-response-stream.ts';
import { UnreadableReasoningError } from './render-items.ts';
import { renderRequest } from './render-request.ts';
import type { ResponseObject } from './response-object.ts';
import { RESPONSE } from './response-object.ts';
import type { CallState } from './to-model-failure.ts';
import { toCallError } from './to-model-failure.ts';

/** A call in flight. */
interface Call {
  readonly endpoint: ResponsesEndpoint;
  readonly sdk: OpenAI;
  readonly request: ModelRequest;
  readonly options: CallOptions;
  readonly timer: CallTimer;
  readonly state: CallState;
}

type Send = (signal: AbortSignal) => Promise<Response>;

export function createResponsesClient(endpoint: ResponsesEndpoint): CloudClient {
  const sdk = endpoint.createSdk(observedFetch);
  return {
    invoke: async (request, options) => {
      assertRenderable(request, endpoint);
      const body = render(request, endpoint);
      const work = (call: Call): Promise<ModelAnswer> =>
        stream(call, (signal) => sdk.responses.create(body, { signal }).asResponse());
      const trace: RequestTrace = { phase: 'resolve', beforeSending: () => tellSending(options) };
      return inCall(endpoint, sdk, { request, options, trace, work });
    },
    reattach: async (responseId, request, options) => {
      const run = <Answer>(work: CallPlan<Answer>['work']) =>
        inCall(endpoint, sdk, { request, options, trace: { phase: 'resolve' }, work });
      try {
        const found = await run((call) => pickUp(call, responseId, options));
        return found === 'in parts' ? await run((call) => poll(call, responseId)) : found;
      } catch (error) {
        throw asAccepted(error, responseId);
      }
    },
    cancel: (responseId) => cancel(endpoint, sdk, responseId),
  };
}

async function tellSending({ progress }: CallOptions): Promise<void> {
  await progress.onSending().catch((error: unknown) => {
    throw new ProgressError(error);
  });
}

function assertRenderable(request: ModelRequest, { dialect }: ResponsesEndpoint): void {
  if (!request.background || dialect.request.background !== 'unsupported') return;
  throw new ModelFailureError({
    kind: 'unsupported',
    phase: 'resolve',
    acceptance: 'not-accepted',
    scope: 'deployment',
    code: 'background',
  });
}

function render(request: ModelRequest, { dialect }: ResponsesEndpoint) {
  try {
    return renderRequest(request, dialect.request);
  } catch (error) {
    if (!(error instanceof UnreadableReasoningError)) throw error;
    throw new ModelFailureError(
      {
        kind: 'invalid-transcript',
        phase: 'resolve',
        acceptance: 'not-accepted',
        scope: 'transcript',
        code: 'unreadable reasoning',
      },
      { cause: error },
    );
  }
}

interface CallPlan<Answer> {
  readonly request: ModelRequest;
  readonly options: CallOptions;
  readonly trace: RequestTrace;
  readonly work: (call: Call) => Promise<Answer>;
}

async function inCall<Answer>(
  endpoint: ResponsesEndpoint,
  sdk: OpenAI,
  { request, options, trace, work }: CallPlan<Answer>,
): Promise<Answer> {
  options.signal.throwIfAborted();
  const timer = new CallTimer(options.signal, endpoint.timeouts.firstEventMs);
  const state: CallState = { trace };
  try {
    return await work({ endpoint, sdk, request, options, timer, state });
  } catch (error) {
    // The caller's own abort is no failure of the cloud, whatever it looks like by now.
    options.signal.throwIfAborted();
    const silence: unknown = timer.signal.aborted ? timer.signal.reason : error;
    throw toCallError(silence, state, endpoint.dialect);
  } finally {
    timer.stop();
  }
}

async function stream(call: Call, send: Send): Promise<ModelAnswer> {
  const response = await open(call, send);
  return isEventStream(response) ? readStream(call, response) : Promise.reject(new BrokenStreamError('not an event stream'));
}

/** Sends, and from the headers on keeps what is known of the response. */
async function open({ state, timer, endpoint }: Call, send: Send): Promise<Response> {
  // A poll follows a response that was read before: what breaks now breaks before the headers again.
  delete state.stream;
  state.trace.phase = 'resolve';
  const response = await traced(state.trace, () => send(timer.signal));
  const requestId = readRequestId(response.headers, endpoint.dialect.response);
  const rateLimit = readRateLimit(response.headers);
  state.stream = {
    position: 'headers',
    status: response.status,
    ...(rateLimit === undefined ? {} : { rateLimit }),
    ...(requestId === undefined ? {} : { requestId }),
  };
  return response;
}

function readStream(call: Call, response: Response): Promise<ModelAnswer> {
  return readWhole(call, response).then((whole) => toAnswer(whole, call));
}

async function readWhole(call: Call, response: Response): Promise<ToldResponse> {
  const { state, timer, endpoint, options } = call;
  if (state.stream === undefined || response.body === null) throw new BrokenStreamError('no body');
  const reading = {
    state: state.stream,
    timer,
    timeouts: endpoint.timeouts,
    progress: options.progress,
  };
  return readResponseStream(response.body, reading);
}

/** Streams the response, or what is missing of it; a cloud that will not stream it is polled. */
async function pickUp(call: Call, responseId: string, { after }: PickUpOptions): Promise<ModelAnswer | 'in parts'> {
  const { sdk } = call;
  const query = { stream: true, ...(after === undefined ? {} : { starting_after: after }) } as const;
  let response: Response;
  try {
    response = await open(call, (signal) => sdk.responses.retrieve(responseId, query, { signal }).asResponse());
  } catch (error) {
    if (!isStreamRefused(error, call)) throw error;
    return poll(call, responseId);
  }
  if (!isEventStream(response)) {
    await response.body?.cancel();
    return poll(call, responseId);
  }
  try {
    return await (after === undefined ? readStream(call, response) : readRest(call, response));
  } catch (error) {
    // Its stream is over and told no end, as that of a response which was cancelled or has expired: only asking tells.
    if (!(error instanceof BrokenStreamError) || error.code !== NO_TERMINAL_EVENT) throw error;
    return poll(call, responseId);
  }
}

/** The events before were read by nobody who kept them: only an end that carries the whole output is an answer. */
async function readRest(call: Call, response: Response): Promise<ModelAnswer | 'in parts'> {
  const rest = await readWhole(call, response);
  return rest.isPutTogether === true ? 'in parts' : toAnswer(rest, call);
}

/** A response that was made without a stream cannot be streamed: the request for it is then an invalid one. */
function isStreamRefused(error: unknown, { state, endpoint, timer }: Call): boolean {
  if (timer.signal.aborted) return false;
  const known = toCallError(error, state, endpoint.dialect);
  if (!(known instanceof ModelFailureError)) return false;
  const { kind } = known.failure;
  return kind === 'invalid-request' || kind === 'unsupported';
}

async function poll(call: Call, responseId: string): Promise<ModelAnswer> {
  const { endpoint, sdk, timer } = call;
  for (;;) {
    const response = await open(call, (signal) => sdk.responses.retrieve(responseId, {}, { signal }).asResponse());
    const read = RESPONSE.safeParse(await readJson(response)).data;
    if (read === undefined) throw new BrokenStreamError('malformed response');
    if (read.status !== 'queued' && read.status !== 'in_progress') {
      if (call.state.stream !== undefined) call.state.stream.position = 'terminal';
      return toAnswer(read, call);
    }
    timer.restart(endpoint.timeouts.idleMs);
    await pause(endpoint.timeouts.pollMs, undefined, { signal: timer.signal });
  }
}

function toAnswer(response: ResponseObject, { request, state }: Call): ModelAnswer {
  const status = response.status ?? 'without status';
  const rateLimit = state.stream?.rateLimit;
  switch (status) {
    case 'completed':
    case 'incomplete':
      return { ...readAnswer(response, request), ...(rateLimit === undefined ? {} : { rateLimit }) };
    case 'failed':
      throw new StreamedError(response.error);
    case 'expired':
    case 'cancelled':
      // Its answer is not to be had any more, by whatever way it is asked for.
      throw new StreamedError({ code: `response_${status}` });
    default:
      throw new NoAnswerError(`response ${status}`);
  }
}

/** One that has ended, or that the cloud no longer has, needs no stopping. */
async function cancel(endpoint: ResponsesEndpoint, sdk: OpenAI, responseId: string): Promise<void> {
  const timer = new CallTimer(undefined, endpoint.timeouts.cancelMs);
  const state: CallState = { trace: { phase: 'resolve' } };
  try {
    const response = await traced(state.trace, () => sdk.responses.cancel(responseId, { signal: timer.signal }).asResponse());
    await response.body?.cancel();
  } catch (error) {
    const known = toCallError(timer.signal.aborted ? timer.signal.reason : error, state, endpoint.dialect);
    if (!(known instanceof ModelFailureError) || !hasEnded(known)) throw known;
  } finally {
    timer.stop();
  }
}

function hasEnded({ failure }: ModelFailureError): boolean {
  return failure.kind === 'not-found' || failure.status === 400 || failure.status === 409;
}

/** Whatever broke while a response was picked up, the cloud had taken it before. */
function asAccepted(error: unknown, responseId: string): unknown {
  if (!(error instanceof ModelFailureError)) return error;
  const { cause, rateLimit } = error;
  return new ModelFailureError({ ...error.failure, acceptance: 'accepted', responseId }, { cause, rateLimit });
}

function isEventStream(response: Response): boolean {
  return response.headers.get('content-type')?.includes('text/event-stream') === true;
}
