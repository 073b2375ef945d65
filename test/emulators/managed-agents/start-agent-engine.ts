/** Starts an emulated Agent Engine with one reasoning engine: its sessions, their events, and the engine's own stream. */
import { parseScript } from '../conversation-script.ts';
import { EMULATED_CREDENTIALS } from '../emulated-endpoints.ts';
import type { Refusal, WireRefusal } from '../refusals.ts';
import type { ListeningAt, StartedAgentEmulator } from './agent-controls.ts';
import { startAgentEmulator } from './agent-controls.ts';
import { QUERY_BODY, SESSION_BODY, SESSION_ID } from './agent-engine-bodies.ts';
import type { KitEvent } from './agent-engine-session.ts';
import { EngineSession } from './agent-engine-session.ts';
import { AgentFaultPlan } from './agent-faults.ts';
import { AgentLedger } from './agent-ledger.ts';
import type { GuardedCall, GuardedState } from './guarded-call.ts';
import { createGuardedServer, disturb, isAnswerLost, parseBody, refuse } from './guarded-call.ts';

export const EMULATED_ENGINE = { project: 'emulated', location: 'us-central1', id: '4711' };

interface EngineState extends GuardedState {
  readonly sessions: Map<string, EngineSession>;
}
type Call = GuardedCall<EngineState>;

const ENGINE = `/v1beta1/projects/${EMULATED_ENGINE.project}/locations/${EMULATED_ENGINE.location}/reasoningEngines/${EMULATED_ENGINE.id}`;
const ENGINE_FAILED = 'Reasoning Engine Execution failed.\nError Details: {"detail":"Agent Engine Error: ';

/** @throws ScriptError */
export function startAgentEngine(script: unknown, at?: ListeningAt): Promise<StartedAgentEmulator> {
  const state: EngineState = {
    cloud: 'google',
    auth: { bearer: [EMULATED_CREDENTIALS.EMULATED_GOOGLE_TOKEN, EMULATED_CREDENTIALS.EMULATED_GOOGLE_RENEWED_TOKEN] },
    script: parseScript(script, 'the script'),
    faults: new AgentFaultPlan(),
    ledger: new AgentLedger(),
    sessions: new Map(),
    word,
  };
  return startAgentEmulator(state, createGuardedServer(state, route), at);
}

/** Google has one name for every quota; that a project does not pay has words of its own. */
function word({ reason }: Refusal): WireRefusal | undefined {
  if (reason !== 'quota-exhausted') return undefined;
  const message = 'This API method requires billing to be enabled. Please enable billing on project #1.';
  return { status: 403, body: { error: { code: 403, message, status: 'PERMISSION_DENIED' } } };
}

async function route(call: Call): Promise<unknown> {
  const { method, url } = call.request;
  const { pathname, searchParams } = new URL(url, 'http://emulated');
  if (!pathname.startsWith(ENGINE)) return refuse(call, { reason: 'not-found' });
  const rest = pathname.slice(ENGINE.length);
  if (method === 'POST' && rest === ':streamQuery') return streamQuery(call, searchParams);
  if (method === 'POST' && rest === '/sessions') return createSession(call, searchParams);
  const [, id, events] = /^\/sessions\/([^/]+)(\/events)?$/.exec(rest) ?? [];
  if (id === undefined) return refuse(call, { reason: 'not-found' });
  return withSession(call, id, (session) => {
    if (method === 'DELETE') return deleteSession(call, session);
    return events === undefined ? { name: pathname, userId: session.userId } : listEvents(session, searchParams);
  });
}

async function withSession(call: Call, id: string, handle: (session: EngineSession) => unknown): Promise<unknown> {
  const { state, request } = call;
  if (state.faults.take(['session-lost']) !== undefined) state.sessions.delete(id);
  const disturbed = disturb(call, request.method === 'DELETE' ? 'close' : 'read');
  if (disturbed !== undefined) return disturbed;
  const session = state.sessions.get(id);
  return session === undefined ? refuse(call, { reason: 'not-found' }) : handle(session);
}

async function createSession(call: Call, query: URLSearchParams): Promise<unknown> {
  const { state, reply } = call;
  const disturbed = disturb(call, 'open');
  if (disturbed !== undefined) return disturbed;
  const body = SESSION_BODY.safeParse(parseBody(call)).data;
  const id = query.get('sessionId') ?? '';
  if (body === undefined || !SESSION_ID.test(id)) return refuse(call, { reason: 'invalid-request' });
  if (state.sessions.has(id)) {
    return reply.code(409).send({ error: { code: 409, message: 'It exists.', status: 'ALREADY_EXISTS' } });
  }
  const metadata = body.sessionState?.anyport_metadata ?? {};
  state.sessions.set(id, new EngineSession(state, { id, userId: body.userId, metadata }));
  return { name: `${ENGINE}/sessions/${id}/operations/1`, done: true, response: { name: `${ENGINE}/sessions/${id}` } };
}

async function streamQuery(call: Call, query: URLSearchParams): Promise<unknown> {
  const { state, reply } = call;
  const body = QUERY_BODY.safeParse(parseBody(call)).data;
  if (body === undefined || query.get('alt') !== 'sse') return refuse(call, { reason: 'invalid-request' });
  const { session_id: id, user_id: userId, message } = body.input;
  const session = state.sessions.get(id);
  const on = session?.stored.length === 0 ? 'open' : 'input';
  const disturbed = disturb(call, on);
  if (disturbed !== undefined) return disturbed;
  if (session === undefined || session.userId !== userId) return refuseByEngine(call, `Session not found: ${id}`);
  if (state.faults.take(['busy']) !== undefined) return refuse(call, { reason: 'conflict' });
  const unknown = message.parts.find(({ function_response: result }) => result && session.waiting.get(result.id) !== result.name);
  if (unknown !== undefined) return refuseByEngine(call, 'No function call event found');
  if (isAnswerLost(call, on)) {
    void session.run(message.parts, () => undefined);
    return reply;
  }
  const fault = state.faults.take(['stream-cut', 'stream-stall']);
  if (fault !== undefined) call.entry.fault = fault.kind;
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': 'application/json' });
  reply.raw.flushHeaders();
  let written = 0;
  const tell = (event: KitEvent): void => {
    if (reply.raw.destroyed) return;
    if (fault !== undefined && written >= fault.afterEvents) {
      if (fault.kind === 'stream-cut') reply.raw.destroy();
      return;
    }
    written += 1;
    reply.raw.write(`${JSON.stringify(event)}\n`);
  };
  void session.run(message.parts, tell).then(() => (fault?.kind === 'stream-stall' ? undefined : reply.raw.end()));
  return reply;
}

/** What the engine's own code throws is told as a failed precondition, whatever it is. */
function refuseByEngine({ reply }: Call, what: string) {
  const message = `${ENGINE_FAILED}An error occurred during invocation. Exception: ${what}"}`;
  return reply.code(400).send({ error: { code: 400, message, status: 'FAILED_PRECONDITION' } });
}

function deleteSession(call: Call, session: EngineSession): unknown {
  session.entry.closed = true;
  call.state.sessions.delete(session.entry.id);
  if (isAnswerLost(call, 'close')) return call.reply;
  return { name: `${ENGINE}/operations/2`, done: true };
}

/** In small pages, so that whoever reads one only is found out. */
function listEvents({ stored }: EngineSession, query: URLSearchParams) {
  const from = Number(query.get('pageToken') ?? 0);
  const to = from + Math.min(Number(query.get('pageSize') ?? 100), 3);
  return { sessionEvents: stored.slice(from, to), ...(to < stored.length ? { nextPageToken: String(to) } : {}) };
}
