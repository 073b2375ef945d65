/** Follows what an engine does with an input: by the stream that answers it, or by the events that its session keeps. */
import { setTimeout as pause } from 'node:timers/promises';
import { createAllowance, spend } from '../../clouds/responses-api/answer-allowance.ts';
import { readJson } from '../../clouds/responses-api/read-json.ts';
import { BrokenStreamError, NO_TERMINAL_EVENT, StreamedError } from '../../clouds/responses-api/read-response-stream.ts';
import type { AgentsCall, FailingDialect } from '../agents-api/exchange.ts';
import { exchange, tell } from '../agents-api/exchange.ts';
import { Stillness } from '../agents-api/stillness.ts';
import type { OpenSession, SessionPlan, SessionTurn } from '../managed-agent-client.ts';
import type { AgentEngineSdk } from './load-sdk.ts';
import type { EngineEvent } from './response.ts';
import { EVENT_PAGE, hasAnswer, isEnd, readEvent, readLines, since, toTurn } from './response.ts';

export type EngineCall = AgentsCall<AgentEngineSdk, FailingDialect>;

/** The engine writes the input down before it works: looked for so often, `pollMs` apart. */
const LOOKS = 5;
/** So often nothing new has to be there, `pollMs` apart, before a turn counts as over: the next agent's model takes seconds. */
const QUIET_LOOKS = 15;
const PAGE_EVENTS = 100;
/** A session of a hundred thousand events is none. */
const MAX_PAGES = 1_000;

/** A stream that ends has no mark of it: its last event has to be one after which nothing needs to come. */
export async function readStream(call: EngineCall, response: Response, plan: SessionPlan): Promise<SessionTurn> {
  if (response.body === null) throw new BrokenStreamError('no body');
  const events: EngineEvent[] = [];
  const allowance = createAllowance();
  let last: EngineEvent | undefined;
  for await (const raw of readLines(response.body, call.timer.signal)) {
    const event = (last = readEvent(raw));
    // A part is told whole later.
    if (!event.isPartial) {
      spend(allowance, JSON.stringify(event).length);
      events.push(event);
    }
    if (call.answered !== undefined) call.answered.position = 'started';
    call.progress?.onEvent();
    call.timer.restart(call.timeouts.idleMs);
    if (event.error !== undefined) throw new StreamedError(event.error);
  }
  if (last !== undefined && !isEnd(last)) throw new BrokenStreamError(NO_TERMINAL_EVENT);
  endIn(call);
  return toTurn(events, plan);
}

/** @throws ModelFailureError, `not-found` when there is none */
export async function getSession(call: EngineCall, engine: string, sessionId: string): Promise<void> {
  const name = `${engine}/sessions/${sessionId}`;
  const response = await exchange(call, (abortSignal) =>
    call.sdk.send((engines) => engines.sessions.get({ name, config: { abortSignal } })),
  );
  await response.body?.cancel();
}

export async function reconcile(call: EngineCall, engine: string, session: OpenSession): Promise<SessionTurn | undefined> {
  await getSession(call, engine, session.sessionId);
  const look = async (): Promise<readonly EngineEvent[]> =>
    since(await listEvents(call, engine, session.sessionId), session.marker);
  for (let looks = 1; (await look()).length === 0; looks += 1) {
    if (looks === LOOKS) return undefined;
    await pause(call.timeouts.pollMs, undefined, { signal: call.timer.signal });
  }
  call.acceptance = 'accepted';
  await tell(call, async () => call.progress?.onSession(session.sessionId));
  const events = await untilEnd(call, look);
  // Whoever asks again finds the same: a session that failed, or said nothing, is done with.
  endIn(call);
  return toTurn(events, session.plan);
}

/**
 * Nothing in the record says that a turn is over; an engine of several agents says its last word more than once. So an end counts when
 * nothing has come after it for long enough.
 */
async function untilEnd(call: EngineCall, look: () => Promise<readonly EngineEvent[]>): Promise<readonly EngineEvent[]> {
  const stillness = new Stillness(call.timeouts.idleMs);
  for (;;) {
    const events = await look();
    const last = events.at(-1);
    const quiet = stillness.look(String(events.length));
    if (last?.error !== undefined || quiet >= looksToEnd(events)) return events;
    if (quiet === 0) call.progress?.onEvent();
    const { silence } = stillness;
    if (silence !== undefined) {
      // Nobody stops it, and nothing more is heard of it.
      endIn(call);
      throw silence;
    }
    await pause(call.timeouts.pollMs, undefined, { signal: call.timer.signal });
  }
}

/** How often nothing more has to come for these to be all. */
function looksToEnd(events: readonly EngineEvent[]): number {
  const last = events.at(-1);
  // After an event without a word a long thought may follow: only silence tells.
  if (last === undefined || !isEnd(last) || !hasAnswer(events)) return Infinity;
  // The kit stops where something waits for us; words may be followed by those of another agent.
  return last.waiting.length > 0 ? 1 : QUIET_LOOKS;
}

function endIn({ answered }: EngineCall): void {
  if (answered !== undefined) answered.position = 'terminal';
}

async function listEvents(call: EngineCall, engine: string, sessionId: string): Promise<readonly EngineEvent[]> {
  const name = `${engine}/sessions/${sessionId}`;
  const events: EngineEvent[] = [];
  const allowance = createAllowance();
  let pageToken: string | undefined;
  for (let number = 0; number < MAX_PAGES; number += 1) {
    call.timer.restart(call.timeouts.firstEventMs);
    const paging = { pageSize: PAGE_EVENTS, ...(pageToken === undefined ? {} : { pageToken }) };
    const response = await exchange(call, (abortSignal) =>
      call.sdk.send((engines) => engines.sessions.events.listInternal({ name, config: { ...paging, abortSignal } })),
    );
    const page = EVENT_PAGE.safeParse(await readJson(response, allowance)).data;
    if (page === undefined) throw new BrokenStreamError('malformed events');
    events.push(...(page.sessionEvents ?? []).map(readEvent));
    pageToken = page.nextPageToken ?? undefined;
    if (pageToken === undefined || pageToken === '') return events;
  }
  throw new BrokenStreamError('endless events');
}
