/** Reads the events of a session. They only tell when something came to its end: what was said is read from the items, which stay. */
import { BrokenStreamError, NO_TERMINAL_EVENT, StreamedError } from '../../clouds/responses-api/read-response-stream.ts';
import { readServerSentEvents } from '../../clouds/responses-api/server-sent-events.ts';
import type { EventObject } from './agents-objects.ts';
import { EVENT } from './agents-objects.ts';
import type { AgentsCall } from './exchange.ts';
import { tell } from './exchange.ts';

const DONE = '[DONE]';
/** A session that failed takes no input, so that this is never the state before it. */
const FAILED = 'agent.session.failed';
/** States that a subscription may begin with: they are of the session as it was, not of what became of the input. */
const STATES = new Set(['agent.session.idle', 'agent.session.requires_action', FAILED]);
const TURN_ENDS = new Set(['agent.session.turn.completed', 'agent.session.turn.failed', 'agent.session.turn.cancelled']);
const NOT_WORK = new Set(['agent.session.created', 'error']);

export interface Watch {
  readonly events: AsyncGenerator<EventObject>;
  /** Something was done since the input, so that the next state is what it came to. */
  began: boolean;
  /** How the turn ended, once it did: with an error, or `undefined`. */
  ended: { readonly error: unknown } | undefined;
  /** What an `error` event told last: of a turn or a session that then fails, or of nothing that matters. */
  lastError: unknown;
}

/** @throws BrokenStreamError when the answer is no stream */
export function watch(call: AgentsCall, response: Response): Watch {
  const isEvents = response.headers.get('content-type')?.includes('text/event-stream') === true;
  if (!isEvents || response.body === null) throw new BrokenStreamError('not an event stream');
  return { events: readEvents(call, response.body), began: false, ended: undefined, lastError: undefined };
}

/** Reads until the session may have come to something. @throws BrokenStreamError, StreamedError, or what the connection throws */
export async function untilPause(call: AgentsCall, watching: Watch): Promise<void> {
  for (;;) {
    const { done, value: event } = await watching.events.next();
    if (done === true) {
      throw watching.lastError === undefined ? new BrokenStreamError(NO_TERMINAL_EVENT) : new StreamedError(watching.lastError);
    }
    const type = event.type ?? '';
    await noteSession(call, event);
    note(watching, type, event);
    if (STATES.has(type) && (watching.began || type === FAILED)) return;
  }
}

async function* readEvents(call: AgentsCall, body: ReadableStream<Uint8Array>): AsyncGenerator<EventObject> {
  for await (const raw of readServerSentEvents(body, call.timer.signal)) {
    if (raw.data === DONE) continue;
    const event = parse(raw.data);
    const type = event?.type ?? raw.name;
    if (event === undefined || type === '') throw new BrokenStreamError('malformed event');
    if (call.answered !== undefined) call.answered.position = 'started';
    call.progress?.onEvent();
    call.timer.restart(call.timeouts.idleMs);
    yield { ...event, type };
  }
}

function parse(data: string): EventObject | undefined {
  try {
    return EVENT.safeParse(JSON.parse(data)).data;
  } catch {
    return undefined;
  }
}

/** The opening's stream begins with the session's name. */
async function noteSession(call: AgentsCall, { session }: EventObject): Promise<void> {
  if (call.sessionId !== undefined || session === null || session === undefined) return;
  const { id } = session;
  call.sessionId = id;
  await tell(call, async () => call.progress?.onSession(id));
}

function note(watching: Watch, type: string, { turn, error }: EventObject): void {
  if (type === 'error') watching.lastError = error;
  if (!STATES.has(type) && !NOT_WORK.has(type) && !type.startsWith('agent.session.environment.')) watching.began = true;
  // What became of an agent that it made itself is its own business.
  const isOwn = turn === null || turn === undefined || turn.subagent_id === null || turn.subagent_id === undefined;
  if (!TURN_ENDS.has(type) || !isOwn) return;
  watching.ended = { error: turnError(type.slice('agent.session.turn.'.length), turn?.error ?? watching.lastError) };
}

/** What to throw for a turn that ended so; `undefined`: it ended well. */
export function turnError(status: string, error: unknown): unknown {
  if (status === 'failed') return error ?? { code: 'turn_failed' };
  return status === 'cancelled' ? { code: 'turn_cancelled' } : undefined;
}
