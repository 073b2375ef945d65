/** Starts an emulated Foundry project: conversations, and responses in them by a saved agent or a model. */
import { randomUUID } from 'node:crypto';
import { parseScript } from '../conversation-script.ts';
import { EMULATED_CREDENTIALS } from '../emulated-endpoints.ts';
import type { ListeningAt, StartedAgentEmulator } from './agent-controls.ts';
import { startAgentEmulator } from './agent-controls.ts';
import { AgentFaultPlan } from './agent-faults.ts';
import { AgentLedger } from './agent-ledger.ts';
import { listPage } from './agents-api-pages.ts';
import type { ResponseBody } from './foundry-bodies.ts';
import { METADATA_BODY, RESPONSE_BODY } from './foundry-bodies.ts';
import type { FoundryResponse } from './foundry-conversation.ts';
import { FoundryConversation, toKeptObject } from './foundry-conversation.ts';
import type { GuardedCall, GuardedState } from './guarded-call.ts';
import { createGuardedServer, disturb, isAnswerLost, parseBody, refuse } from './guarded-call.ts';

export const EMULATED_PROJECT = {
  path: '/api/projects/emulated',
  model: 'my-sol',
  agent: 'helper',
  version: '2',
  hosted: 'hosted-helper',
};

interface FoundryState extends GuardedState {
  readonly conversations: Map<string, FoundryConversation>;
  readonly responses: Map<string, { readonly conversation: FoundryConversation; readonly response: FoundryResponse }>;
}
type Call = GuardedCall<FoundryState>;

/** @throws ScriptError */
export function startFoundryAgents(script: unknown, at?: ListeningAt): Promise<StartedAgentEmulator> {
  const state: FoundryState = {
    cloud: 'azure',
    // Entra's tokens alone: a key is refused.
    auth: { bearer: [EMULATED_CREDENTIALS.EMULATED_AZURE_TOKEN, EMULATED_CREDENTIALS.EMULATED_AZURE_RENEWED_TOKEN] },
    script: parseScript(script, 'the script'),
    faults: new AgentFaultPlan(),
    ledger: new AgentLedger(),
    conversations: new Map(),
    responses: new Map(),
    word: () => undefined,
  };
  return startAgentEmulator(state, createGuardedServer(state, route), at);
}

async function route(call: Call): Promise<unknown> {
  const { method, url } = call.request;
  const { pathname } = new URL(url, 'http://emulated');
  const base = `${EMULATED_PROJECT.path}/openai/v1/`;
  if (!pathname.startsWith(base)) return refuse(call, { reason: 'not-found' });
  const [kind, id, action] = pathname.slice(base.length).split('/');
  if (kind === 'responses') return id === undefined ? respond(call) : withResponse(call, id, action);
  if (kind !== 'conversations') return refuse(call, { reason: 'not-found' });
  if (id === undefined) return method === 'POST' ? createConversation(call) : refuse(call, { reason: 'not-found' });
  return withConversation(call, id, action);
}

async function createConversation(call: Call): Promise<unknown> {
  const disturbed = disturb(call, 'open');
  if (disturbed !== undefined) return disturbed;
  const body = METADATA_BODY.safeParse(parseBody(call)).data;
  if (body === undefined) return refuse(call, { reason: 'invalid-request' });
  const conversation = new FoundryConversation(call.state, `conv_${randomUUID().replaceAll('-', '')}`, body.metadata);
  call.state.conversations.set(conversation.entry.id, conversation);
  return conversation.toObject();
}

async function withConversation(call: Call, id: string, action: string | undefined): Promise<unknown> {
  const { state, request } = call;
  const isEnd = request.method === 'DELETE';
  if (state.faults.take(['session-lost']) !== undefined) state.conversations.delete(id);
  const disturbed = disturb(call, isEnd ? 'close' : 'read');
  if (disturbed !== undefined) return disturbed;
  const conversation = state.conversations.get(id);
  if (conversation === undefined) return refuse(call, { reason: 'not-found' });
  if (action === 'items') return listPage(conversation.items, request.query) ?? refuse(call, { reason: 'invalid-request' });
  if (isEnd) return removeConversation(call, conversation);
  if (request.method === 'GET') return conversation.toObject();
  const body = METADATA_BODY.safeParse(parseBody(call)).data;
  if (body === undefined) return refuse(call, { reason: 'invalid-request' });
  conversation.metadata = body.metadata;
  return conversation.toObject();
}

function removeConversation(call: Call, conversation: FoundryConversation): unknown {
  const { id } = conversation.entry;
  conversation.entry.closed = true;
  call.state.conversations.delete(id);
  if (isAnswerLost(call, 'close')) return call.reply;
  return { id, object: 'conversation.deleted', deleted: true };
}

async function withResponse(call: Call, id: string, action: string | undefined): Promise<unknown> {
  const disturbed = disturb(call, action === 'cancel' ? 'cancel' : 'read');
  if (disturbed !== undefined) return disturbed;
  const found = call.state.responses.get(id);
  if (found === undefined) return refuse(call, { reason: 'not-found' });
  if (action === 'cancel') found.conversation.cancel(found.response);
  return toKeptObject(found.response);
}

async function respond(call: Call): Promise<unknown> {
  const { state } = call;
  const body = RESPONSE_BODY.safeParse(parseBody(call)).data;
  if (body === undefined) return refuse(call, { reason: 'invalid-request' });
  if (state.faults.take(['session-lost']) !== undefined) state.conversations.delete(body.conversation);
  const conversation = state.conversations.get(body.conversation);
  const on = conversation?.items.length === 0 ? 'open' : 'input';
  const disturbed = disturb(call, on);
  if (disturbed !== undefined) return disturbed;
  if (conversation === undefined) return refuse(call, { reason: 'not-found' });
  const refused = refuseResponse(call, body, conversation);
  if (refused !== undefined) return refused;
  const response = conversation.take(body.agent_reference?.name === EMULATED_PROJECT.hosted);
  state.responses.set(response.id, { conversation, response });
  if (isAnswerLost(call, on)) void conversation.play(response, body.input, () => undefined);
  else stream(call, (tell) => conversation.play(response, body.input, tell));
  return call.reply;
}

function refuseResponse(call: Call, body: ResponseBody, conversation: FoundryConversation) {
  const problem = problemOf(body, conversation);
  if (problem !== undefined)
    return call.reply.code(400).send({ error: { code: 'invalid_payload', message: problem, param: '/' } });
  if (!isServed(body)) return refuse(call, { reason: 'no-deployment' });
  const isBusy = conversation.isBusy || call.state.faults.take(['busy']) !== undefined;
  return isBusy ? refuse(call, { reason: 'conflict' }) : undefined;
}

function problemOf(
  { agent_reference: agent, model, instructions, tools, input }: ResponseBody,
  conversation: FoundryConversation,
) {
  const isTold = model !== undefined || instructions !== undefined || tools !== undefined;
  if (agent !== undefined && isTold) return 'Not allowed when agent is specified.';
  if (agent === undefined && model === undefined) return 'A model or an agent is needed.';
  const given = input.map((item) => {
    if (item.type === 'message') return undefined;
    return item.type === 'function_call_output' ? item.call_id : item.approval_request_id;
  });
  const waiting = conversation.waiting();
  const answered = new Set(given.filter((id) => id !== undefined));
  const isWhole = answered.size === waiting.size && [...answered].every((id) => waiting.has(id));
  return isWhole ? undefined : 'No tool output found for function call.';
}

function isServed({ agent_reference: agent, model }: ResponseBody): boolean {
  if (agent === undefined) return model === EMULATED_PROJECT.model;
  if (agent.name === EMULATED_PROJECT.hosted) return true;
  return agent.name === EMULATED_PROJECT.agent && (agent.version ?? EMULATED_PROJECT.version) === EMULATED_PROJECT.version;
}

type Tell = (type: string, fields: Readonly<Record<string, unknown>>) => void;

function stream({ state, reply, entry }: Call, play: (tell: Tell) => Promise<void>): void {
  const fault = state.faults.take(['stream-cut', 'stream-stall']);
  if (fault !== undefined) entry.fault = fault.kind;
  reply.hijack();
  const connection = reply.raw;
  connection.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'apim-request-id': `req_${entry.sequence}` });
  connection.flushHeaders();
  let written = 0;
  const tell: Tell = (type, fields) => {
    if (connection.destroyed) return;
    if (fault !== undefined && written >= fault.afterEvents) {
      if (fault.kind === 'stream-cut') connection.destroy();
      return;
    }
    connection.write(`event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: written, ...fields })}\n\n`);
    written += 1;
  };
  void play(tell).then(() => (fault?.kind === 'stream-stall' ? undefined : connection.end()));
}
