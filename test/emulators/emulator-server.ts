/** One emulated endpoint as an HTTP server on a port of its own. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastify from 'fastify';
import { z } from 'zod';
import { whyRefused } from './authentication.ts';
import type { ConversationScript } from './conversation-script.ts';
import { selectTurn } from './conversation-script.ts';
import type { EmulatedEndpoint } from './emulated-endpoints.ts';
import type { Refusal } from './error-body.ts';
import { toErrorBody, usualRefusal } from './error-body.ts';
import type { Fault } from './fault-plan.ts';
import { FaultPlan, FAULTS_BODY } from './fault-plan.ts';
import { Generation } from './generation.ts';
import type { LedgerEntry } from './ledger.ts';
import { Ledger } from './ledger.ts';
import { scriptResponse } from './response-events.ts';
import { streamEvents } from './stream-events.ts';
import type { ModelRequestBody } from './validate-request.ts';
import { isRefusal, readRequest } from './validate-request.ts';

/** Transcripts of long tasks are large. */
const BODY_LIMIT = 64 * 1024 * 1024;

interface Endpoint {
  readonly endpoint: EmulatedEndpoint;
  readonly script: ConversationScript;
  readonly faults: FaultPlan;
  readonly ledger: Ledger;
  /** Background responses; a foreground one is gone with its connection. */
  readonly kept: Map<string, Generation>;
}

interface Call extends Endpoint {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly entry: LedgerEntry;
}

const RESPONSE_PATH = z.object({ id: z.string() });
const RESPONSE_QUERY = z.object({
  stream: z.enum(['true', 'false']).optional(),
  starting_after: z.coerce.number().int().optional(),
});

export function createEmulatorServer(endpoint: EmulatedEndpoint, script: ConversationScript): FastifyInstance {
  const state: Endpoint = { endpoint, script, faults: new FaultPlan(), ledger: new Ledger(), kept: new Map() };
  const server = fastify({ bodyLimit: BODY_LIMIT, forceCloseConnections: true });
  server.removeAllContentTypeParsers();
  // As text: a signature is over the bytes.
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  addControls(server, state);
  const guard = (handle: (call: Call) => Promise<unknown>) => async (request: FastifyRequest, reply: FastifyReply) => {
    const entry = state.ledger.open(request.method, request.url);
    const call: Call = { ...state, request, reply, entry };
    const { method, url, headers } = request;
    const refused = await whyRefused(endpoint.auth, { method, url, headers, body: bodyText(request) });
    if (refused !== undefined) return refuse(call, { status: 401, code: 'invalid_api_key', message: refused });
    return handle(call);
  };
  const responses = `${endpoint.basePath}/responses`;
  server.post(responses, guard(createResponse));
  server.get(`${responses}/:id`, guard(readResponse));
  server.post(`${responses}/:id/cancel`, guard(cancelResponse));
  server.setNotFoundHandler((_request, reply) =>
    reply.code(404).send(toErrorBody(endpoint, { status: 404, code: 'not_found', message: 'no such path' })),
  );
  return server;
}

function addControls(server: FastifyInstance, { faults, ledger }: Endpoint): void {
  server.post('/_emulator/faults', async (request, reply) => {
    const parsed = FAULTS_BODY.safeParse(JSON.parse(bodyText(request)));
    if (!parsed.success) return reply.code(400).send({ error: z.prettifyError(parsed.error) });
    faults.add(parsed.data.faults);
    return { faults: faults.list() };
  });
  server.get('/_emulator/faults', async () => ({ faults: faults.list() }));
  server.delete('/_emulator/faults', async () => {
    faults.clear();
    return { faults: [] };
  });
  server.get('/_emulator/ledger', async () => ({ requests: ledger.list() }));
}

async function createResponse(call: Call): Promise<unknown> {
  const { endpoint, entry, faults, reply, request } = call;
  const body = readRequest(endpoint, JSON.parse(bodyText(request)));
  if (isRefusal(body)) return refuse(call, body);
  entry.wireModel = body.model;
  entry.metadata = body.metadata ?? null;
  entry.stream = body.stream === true;
  entry.background = body.background === true;
  const fault = faults.take(body.model, Date.now());
  if (fault?.kind === 'status') return answerStatus(call, fault);
  if (fault?.kind !== 'outage' && fault?.kind !== 'reset-before-accept' && fault?.kind !== 'silence')
    return generate(call, body, fault);
  reply.hijack();
  entry.outcome = 'broken';
  if (fault.kind !== 'silence') reply.raw.destroy();
  return reply;
}

function answerStatus(call: Call, { status, headers, body }: Extract<Fault, { kind: 'status' }>): FastifyReply {
  const { entry, reply } = call;
  if (headers !== undefined) reply.headers(headers);
  if (body === undefined) return refuse(call, usualRefusal(status));
  entry.outcome = 'refused';
  entry.status = status;
  return reply.code(status).send(body);
}

async function generate(call: Call, body: ModelRequestBody, fault: Fault | undefined): Promise<unknown> {
  const { endpoint, entry, kept, reply, script } = call;
  const response = scriptResponse({ endpoint, request: body, turn: selectTurn(script, body.items), number: entry.sequence });
  entry.responseId = response.id;
  entry.status = 200;
  const generation = new Generation({
    response,
    entry,
    eventDelayMs: fault?.kind === 'slow-stream' ? fault.eventDelayMs : 0,
    ...(fault?.kind === 'background-end' ? { backgroundEnd: fault.status } : {}),
  });
  const isBackground = body.background === true;
  if (isBackground) kept.set(response.id, generation);
  if (fault?.kind === 'reset-after-accept') {
    reply.hijack();
    if (!isBackground) generation.break(fault.billed === true);
    reply.raw.destroy();
    return reply;
  }
  if (body.stream === true) {
    reply.hijack();
    await streamEvents({ generation, connection: reply.raw, after: -1, fault, outlives: isBackground });
    return reply;
  }
  if (isBackground) return response.snapshot('queued');
  for await (const _event of generation.follow(-1)) continue;
  return generation.toObject();
}

async function readResponse(call: Call): Promise<unknown> {
  const generation = findKept(call);
  if (generation === undefined || generation.status === 'expired') return refuse(call, GONE);
  const { stream, starting_after: after = -1 } = RESPONSE_QUERY.parse(call.request.query);
  settle(call, generation);
  if (stream !== 'true') return generation.toObject();
  call.reply.hijack();
  await streamEvents({ generation, connection: call.reply.raw, after, fault: undefined, outlives: true });
  return call.reply;
}

async function cancelResponse(call: Call): Promise<unknown> {
  const generation = findKept(call);
  if (generation === undefined) return refuse(call, GONE);
  generation.cancel();
  settle(call, generation);
  return generation.toObject();
}

const GONE: Refusal = { status: 404, code: 'response_not_found', message: 'There is no such response.' };

function findKept({ faults, kept, reply, request }: Call): Generation | undefined {
  if (faults.outage(Date.now())) {
    reply.hijack();
    reply.raw.destroy();
  }
  return kept.get(RESPONSE_PATH.parse(request.params).id);
}

function settle({ entry }: Call, { response }: Generation): void {
  entry.status = 200;
  entry.outcome = 'completed';
  entry.responseId = response.id;
}

function refuse({ endpoint, entry, reply }: Call, refusal: Refusal): FastifyReply {
  entry.outcome = 'refused';
  entry.status = refusal.status;
  if (endpoint.cloud === 'aws' && refusal.status === 401) reply.header('x-amzn-errortype', 'UnrecognizedClientException');
  return reply.code(refusal.status).send(toErrorBody(endpoint, refusal));
}

function bodyText({ body }: FastifyRequest): string {
  return typeof body === 'string' ? body : '';
}
