/** Follows the response to an input: by its stream, by its id, or by what its conversation keeps. */
import type OpenAI from 'openai';
import { setTimeout as pause } from 'node:timers/promises';
import { ModelFailureError } from '../../clouds/cloud-client.ts';
import { BrokenStreamError, ProgressError, readResponseStream } from '../../clouds/responses-api/read-response-stream.ts';
import { RESPONSE } from '../../clouds/responses-api/response-object.ts';
import type { AgentsCall, FailingDialect } from '../agents-api/exchange.ts';
import { exchange, readJson, tell } from '../agents-api/exchange.ts';
import type { OpenSession, SessionInput, SessionPlan, SessionTurn } from '../managed-agent-client.ts';
import { RESPONSE_METADATA, renderMetadata } from './request.ts';
import type { Conversation } from './response.ts';
import { CONVERSATION, ITEM_PAGE, findInput, idOf, itemsToTurn, notedResponse, toTurn } from './response.ts';

export type FoundryCall = AgentsCall<OpenAI, FailingDialect>;

/** A conversation gets the items of a response when that is over: looked for so often, `pollMs` apart. */
const LOOKS = 15;
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

export async function reconcile(call: FoundryCall, session: OpenSession, input: SessionInput): Promise<SessionTurn | undefined> {
  const accept = async (): Promise<void> => {
    call.acceptance = 'accepted';
    await tell(call, async () => call.progress?.onSession(session.sessionId));
  };
  for (let look = 1; ; look += 1) {
    const noted = notedResponse(await readConversation(call, session.sessionId), input.key);
    if (noted !== undefined) {
      await accept();
      return untilOver(call, noted, session.plan);
    }
    const items = await listItems(call, session);
    const end = findInput(items, input);
    if (end >= 0 && end < items.length - 1) {
      await accept();
      return itemsToTurn(items.slice(end + 1), session.plan);
    }
    if (look === LOOKS) {
      if (end < 0) return undefined;
      // It has the input, so that it must not be sent again.
      call.acceptance = 'accepted';
      throw new BrokenStreamError('input without an answer');
    }
    await pause(call.timeouts.pollMs, undefined, { signal: call.timer.signal });
  }
}

async function untilOver(call: FoundryCall, responseId: string, plan: SessionPlan): Promise<SessionTurn> {
  for (;;) {
    call.timer.restart(call.timeouts.firstEventMs);
    const response = await exchange(call, (signal) => call.sdk.responses.retrieve(responseId, {}, { signal }).asResponse());
    const read = RESPONSE.safeParse(await readJson(response)).data;
    if (read === undefined) throw new BrokenStreamError('malformed response');
    if (read.status !== 'queued' && read.status !== 'in_progress') {
      if (call.answered !== undefined) call.answered.position = 'terminal';
      return toTurn(read, plan);
    }
    call.progress?.onEvent();
    await pause(call.timeouts.pollMs, undefined, { signal: call.timer.signal });
  }
}

/** What came after the marker, oldest first: read backwards, since that is little of a long conversation. */
async function listItems(call: FoundryCall, { sessionId, marker }: OpenSession): Promise<readonly unknown[]> {
  const newestFirst: unknown[] = [];
  let after: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    call.timer.restart(call.timeouts.firstEventMs);
    const query = { order: 'desc', limit: PAGE_ITEMS, ...(after === undefined ? {} : { after }) } as const;
    const response = await exchange(call, (signal) =>
      call.sdk.conversations.items.list(sessionId, query, { signal }).asResponse(),
    );
    const read = ITEM_PAGE.safeParse(await readJson(response)).data;
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
