/** One emulated endpoint as an HTTP server on a port of its own. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastify from 'fastify';
import { z } from 'zod';
import { identify } from './authentication.ts';
import type { ConversationScript } from './conversation-script.ts';
import { selectTurn } from './conversation-script.ts';
import type { EmulatedEndpoint } from './emulated-endpoints.ts';
import type { Hit, RequestFault } from './fault-plan.ts';
import { FaultPlan } from './fault-plan.ts';
import { Generation } from './generation.ts';
import type { LedgerEntry } from './ledger.ts';
import { Ledger, settle } from './ledger.ts';
import { RateLimits } from './rate-limits.ts';
import { refuse, refuseAs, toRefusal } from './refuse.ts';
import { scriptResponse } from './response-events.ts';
import { streamEvents } from './stream-events.ts';
import type { ModelRequestBody } from './validate-request.ts';
import { isRefusal, readRequest } from './validate-request.ts';

/** Transcripts of long tasks are large. */
const BODY_LIMIT = 64 * 1024 * 1024;

export interface EndpointState {
  readonly endpoint: EmulatedEndpoint;
  readonly script: ConversationScript;
  readonly faults: FaultPlan;
  readonly ledger: Ledger;
  readonly limits: RateLimits;
  /** Background responses; a foreground one is gone with its connection. */
  readonly kept: Map<string, Kept>;
  /** Called when a generation's request was counted, before it is answered. */
  onCounted: () => Promise<void>;
}

interface Kept {
  readonly generation: Generation;
  readonly model: string;
  /** Only what was made with a stream can be streamed again. */
  readonly streamable: boolean;
}

export interface Call extends EndpointState {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly entry: LedgerEntry;
}

const RESPONSE_PATH = z.object({ id: z.string() });
const RESPONSE_QUERY = z.object({
  stream: z.enum(['true', 'false']).optional(),
  starting_after: z.coerce.number().int().optional(),
});

export function createEndpointState(endpoint: EmulatedEndpoint, script: ConversationScript): EndpointState {
  return {
    endpoint,
    script,
    faults: new FaultPlan(),
    ledger: new Ledger(),
    limits: new RateLimits(),
    kept: new Map(),
    onCounted: async () => undefined,
  };
}

export function createEmulatorServer(state: EndpointState): FastifyInstance {
  const { basePath, otherPath } = state.endpoint;
  const server = fastify({ bodyLimit: BODY_LIMIT, forceCloseConnections: true });
  server.removeAllContentTypeParsers();
  // As text: a signature is over the bytes.
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  const guard = (handle: (call: Call) => Promise<unknown>) => async (request: FastifyRequest, reply: FastifyReply) => {
    const entry = state.ledger.open(request.method, request.url);
    reply.raw.on('close', () => {
      if (!reply.raw.writableFinished) entry.disconnectedAtMs ??= Date.now();
    });
    return letIn({ ...state, request, reply, entry }, handle);
  };
  server.post(`${basePath}/responses`, guard(createResponse));
  server.get(`${basePath}/responses/:id`, guard(readResponse));
  server.post(`${basePath}/responses/:id/cancel`, guard(cancelResponse));
  if (otherPath !== undefined) server.post(`${otherPath}/responses`, guard(refuseRoute));
  server.setNotFoundHandler(guard((call) => Promise.resolve(refuse(call, { reason: 'not-found' }))));
  return server;
}

async function letIn(call: Call, handle: (call: Call) => Promise<unknown>): Promise<unknown> {
  const { endpoint, faults, request } = call;
  const { method, url, headers } = request;
  const nowMs = Date.now();
  const identified = await identify(endpoint.auth, { method, url, headers, body: bodyText(request) }, nowMs);
  if ('refusal' in identified) return refuseAs(call, identified.refusal, identified.exception);
  if (faults.isExpired(identified.credential, nowMs)) return refuse(call, { reason: 'expired-credential' });
  return handle(call);
}

async function createResponse(call: Call): Promise<unknown> {
  const { endpoint, entry, faults, limits, request } = call;
  const json = readJson(request);
  if (json === undefined) return refuse(call, { reason: 'invalid-request', message: 'The body is not valid JSON.' });
  const body = readRequest(endpoint, json);
  if (isRefusal(body)) return refuse(call, body);
  entry.wireModel = body.model;
  entry.metadata = body.metadata ?? null;
  entry.stream = body.stream === true;
  entry.background = body.background === true;
  const nowMs = Date.now();
  const { admitted, headers, resetMs } = limits.admit(endpoint, tokensOf(body), faults.rateLimit(nowMs));
  call.reply.headers(headers);
  const fault = take(call, { on: 'create', model: body.model, nowMs });
  await call.onCounted();
  if (!admitted) return refuse(call, { reason: 'rate-limited' }, { ms: resetMs, form: endpoint.retryAfter });
  return answerFault(call, fault) ?? generate(call, body, fault);
}

function take({ faults, entry }: Call, hit: Hit): RequestFault | undefined {
  const fault = faults.take(hit);
  if (fault !== undefined) entry.fault = fault.kind;
  return fault;
}

/** The answer, if the fault leaves the request without a response of the model; undefined otherwise. */
function answerFault(call: Call, fault: RequestFault | undefined): FastifyReply | undefined {
  if (fault?.kind === 'status') return toRefusal(call, fault);
  if (fault?.kind === 'outage' || fault?.kind === 'reset-before-accept') return hangUp(call);
  if (fault?.kind !== 'silence') return undefined;
  call.reply.hijack();
  settle(call.entry, 'broken');
  return call.reply;
}

function hangUp({ reply, entry }: Call): FastifyReply {
  settle(entry, 'broken');
  reply.hijack();
  reply.raw.destroy();
  return reply;
}

async function generate(call: Call, body: ModelRequestBody, fault: RequestFault | undefined): Promise<unknown> {
  const { endpoint, entry, kept, reply, script } = call;
  const response = scriptResponse({
    endpoint,
    request: body,
    turn: selectTurn(script, body.items),
    number: entry.sequence,
    fault,
  });
  entry.responseId = response.id;
  entry.status = 200;
  const eventDelayMs = fault?.kind === 'slow-stream' ? fault.eventDelayMs : 0;
  const generation = new Generation({ response, entry, eventDelayMs, ...endOf(fault) });
  const isBackground = body.background === true;
  const streamable = body.stream === true;
  if (isBackground) kept.set(response.id, { generation, model: body.model, streamable });
  if (fault?.kind === 'reset-after-accept') {
    if (!isBackground) generation.break(fault.billed === true);
    reply.hijack();
    reply.raw.destroy();
    return reply;
  }
  if (streamable) return stream(call, { generation, after: -1, fault, outlives: isBackground });
  if (isBackground) return response.snapshot('queued');
  for await (const _event of generation.follow(-1)) continue;
  return generation.toObject();
}

function endOf(fault: RequestFault | undefined): Pick<ConstructorParameters<typeof Generation>[0], 'end'> {
  if (fault?.kind === 'background-end') return { end: { status: fault.status } };
  return fault?.kind === 'response-end' ? { end: { status: fault.status, code: fault.code } } : {};
}

type Streaming = Pick<Parameters<typeof streamEvents>[0], 'generation' | 'after' | 'fault' | 'outlives'>;

async function stream({ reply }: Call, streaming: Streaming): Promise<FastifyReply> {
  const headers = Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]));
  reply.hijack();
  await streamEvents({ ...streaming, connection: reply.raw, headers });
  return reply;
}

async function readResponse(call: Call): Promise<unknown> {
  const { faults, kept, request } = call;
  if (faults.outage(Date.now())) return hangUp(call);
  const found = kept.get(RESPONSE_PATH.parse(request.params).id);
  if (found === undefined || found.generation.status === 'expired') return refuse(call, { reason: 'not-found' });
  const query = RESPONSE_QUERY.safeParse(request.query);
  if (!query.success) return refuse(call, { reason: 'invalid-request', message: 'The query is not valid.' });
  const fault = take(call, { on: 'read', model: found.model, nowMs: Date.now() });
  const answered = answerFault(call, fault);
  if (answered !== undefined) return answered;
  const { stream: wanted, starting_after: after = -1 } = query.data;
  if (wanted === 'true' && !found.streamable)
    return refuse(call, {
      reason: 'invalid-request',
      message: 'The response was not created with stream=true.',
      param: 'stream',
    });
  answer(call, found.generation);
  if (wanted !== 'true') return found.generation.toObject();
  return stream(call, { generation: found.generation, after, fault, outlives: true });
}

async function cancelResponse(call: Call): Promise<unknown> {
  const { faults, kept, request } = call;
  if (faults.outage(Date.now())) return hangUp(call);
  const found = kept.get(RESPONSE_PATH.parse(request.params).id);
  if (found === undefined) return refuse(call, { reason: 'not-found' });
  const answered = answerFault(call, take(call, { on: 'cancel', model: found.model, nowMs: Date.now() }));
  if (answered !== undefined) return answered;
  found.generation.cancel();
  answer(call, found.generation);
  return found.generation.toObject();
}

/** Mantle serves other models on another path, and says so. */
async function refuseRoute(call: Call): Promise<unknown> {
  return refuse(call, { reason: 'unsupported-here', message: "The model isn't supported on this route." });
}

function answer({ entry }: Call, { response }: Generation): void {
  entry.status = 200;
  entry.responseId = response.id;
  settle(entry, 'completed');
}

/** As rough as a cloud's own estimate before it counts. */
function tokensOf({ items }: ModelRequestBody): number {
  return Math.ceil(JSON.stringify(items).length / 4);
}

function readJson(request: FastifyRequest): unknown {
  try {
    return JSON.parse(bodyText(request));
  } catch {
    return undefined;
  }
}

function bodyText({ body }: FastifyRequest): string {
  return typeof body === 'string' ? body : '';
}
