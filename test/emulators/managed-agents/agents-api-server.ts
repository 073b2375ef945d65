/** The emulated Agents API as an HTTP server: sessions, their events, items and turns. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastify from 'fastify';
import { randomUUID } from 'node:crypto';
import { identify } from '../authentication.ts';
import type { Refusal } from '../refusals.ts';
import { toWire, usualReason } from '../refusals.ts';
import type { AgentFaultOf, AgentRequest } from './agent-faults.ts';
import type { AgentRequestEntry } from './agent-ledger.ts';
import type { InputEvent, Opening } from './agents-api-bodies.ts';
import { readEvents, readOpening } from './agents-api-bodies.ts';
import { listPage } from './agents-api-pages.ts';
import type { AgentsApiState } from './agents-api-service.ts';
import { EmulatedSession } from './agents-api-session.ts';
import { streamSession } from './agents-api-stream.ts';
import { whyNotTaken } from './why-not-taken.ts';

export interface AgentsCall extends AgentsApiState {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly entry: AgentRequestEntry;
}

type Handler = (call: AgentsCall) => Promise<unknown>;

export function createAgentsApiServer(state: AgentsApiState): FastifyInstance {
  const server = fastify({ forceCloseConnections: true });
  server.removeAllContentTypeParsers();
  // As text: a signature is over the bytes.
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  const guard = (handle: Handler) => async (request: FastifyRequest, reply: FastifyReply) => {
    const entry = state.ledger.open(request.method, request.url, headerOf(request, 'idempotency-key'));
    reply.raw.on('close', () => void (entry.status ??= reply.raw.headersSent ? reply.raw.statusCode : null));
    return letIn({ ...state, request, reply, entry }, handle);
  };
  const { basePath, turns } = state.service;
  const path = `${basePath}/agents/sessions`;
  server.post(path, guard(openSession));
  server.get(path, guard(listSessions));
  server.get(`${path}/:id`, guard(withSession('read', async (_call, session) => session.toObject())));
  server.delete(`${path}/:id`, guard(withSession('close', deleteSession)));
  server.post(`${path}/:id/events`, guard(withSession(undefined, takeEvents)));
  server.get(`${path}/:id/events`, guard(withSession('follow', followSession)));
  server.get(`${path}/:id/items`, guard(withSession('read', async (call, { items }) => answerList(call, items))));
  if (turns)
    server.get(`${path}/:id/turns`, guard(withSession('read', async (call, session) => answerList(call, session.turns))));
  server.setNotFoundHandler(guard(async (call) => refuse(call, { reason: 'not-found' })));
  return server;
}

async function letIn(call: AgentsCall, handle: Handler): Promise<unknown> {
  const { request, service, faults } = call;
  const { method, url, headers } = request;
  const known = await identify(service.auth, { method, url, headers, body: bodyOf(call) }, Date.now());
  if ('refusal' in known) return refuse(call, known.refusal);
  if (headers['openai-beta'] !== 'agents=v1')
    return refuse(call, { reason: 'invalid-request', message: 'OpenAI-Beta is missing.' });
  if (faults.take(['not-in-region']) !== undefined) return refuse(call, { reason: 'not-found' });
  if (faults.take(['not-entitled']) !== undefined) return refuseEntitlement(call);
  return handle(call);
}

/** As Amazon words it for an account that is not on the list (user guide, 2026-11); OpenAI has a permission for it. */
function refuseEntitlement({ reply, service }: AgentsCall): FastifyReply {
  const isAws = service.cloud === 'aws';
  const message = isAws ? 'Bedrock Managed Agents is not available for this account.' : 'You have insufficient permissions.';
  const error = { message, type: 'invalid_request_error', param: null, code: null };
  return reply.code(isAws ? 401 : 403).send({ error });
}

type Disturbing = 'status' | 'input-lost' | 'silence';

/** The answer, if a fault leaves the request without a proper one; undefined otherwise. */
function disturb(call: AgentsCall, on: AgentRequest): FastifyReply | undefined {
  const fault = call.faults.take(['status', 'input-lost', 'silence'] satisfies Disturbing[], on);
  if (fault === undefined) return undefined;
  call.entry.fault = fault.kind;
  if (fault.kind === 'status') return refuseWith(call, fault);
  call.reply.hijack();
  if (fault.kind === 'input-lost') call.reply.raw.destroy();
  return call.reply;
}

/** The connection is reset after everything was done. */
function isAnswerLost(call: AgentsCall, on: AgentRequest): boolean {
  if (call.faults.take(['answer-lost'], on) === undefined) return false;
  call.entry.fault = 'answer-lost';
  call.reply.hijack();
  call.reply.raw.destroy();
  return true;
}

async function openSession(call: AgentsCall): Promise<unknown> {
  const { reply, service, sessions } = call;
  const disturbed = disturb(call, 'open');
  if (disturbed !== undefined) return disturbed;
  const read = readOpening(service, parse(call));
  if ('problem' in read) return refuse(call, { reason: 'invalid-request', message: read.problem });
  const { body } = read;
  if (!isServed(call, body)) return refuse(call, { reason: 'no-deployment' });
  const session = new EmulatedSession(call, body, `sess_${randomUUID().replaceAll('-', '')}`);
  sessions.set(session.id, session);
  const begin = (): void => session.take([{ type: 'agent.session.input.message', input: body.input }], null);
  if (isAnswerLost(call, 'open')) {
    begin();
    return reply;
  }
  if (body.stream !== true) {
    begin();
    return session.toObject();
  }
  streamSession(call, session, 'created');
  begin();
  return reply;
}

function isServed({ service }: AgentsCall, { agent, agent_id: saved }: Opening): boolean {
  if (saved !== undefined && saved !== service.savedAgent) return false;
  return agent?.model === undefined ? saved !== undefined : agent.model === service.model;
}

function withSession(
  on: AgentRequest | undefined,
  handle: (call: AgentsCall, session: EmulatedSession) => Promise<unknown>,
): Handler {
  return async (call) => {
    const { id = '' } = call.request.params as { id?: string }; // of the route
    if (call.faults.take(['session-lost']) !== undefined) call.sessions.delete(id);
    const disturbed = on === undefined ? undefined : disturb(call, on);
    if (disturbed !== undefined) return disturbed;
    const session = call.sessions.get(id);
    return session === undefined ? refuse(call, { reason: 'not-found' }) : handle(call, session);
  };
}

async function takeEvents(call: AgentsCall, session: EmulatedSession): Promise<unknown> {
  const { reply, service } = call;
  const read = readEvents(service, parse(call));
  if ('problem' in read) return refuse(call, { reason: 'invalid-request', message: read.problem });
  const { events } = read.body;
  const isCancel = events.some(({ type }) => type === 'agent.session.input.cancel');
  const on = isCancel ? 'cancel' : 'input';
  const disturbed = disturb(call, on);
  if (disturbed !== undefined) return disturbed;
  const refusal = takeOnce(call, session, events);
  if (refusal !== undefined) return refuse(call, refusal);
  return isAnswerLost(call, on) ? reply : reply.code(202).send();
}

/** Takes it, unless it has been taken under its key; or says why not. */
function takeOnce({ faults, request, service }: AgentsCall, session: EmulatedSession, events: readonly InputEvent[]) {
  const key = service.idempotencyKeys ? headerOf(request, 'idempotency-key') : null;
  if (key !== null && session.keys.has(key)) return undefined;
  if (faults.take(['busy']) !== undefined) return { reason: 'conflict' } as const;
  const refusal = whyNotTaken(session, events);
  if (refusal !== undefined) return refusal;
  if (key !== null) session.keys.add(key);
  const late = faults.take(['recorded-late']);
  if (events.some(({ type }) => type === 'agent.session.input.cancel')) session.cancel();
  else if (late === undefined) session.take(events, key);
  else setTimeout(() => session.take(events, key), late.afterMs);
  return undefined;
}

async function followSession(call: AgentsCall, session: EmulatedSession): Promise<unknown> {
  streamSession(call, session, session.status);
  return call.reply;
}

async function deleteSession(call: AgentsCall, session: EmulatedSession): Promise<unknown> {
  if (session.status === 'in_progress') return refuse(call, { reason: 'conflict', message: 'Cancel the running turn first.' });
  session.entry.closed = true;
  call.sessions.delete(session.id);
  if (isAnswerLost(call, 'close')) return call.reply;
  return { id: session.id, object: 'agent.session.deleted', deleted: true };
}

async function listSessions(call: AgentsCall): Promise<unknown> {
  const disturbed = disturb(call, 'read');
  if (disturbed !== undefined) return disturbed;
  const query = call.request.query as Readonly<Record<string, string>>; // of the route
  const wanted = Object.entries(query).flatMap(([name, value]) => {
    const key = /^metadata\[(.+)\]$/.exec(name)?.[1];
    return key === undefined ? [] : [[key, value] as const];
  });
  if (wanted.length > 0 && !call.service.metadataFilter) {
    return refuse(call, { reason: 'invalid-request', message: 'Unknown query.' });
  }
  const sessions = [...call.sessions.values()].map((session) => session.toObject());
  return answerList(
    call,
    sessions.filter(({ metadata }) => wanted.every(([key, value]) => metadata[key] === value)),
  );
}

function answerList(call: AgentsCall, oldestFirst: readonly { readonly id: string }[]): unknown {
  return (
    listPage(oldestFirst, call.request.query) ?? refuse(call, { reason: 'invalid-request', message: 'The query is not valid.' })
  );
}

function refuseWith(call: AgentsCall, fault: AgentFaultOf<'status'>): FastifyReply {
  call.reply.headers(fault.headers ?? {});
  const { status, body, headers = {} } = toWire(call.service.cloud, { reason: fault.reason ?? usualReason(fault.status ?? 500) });
  return call.reply
    .code(fault.status ?? status)
    .headers(headers)
    .send(body);
}

function refuse({ reply, service }: AgentsCall, refusal: Refusal): FastifyReply {
  const { status, body, headers = {} } = toWire(service.cloud, refusal);
  return reply.code(status).headers(headers).send(body);
}

function parse(call: AgentsCall): unknown {
  try {
    return JSON.parse(bodyOf(call));
  } catch {
    return undefined;
  }
}

function bodyOf({ request: { body } }: AgentsCall): string {
  return typeof body === 'string' ? body : '';
}

function headerOf({ headers }: FastifyRequest, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' ? value : null;
}
