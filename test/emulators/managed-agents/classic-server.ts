/** The emulated Agents Classic as an HTTP server: two operations that answer with an event stream. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastify from 'fastify';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { identify } from '../authentication.ts';
import type { ConversationScript } from '../conversation-script.ts';
import type { Authentication } from '../emulated-endpoints.ts';
import { usualReason } from '../refusals.ts';
import type { AgentFaultOf, AgentFaultPlan, AgentRequest } from './agent-faults.ts';
import type { AgentLedger, AgentRequestEntry } from './agent-ledger.ts';
import type { ClassicActionGroup, Invocation } from './classic-bodies.ts';
import { readInline, readSaved } from './classic-bodies.ts';
import type { ClassicEvent } from './classic-frames.ts';
import { encodeEvent, encodeFailure } from './classic-frames.ts';
import { ClassicSession, decisionsOf } from './classic-session.ts';
import { FAILURE_MESSAGE } from './failure-message.ts';

export interface ClassicState {
  readonly auth: Authentication;
  readonly models: readonly string[];
  readonly savedAgent: { readonly id: string; readonly alias: string; readonly groups: readonly ClassicActionGroup[] };
  readonly script: ConversationScript;
  readonly faults: AgentFaultPlan;
  readonly ledger: AgentLedger;
  readonly sessions: Map<string, ClassicSession>;
  /** Sessions that were ended or have expired. */
  readonly gone: Set<string>;
}

interface ClassicCall extends ClassicState {
  readonly reply: FastifyReply;
  readonly entry: AgentRequestEntry;
  readonly sessionId: string;
}

interface Exception {
  readonly status: number;
  readonly name: string;
  readonly message?: string;
}

/** Of the path. */
interface Named {
  readonly sessionId: string;
  readonly agentId?: string;
  readonly aliasId?: string;
}

const SESSION_ID = /^[0-9a-zA-Z._:-]{2,100}$/;

export function createClassicServer(state: ClassicState): FastifyInstance {
  const server = fastify({ forceCloseConnections: true });
  server.removeAllContentTypeParsers();
  // As text: a signature is over the bytes.
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const entry = state.ledger.open(request.method, request.url);
    reply.raw.on('close', () => void (entry.status ??= reply.raw.headersSent ? reply.raw.statusCode : null));
    const named = request.params as Named; // of the routes below
    return letIn({ ...state, reply, entry, sessionId: named.sessionId }, request, named);
  };
  server.post('/agents/:agentId/agentAliases/:aliasId/sessions/:sessionId/text', handle);
  server.post('/agents/:sessionId', handle);
  server.setNotFoundHandler((_request, reply) => answerWith(reply, { status: 404, name: 'UnknownOperationException' }));
  return server;
}

async function letIn(call: ClassicCall, request: FastifyRequest, named: Named): Promise<unknown> {
  const { auth, faults, reply } = call;
  const { method, url, headers } = request;
  const body = typeof request.body === 'string' ? request.body : '';
  const known = await identify(auth, { method, url, headers, body }, Date.now());
  if ('refusal' in known) {
    const exception = known.exception ?? { status: 403, name: 'UnrecognizedClientException' };
    return answerWith(reply, { ...exception, message: known.refusal.message });
  }
  if (faults.take(['not-in-region']) !== undefined) return answerWith(reply, { status: 404, name: 'UnknownOperationException' });
  if (faults.take(['not-entitled']) !== undefined) return answerWith(reply, { status: 403, name: 'AccessDeniedException' });
  const read = named.agentId === undefined ? readInline(parse(body)) : readSaved(parse(body));
  if ('problem' in read) return answerWith(reply, { status: 400, name: 'ValidationException', message: read.problem });
  if (!SESSION_ID.test(call.sessionId))
    return answerWith(reply, { status: 400, name: 'ValidationException', message: 'The session id is malformed.' });
  return unlessUnknown(call, named, read.invocation) ?? invoke(call, read.invocation);
}

/** The refusal, if there is no such agent or model. */
function unlessUnknown({ reply, savedAgent, models }: ClassicCall, named: Named, { inline }: Invocation): unknown {
  if (inline !== undefined) {
    const isServed = models.includes(inline.model);
    return isServed
      ? undefined
      : answerWith(reply, { status: 400, name: 'ValidationException', message: 'The provided model identifier is invalid.' });
  }
  const isIt = named.agentId === savedAgent.id && named.aliasId === savedAgent.alias;
  return isIt ? undefined : answerWith(reply, { status: 404, name: 'ResourceNotFoundException' });
}

async function invoke(call: ClassicCall, invocation: Invocation): Promise<unknown> {
  const { faults, reply, sessions, sessionId } = call;
  const known = sessions.get(sessionId);
  if (known !== undefined && faults.take(['session-lost']) !== undefined) end(call, known);
  const on: AgentRequest = invocation.endSession ? 'close' : known === undefined ? 'open' : 'input';
  if (isDisturbed(call, on)) return reply;
  const session = known ?? new ClassicSession(sessionId);
  const refusal = whyNotNow(call, session, on) ?? session.whyNot(invocation);
  if (refusal !== undefined) return answerWith(reply, refusal);
  if (known === undefined) begin(call, session);
  if (invocation.endSession) end(call, session);
  return answer(call, session, { invocation, isLost: isAnswerLost(call, on) });
}

function whyNotNow({ gone, faults }: ClassicCall, session: ClassicSession, on: AgentRequest): Exception | undefined {
  // Nobody documents it for a session that was ended: said aloud, so that an adapter cannot take it for a new one.
  if (gone.has(session.id)) return { status: 404, name: 'ResourceNotFoundException' };
  const isBusy = session.isWorking || (on === 'input' && faults.take(['busy']) !== undefined);
  return isBusy ? { status: 409, name: 'ConflictException' } : undefined;
}

function begin({ sessions, ledger }: ClassicCall, session: ClassicSession): void {
  sessions.set(session.id, session);
  ledger.sessions.push(session.entry);
}

function end({ sessions, gone }: ClassicCall, session: ClassicSession): void {
  session.entry.closed = true;
  sessions.delete(session.id);
  gone.add(session.id);
}

interface Answering {
  readonly invocation: Invocation;
  readonly isLost: boolean;
}

async function answer(call: ClassicCall, session: ClassicSession, { invocation, isLost }: Answering): Promise<unknown> {
  const { reply, ledger, faults } = call;
  const events = invocation.endSession ? [] : eventsOf(call, session, invocation);
  reply.hijack();
  if (isLost) {
    reply.raw.destroy();
    return reply;
  }
  reply.raw.writeHead(200, {
    'content-type': 'application/vnd.amazon.eventstream',
    'x-amzn-requestid': randomUUID(),
    'x-amzn-bedrock-agent-content-type': 'application/json',
    'x-amz-bedrock-agent-session-id': session.id,
  });
  reply.raw.flushHeaders();
  session.isWorking = !invocation.endSession;
  if (!invocation.endSession) ledger.generations.push({ sessionId: session.id });
  await tell(call, events, faults.take(['slow'])?.eventDelayMs ?? 0);
  session.isWorking = false;
  return reply;
}

function eventsOf(call: ClassicCall, session: ClassicSession, invocation: Invocation): readonly ClassicEvent[] {
  const { ledger, faults, script, savedAgent } = call;
  const { state, inline, enableTrace } = invocation;
  session.take(invocation);
  const results = state?.returnControlInvocationResults ?? [];
  const isAnswer = results.length > 0;
  const decisions = decisionsOf(results);
  ledger.inputs.push({ sessionId: session.id, key: null, results: results.length, messages: isAnswer ? 0 : 1, decisions });
  const isEmpty = faults.take(['empty-turn']) !== undefined;
  return session.play(isEmpty ? undefined : script, inline?.groups ?? savedAgent.groups, enableTrace);
}

/** The session goes on whatever becomes of the connection. */
async function tell({ faults, reply }: ClassicCall, events: readonly ClassicEvent[], delayMs: number): Promise<void> {
  const raw = reply.raw;
  const breaks = faults.take(['stream-cut', 'stream-stall', 'turn-failed', 'frame-cut']);
  const until = breaks === undefined ? events.length : breaks.afterEvents;
  for (const event of events.slice(0, until)) {
    await pause(delayMs);
    raw.write(encodeEvent(event));
  }
  await pause(delayMs);
  switch (breaks?.kind) {
    case undefined:
      raw.end();
      return;
    case 'stream-cut':
      // What was written is on its way first.
      await pause(20);
      raw.destroy();
      return;
    case 'stream-stall':
      return;
    case 'turn-failed':
      raw.end(encodeFailure(breaks.code));
      return;
    case 'frame-cut':
      raw.end(encodeFailure('ThrottlingException').subarray(0, 20));
  }
}

/** Whether a fault leaves the request without a proper answer, and nothing is taken. */
function isDisturbed(call: ClassicCall, on: AgentRequest): boolean {
  const fault = call.faults.take(['status', 'input-lost', 'silence'], on);
  if (fault === undefined) return false;
  call.entry.fault = fault.kind;
  if (fault.kind === 'status') {
    refuseWith(call, fault);
    return true;
  }
  call.reply.hijack();
  if (fault.kind === 'input-lost') call.reply.raw.destroy();
  return true;
}

function isAnswerLost(call: ClassicCall, on: AgentRequest): boolean {
  if (call.faults.take(['answer-lost'], on) === undefined) return false;
  call.entry.fault = 'answer-lost';
  return true;
}

const BY_REASON: Readonly<Record<string, readonly [status: number, exception: string]>> = {
  'rate-limited': [429, 'ThrottlingException'],
  'quota-exhausted': [400, 'ServiceQuotaExceededException'],
  'bad-gateway': [502, 'BadGatewayException'],
  unavailable: [503, 'ServiceUnavailableException'],
  'expired-credential': [403, 'ExpiredTokenException'],
  unauthenticated: [403, 'UnrecognizedClientException'],
  forbidden: [403, 'AccessDeniedException'],
  'no-deployment': [404, 'ResourceNotFoundException'],
  conflict: [409, 'ConflictException'],
  'invalid-request': [400, 'ValidationException'],
};

function refuseWith({ reply }: ClassicCall, { status, reason, headers = {} }: AgentFaultOf<'status'>): void {
  reply.headers(headers);
  if (status === 424) return void answerWith(reply, { status: 424, name: 'DependencyFailedException' });
  const [usual, name] = BY_REASON[reason ?? usualReason(status ?? 500)] ?? [500, 'InternalServerException'];
  answerWith(reply, { status: status ?? usual, name });
}

/** The type in a header, the message in the body: it quotes the request. */
function answerWith(reply: FastifyReply, { status, name, message = FAILURE_MESSAGE }: Exception): FastifyReply {
  const headers = { 'x-amzn-errortype': `${name}:http://internal.amazon.com/`, 'x-amzn-requestid': randomUUID() };
  return reply.code(status).headers(headers).send({ message });
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
