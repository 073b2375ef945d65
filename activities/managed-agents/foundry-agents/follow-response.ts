/** Follows the response to an input: by its stream, by its id, or by what its conversation keeps. */
import type OpenAI from 'openai';
import { setTimeout as pause } from 'node:timers/promises';
import { ModelFailureError } from '../../clouds/cloud-client.ts';
import { createAllowance } from '../../clouds/responses-api/answer-allowance.ts';
import { readJson } from '../../clouds/responses-api/read-json.ts';
import { BrokenStreamError, ProgressError, readResponseStream } from '../../clouds/responses-api/read-response-stream.ts';
import type { ResponseObject } from '../../clouds/responses-api/response-object.ts';
import type { AgentsCall, FailingDialect } from '../agents-api/exchange.ts';
import { exchange, tell } from '../agents-api/exchange.ts';
import { Stillness } from '../agents-api/stillness.ts';
import type { OpenSession, SessionInput, SessionPlan, SessionTurn } from '../managed-agent-client.ts';
import { RESPONSE_METADATA, renderMetadata } from './request.ts';
import type { Conversation } from './response.ts';
import {
  CONVERSATION,
  ITEM_PAGE,
  KEPT_RESPONSE,
  findInput,
  idOf,
  isFinal,
  isRest,
  itemsToTurn,
  notedResponse,
  toTurn,
} from './response.ts';

export type FoundryCall = AgentsCall<OpenAI, FailingDialect>;

/** A conversation gets the items of a response when that is over: looked for so often, `pollMs` apart. */
const LOOKS = 15;
/** So often nothing new has to be there, `pollMs` apart, before what nobody calls over counts as over: a tool of the agent's takes seconds. */
const QUIET_LOOKS = 15;
const PAGE_ITEMS = 100;
/** A conversation of a hundred thousand items is none. */
const MAX_PAGES = 1_000;

interface Following {
  readonly session: OpenSession;
  readonly input: SessionInput;
  /** What is to be told when it is accepted. */
  onAccepted(): Promise<void>;
}

export async function followStream(call: FoundryCall, response: Response, following: Following): Promise<SessionTurn> {
  const { session, input } = following;
  const isEvents = response.headers.get('content-type')?.includes('text/event-stream') === true;
  const state = call.answered;
  if (!isEvents || response.body === null || state === undefined) throw new BrokenStreamError('not an event stream');
  const told = await readResponseStream(response.body, {
    state,
    timer: call.timer,
    timeouts: call.timeouts,
    progress: {
      onSending: async () => undefined,
      onResponseId: async (id) => {
        await note(call, session, `${input.key} ${id}`);
        await following.onAccepted();
      },
      onEvent: () => call.progress?.onEvent(),
    },
  });
  return toTurn(told, session.plan);
}

/** Where it cannot be noted, what became of the input is still seen from what the conversation keeps. */
async function note(call: FoundryCall, { sessionId, plan }: OpenSession, text: string): Promise<void> {
  const metadata = { ...renderMetadata(plan), [RESPONSE_METADATA]: text };
  const { answered } = call;
  call.timer.restart(call.timeouts.firstEventMs);
  try {
    const response = await exchange(call, (signal) =>
      call.sdk.conversations.update(sessionId, { metadata }, { signal }).asResponse(),
    );
    await response.body?.cancel();
  } catch (error) {
    if (!(error instanceof ModelFailureError)) throw error;
  }
  call.answered = answered;
}

export async function readConversation(call: FoundryCall, sessionId: string): Promise<Conversation> {
  call.timer.restart(call.timeouts.firstEventMs);
  const response = await exchange(call, (signal) => call.sdk.conversations.retrieve(sessionId, { signal }).asResponse());
  const conversation = CONVERSATION.safeParse(await readJson(response)).data;
  if (conversation === undefined) throw new BrokenStreamError('malformed conversation');
  return conversation;
}

/**
 * A response that was noted is followed by its id. Hosted agents leave theirs in progress for ever and are not in the background, so
 * that what their conversation keeps counts (azure-sdk-for-python 46015), as it does where nothing was noted.
 */
export async function reconcile(call: FoundryCall, session: OpenSession, input: SessionInput): Promise<SessionTurn | undefined> {
  const stillness = new Stillness(call.timeouts.idleMs);
  for (let look = 1; ; look += 1) {
    const response = await findResponse(call, session.sessionId, input.key);
    if (response !== undefined && !isRunning(response)) return readOver(call, response, session);
    const { count, end, answer } = await readKept(call, session, input);
    const isInBackground = response?.background === true;
    const quiet = stillness.look(JSON.stringify([count, lengthOf(response)]));
    if (!isInBackground && isWhole(answer, session.plan, quiet)) {
      await accept(call, session);
      endIn(call);
      return itemsToTurn(answer, session.plan);
    }
    const isTaken = response !== undefined || answer.length > 0;
    if (!isTaken && look >= LOOKS) return neverAnswered(call, end);
    if (isTaken) assertGoesOn(call, stillness, isInBackground);
    call.progress?.onEvent();
    await pause(call.timeouts.pollMs, undefined, { signal: call.timer.signal });
  }
}

/** Items may come one by one: they are all when they say so, or when nothing has come after them for long enough. */
function isWhole(answer: readonly unknown[], plan: SessionPlan, quietLooks: number): boolean {
  return isRest(answer, plan) && quietLooks >= (isFinal(answer) ? 1 : QUIET_LOOKS);
}

/** What is in the background may be stopped and can be asked after again; of anything else nothing more would be heard. */
function assertGoesOn(call: FoundryCall, stillness: Stillness, isInBackground: boolean): void {
  call.acceptance = 'accepted';
  const { silence } = stillness;
  if (silence === undefined) return;
  if (!isInBackground) endIn(call);
  throw silence;
}

function endIn({ answered }: FoundryCall): void {
  if (answered !== undefined) answered.position = 'terminal';
}

/** What the conversation has of this input, and what came after it. */
async function readKept(call: FoundryCall, session: OpenSession, input: SessionInput) {
  const items = await listItems(call, session);
  const end = findInput(items, input);
  return { count: items.length, end, answer: end < 0 ? [] : items.slice(end + 1) };
}

async function findResponse(call: FoundryCall, sessionId: string, key: string) {
  const noted = notedResponse(await readConversation(call, sessionId), key);
  return noted === undefined ? undefined : readResponse(call, noted);
}

async function readOver(call: FoundryCall, response: ResponseObject, session: OpenSession): Promise<SessionTurn> {
  await accept(call, session);
  endIn(call);
  return toTurn(response, session.plan);
}

/** An input that the conversation has must not be sent again. */
function neverAnswered(call: FoundryCall, end: number): undefined {
  if (end < 0) return undefined;
  call.acceptance = 'accepted';
  throw new BrokenStreamError('input without an answer');
}

async function accept(call: FoundryCall, { sessionId }: OpenSession): Promise<void> {
  call.acceptance = 'accepted';
  await tell(call, async () => call.progress?.onSession(sessionId));
}

/** Of one that runs, what it has said so far. */
function lengthOf(response: ResponseObject | undefined): number {
  return response?.output?.length ?? 0;
}

function isRunning({ status }: { readonly status?: string | null | undefined }): boolean {
  return status === 'queued' || status === 'in_progress';
}

async function readResponse(call: FoundryCall, responseId: string) {
  call.timer.restart(call.timeouts.firstEventMs);
  const answer = await exchange(call, (signal) => call.sdk.responses.retrieve(responseId, {}, { signal }).asResponse());
  const response = KEPT_RESPONSE.safeParse(await readJson(answer)).data;
  if (response === undefined) throw new BrokenStreamError('malformed response');
  return response;
}

/** What came after the marker, oldest first: read backwards, since that is little of a long conversation. */
async function listItems(call: FoundryCall, { sessionId, marker }: OpenSession): Promise<readonly unknown[]> {
  const newestFirst: unknown[] = [];
  const allowance = createAllowance();
  let after: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    call.timer.restart(call.timeouts.firstEventMs);
    const query = { order: 'desc', limit: PAGE_ITEMS, ...(after === undefined ? {} : { after }) } as const;
    const response = await exchange(call, (signal) =>
      call.sdk.conversations.items.list(sessionId, query, { signal }).asResponse(),
    );
    const read = ITEM_PAGE.safeParse(await readJson(response, allowance)).data;
    if (read === undefined) throw new BrokenStreamError('malformed items');
    const known = read.data.findIndex((item) => marker !== undefined && idOf(item) === marker);
    newestFirst.push(...(known < 0 ? read.data : read.data.slice(0, known)));
    const last = read.data.map(idOf).at(-1);
    if (known >= 0 || read.has_more !== true || last === undefined || last === after) return newestFirst.toReversed();
    after = last;
  }
  throw new BrokenStreamError('endless items');
}

/** What has ended already needs no stopping. */
export async function cancelResponse(call: FoundryCall, responseId: string): Promise<void> {
  try {
    const response = await exchange(call, (signal) => call.sdk.responses.cancel(responseId, { signal }).asResponse());
    await response.body?.cancel();
  } catch (error) {
    const status = error instanceof ModelFailureError ? error.failure.status : undefined;
    if (status === undefined || ![400, 404, 409].includes(status)) throw error;
  }
}

export async function tellSending({ progress }: FoundryCall): Promise<void> {
  await progress?.onSending().catch((error: unknown) => {
    throw new ProgressError(error);
  });
}
