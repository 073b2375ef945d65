/** What emulated services do with every request before they look at it: who calls, and which fault it meets. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastify from 'fastify';
import { identify } from '../authentication.ts';
import type { ConversationScript } from '../conversation-script.ts';
import type { Authentication } from '../emulated-endpoints.ts';
import type { Refusal, WireRefusal } from '../refusals.ts';
import { toWire, usualReason } from '../refusals.ts';
import type { AgentFaultPlan, AgentRequest } from './agent-faults.ts';
import type { AgentLedger, AgentRequestEntry } from './agent-ledger.ts';

export interface GuardedState {
  readonly cloud: 'azure' | 'google';
  readonly auth: Authentication;
  readonly script: ConversationScript;
  readonly faults: AgentFaultPlan;
  readonly ledger: AgentLedger;
  /** Where the service has words of its own. */
  word(refusal: Refusal): WireRefusal | undefined;
}

export interface GuardedCall<State extends GuardedState = GuardedState> {
  readonly state: State;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly entry: AgentRequestEntry;
}

export function createGuardedServer<State extends GuardedState>(
  state: State,
  handle: (call: GuardedCall<State>) => Promise<unknown>,
): FastifyInstance {
  const server = fastify({ forceCloseConnections: true });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  server.all('/*', async (request, reply) => {
    const entry = state.ledger.open(request.method, request.url);
    reply.raw.on('close', () => void (entry.status ??= reply.raw.headersSent ? reply.raw.statusCode : null));
    return letIn({ state, request, reply, entry }, handle);
  });
  return server;
}

async function letIn<State extends GuardedState>(
  call: GuardedCall<State>,
  handle: (call: GuardedCall<State>) => Promise<unknown>,
): Promise<unknown> {
  const { state, request } = call;
  const { method, url, headers } = request;
  const known = await identify(state.auth, { method, url, headers, body: '' }, Date.now());
  if ('refusal' in known) return refuse(call, known.refusal);
  if (state.faults.take(['not-in-region']) !== undefined) return refuse(call, { reason: 'not-found' });
  if (state.faults.take(['not-entitled']) !== undefined) return refuse(call, { reason: 'forbidden' });
  return handle(call);
}

/** The answer, if a fault leaves the request without a proper one; undefined otherwise. */
export function disturb(call: GuardedCall, on: AgentRequest): FastifyReply | undefined {
  const { state, reply, entry } = call;
  const fault = state.faults.take(['status', 'input-lost', 'silence'], on);
  if (fault === undefined) return undefined;
  entry.fault = fault.kind;
  if (fault.kind === 'status') {
    reply.headers(fault.headers ?? {});
    return refuse(call, { reason: fault.reason ?? usualReason(fault.status ?? 500) }, fault.status);
  }
  reply.hijack();
  if (fault.kind === 'input-lost') reply.raw.destroy();
  return reply;
}

/** The connection is reset after everything was done. */
export function isAnswerLost({ state, reply, entry }: GuardedCall, on: AgentRequest): boolean {
  if (state.faults.take(['answer-lost'], on) === undefined) return false;
  entry.fault = 'answer-lost';
  reply.hijack();
  reply.raw.destroy();
  return true;
}

export function refuse({ state, reply }: GuardedCall, refusal: Refusal, asked?: number): FastifyReply {
  const { status, body, headers = {} } = state.word(refusal) ?? toWire(state.cloud, refusal);
  return reply
    .code(asked ?? status)
    .headers(headers)
    .send(body);
}

export function parseBody({ request: { body } }: GuardedCall): unknown {
  try {
    return JSON.parse(typeof body === 'string' ? body : '');
  } catch {
    return undefined;
  }
}
