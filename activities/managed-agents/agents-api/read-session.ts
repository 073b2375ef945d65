/** Asks what a session is, and what it has said: the record that stays, whatever becomes of a stream. */
import { setTimeout as pause } from 'node:timers/promises';
import type { AnswerAllowance } from '../../clouds/responses-api/answer-allowance.ts';
import { createAllowance } from '../../clouds/responses-api/answer-allowance.ts';
import { NoAnswerError } from '../../clouds/responses-api/read-answer.ts';
import { readJson } from '../../clouds/responses-api/read-json.ts';
import { BrokenStreamError, StreamedError } from '../../clouds/responses-api/read-response-stream.ts';
import { EMPTY_ANSWER_CODE } from '../../../workflows/domain/failure-class.ts';
import type { OpenSession, SessionInput, SessionTurn } from '../managed-agent-client.ts';
import { MCP_APPROVAL } from '../managed-agent-client.ts';
import type { ItemObject, SessionObject } from './agents-objects.ts';
import { ITEM, PAGE, SESSION, TURN } from './agents-objects.ts';
import type { AgentsCall } from './exchange.ts';
import { exchange } from './exchange.ts';
import { readMarker, usageSince, writeMarker } from './marker.ts';
import { turnError } from './read-events.ts';
import { actionId, isOfAgent, readAction, readItem, readLeftBehind, textOf, toUsage } from './read-items.ts';
import { writeTurns } from './render-input.ts';

/** The most that a page may have. */
const PAGE_ITEMS = 100;
const NEWEST_TURNS = 20;
/** A turn of a hundred thousand items is none. */
const MAX_PAGES = 1_000;
/** What was accepted need not be recorded yet (the service says so of its 202): looked for so often, `pollMs` apart. */
export const LOOKS = 5;

export async function readSession(call: AgentsCall, sessionId: string): Promise<SessionObject> {
  call.timer.restart(call.timeouts.firstEventMs);
  const response = await exchange(call, (signal) => call.sdk.beta.agents.sessions.retrieve(sessionId, { signal }).asResponse());
  const session = SESSION.safeParse(await readJson(response)).data;
  if (session === undefined) throw new BrokenStreamError('malformed session');
  return session;
}

/** What came after the marker, oldest first. */
export async function readItems(call: AgentsCall, { sessionId, marker }: Read): Promise<readonly ItemObject[]> {
  const items: ItemObject[] = [];
  const allowance = createAllowance();
  let after = readMarker(marker).item;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const read = await readPage(call, { sessionId, after }, allowance);
    items.push(...read.items);
    const last = items.at(-1)?.id ?? undefined;
    if (!read.hasMore || last === undefined || last === after) return items;
    after = last;
  }
  throw new BrokenStreamError('endless items');
}

type Read = Pick<OpenSession, 'sessionId' | 'marker'>;

/** An input whose end is waited for. */
export interface Following {
  readonly session: OpenSession;
  readonly input: SessionInput;
}

interface Page {
  readonly sessionId: string;
  readonly after: string | undefined;
}

async function readPage(call: AgentsCall, { sessionId, after }: Page, allowance: AnswerAllowance) {
  call.timer.restart(call.timeouts.firstEventMs);
  const query = { order: 'asc', limit: PAGE_ITEMS, ...(after === undefined ? {} : { after }) } as const;
  const response = await exchange(call, (signal) =>
    call.sdk.beta.agents.sessions.items.list(sessionId, query, { signal }).asResponse(),
  );
  const page = PAGE.safeParse(await readJson(response, allowance)).data;
  const items = page?.data.map((raw) => ITEM.safeParse(raw).data);
  if (items === undefined || !items.every((item) => item !== undefined)) throw new BrokenStreamError('malformed items');
  return { items, hasMore: page?.has_more === true };
}

/** Any other state, known or not, is work. */
const RESTING = new Set(['idle', 'requires_action', 'failed']);

/** Whether the session has this input: we alone speak to it, so what it does or has done since the marker comes of it. */
export function hasTaken(session: SessionObject, items: readonly ItemObject[], input: SessionInput): boolean {
  if (!RESTING.has(session.status)) return true;
  const said = new Set(items.filter(({ type, role }) => type === 'message' && role === 'user').map(textOf));
  if (input.messages.some((text) => said.has(text))) return true;
  const waiting = new Set((session.required_actions ?? []).map(actionId));
  return input.results.length > 0 && input.results.every(({ callId }) => !waiting.has(callId));
}

/** Whether it has come to something that is not what it was before this input. */
export function isSettled(session: SessionObject, input: SessionInput): boolean {
  if (session.status !== 'requires_action') return RESTING.has(session.status);
  const answered = new Set(input.results.map(({ callId }) => callId));
  return (session.required_actions ?? []).some((action) => !answered.has(actionId(action) ?? ''));
}

/** Whether an idle session has done something about the input: what comes before it may be a late part of an earlier turn. */
export async function hasBegun(call: AgentsCall, { status }: SessionObject, { session, input }: Following): Promise<boolean> {
  if (status !== 'idle') return true;
  const items = await readItems(call, session);
  const given = items.findIndex((item) => isGiven(item, input));
  // Answers to requests for approval are no items.
  const isListed = input.messages.length > 0 || input.results.some(({ name }) => name !== MCP_APPROVAL);
  return (given >= 0 || !isListed) && items.slice(given + 1).some(isOfAgent);
}

function isGiven(item: ItemObject, { messages, results }: SessionInput): boolean {
  if (item.type === 'message') return item.role === 'user' && messages.includes(textOf(item));
  return item.type === 'function_call_output' && results.some(({ callId }) => callId === item.call_id);
}

/** What the settled session came to since the marker. @throws NoAnswerError, StreamedError, ModelFailureError */
export async function readTurn(call: AgentsCall, session: SessionObject, open: OpenSession): Promise<SessionTurn> {
  const actions = session.required_actions ?? [];
  const calls = session.status === 'requires_action' ? actions.map((action) => readAction(action, open.plan)) : [];
  const items = await untilSaid(call, open, calls.length > 0);
  const marker = readMarker(open.marker);
  const usage = session.usage === null || session.usage === undefined ? marker.usage : toUsage(session.usage);
  const turns = actions.flatMap(({ call_id: id, turn_id: turn }) => (id && turn ? [[id, turn] as const] : []));
  const leftBehind = readLeftBehind(items);
  return {
    items: [...items.flatMap(readItem), ...calls],
    usage: usageSince(marker.usage, usage),
    marker: writeMarker({ item: items.findLast(({ id }) => typeof id === 'string')?.id ?? marker.item, usage }),
    ...writeTurns(Object.fromEntries(turns)),
    ...(leftBehind.length === 0 ? {} : { leftBehind }),
  };
}

/** An end without a word, or with less than a last one, may be one that is not recorded yet. */
async function untilSaid(call: AgentsCall, open: OpenSession, hasCalls: boolean): Promise<readonly ItemObject[]> {
  for (let look = 1; ; look += 1) {
    const items = await readItems(call, open);
    const said = items.filter((item) => isOfAgent(item) && readItem(item).length > 0);
    if (hasCalls || said.some(({ type, phase }) => type === 'message' && phase !== 'commentary')) return items;
    if (look === LOOKS && said.length > 0) return items;
    if (look === LOOKS) throw new NoAnswerError(EMPTY_ANSWER_CODE);
    await pause(call.timeouts.pollMs, undefined, { signal: call.timer.signal });
  }
}

/** What became of the last turn, where turns can be asked for. @throws StreamedError when it ended badly */
export async function assertLastTurn(call: AgentsCall, sessionId: string): Promise<void> {
  if (!call.dialect.response.turns) return;
  call.timer.restart(call.timeouts.firstEventMs);
  const response = await exchange(call, (signal) =>
    call.sdk.beta.agents.sessions.turns.list(sessionId, { order: 'desc', limit: NEWEST_TURNS }, { signal }).asResponse(),
  );
  const page = PAGE.safeParse(await readJson(response)).data;
  // Those of agents that it made itself are its own business.
  const turn = page?.data.flatMap((raw) => TURN.safeParse(raw).data ?? []).find(({ subagent_id: agent }) => !agent);
  if (turn === undefined) return;
  const error = turnError(turn.status, turn.error);
  if (error !== undefined) throw new StreamedError(error);
}
