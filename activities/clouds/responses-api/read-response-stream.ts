/** Reads the events of one response up to the terminal one. A stream that ends without it is a failure, never an answer. */
import type { CallOptions } from '../cloud-client.ts';
import { createAllowance, spend } from './answer-allowance.ts';
import type { CallTimer } from './call-timer.ts';
import type { CallPosition, CallTimeouts } from './cloud-dialect.ts';
import type { ResponseObject, StreamEvent } from './response-object.ts';
import { OUTPUT_ITEM, RESPONSE, STREAM_EVENT } from './response-object.ts';
import type { ServerSentEvent } from './server-sent-events.ts';
import { readServerSentEvents } from './server-sent-events.ts';

/** Code of a stream that ended well, but for its end. */
export const NO_TERMINAL_EVENT = 'no terminal event';

/** The stream is broken; `code` is for the failure. */
export class BrokenStreamError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.name = 'BrokenStreamError';
    this.code = code;
  }
}

/** The cloud told of an error within the stream. */
export class StreamedError extends Error {
  readonly error: unknown;

  constructor(error: unknown) {
    super('error event');
    this.name = 'StreamedError';
    this.error = error;
  }
}

/** Our own side could not take what arrived (the journal is down): no fault of the cloud, so it is passed on as it is. */
export class ProgressError extends Error {
  constructor(cause: unknown) {
    super('progress could not be told', { cause });
    this.name = 'ProgressError';
  }
}

/** What is known of a call while its stream is read; the caller keeps it to tell where the stream broke. */
export interface StreamState {
  position: CallPosition['phase'];
  responseId?: string;
}

export interface StreamReading {
  readonly state: StreamState;
  readonly timer: CallTimer;
  readonly timeouts: CallTimeouts;
  readonly progress: CallOptions['progress'];
}

const TERMINAL = new Set(['response.completed', 'response.failed', 'response.incomplete', 'response.cancelled']);
/** A cloud's own end mark of other APIs; harmless here. */
const DONE = '[DONE]';
/**
 * After the terminal event the body's end comes at once; read to it, the connection can be used again, which saves the next turn
 * a TLS handshake. A server that leaves it open is not waited for longer than such a handshake takes.
 */
const DRAIN_MS = 100;

/** `isPutTogether`: the terminal event left the items out; those that were told one by one stand in for them. */
export type ToldResponse = ResponseObject & { readonly isPutTogether?: true };

/** The response as its terminal event tells it. @throws BrokenStreamError, StreamedError, or what the connection throws */
export async function readResponseStream(body: ReadableStream<Uint8Array>, reading: StreamReading): Promise<ToldResponse> {
  let terminal: ToldResponse | undefined;
  try {
    for await (const response of readTerminals(body, reading)) {
      terminal ??= response;
      reading.timer.restart(DRAIN_MS);
    }
  } catch (error) {
    // The answer is whole: what happens to the connection after it does not matter any more.
    if (terminal === undefined) throw error;
  }
  if (terminal === undefined) throw new BrokenStreamError(NO_TERMINAL_EVENT);
  return terminal;
}

/** Yields the response of each terminal event; there should be one. */
async function* readTerminals(body: ReadableStream<Uint8Array>, reading: StreamReading): AsyncGenerator<ToldResponse> {
  const items = new Map<number, unknown>();
  const allowance = createAllowance();
  let count = 0;
  for await (const raw of readServerSentEvents(body, reading.timer.signal)) {
    if (raw.data === DONE) continue;
    const { type, event } = parseEvent(raw);
    await noteEvent({ type, event, sequence: event.sequence_number ?? count }, reading);
    count += 1;
    if (type === 'error') throw new StreamedError(isObject(event.error) ? event.error : event);
    if (type === 'response.output_item.done') {
      spend(allowance, raw.data.length);
      items.set(event.output_index ?? items.size, event.item);
    }
    if (TERMINAL.has(type)) yield toTerminal(type, event, items);
  }
}

function parseEvent(raw: ServerSentEvent): { type: string; event: StreamEvent } {
  let json: unknown;
  try {
    json = JSON.parse(raw.data);
  } catch {
    throw new BrokenStreamError('malformed event');
  }
  const event = STREAM_EVENT.safeParse(json).data;
  const type = event?.type ?? raw.name;
  if (event === undefined || type === '') throw new BrokenStreamError('malformed event');
  return { type, event };
}

async function noteEvent(
  { type, event, sequence }: { type: string; event: StreamEvent; sequence: number },
  { state, timer, timeouts, progress }: StreamReading,
): Promise<void> {
  timer.pause();
  if (state.position !== 'output') state.position = isOutput(type) ? 'output' : 'started';
  if (TERMINAL.has(type)) state.position = 'terminal';
  progress.onEvent(sequence);
  const id = responseIdOf(event);
  if (id !== undefined && state.responseId === undefined) {
    state.responseId = id;
    await progress.onResponseId(id).catch((error: unknown) => {
      throw new ProgressError(error);
    });
  }
  timer.restart(timeouts.idleMs);
}

function isOutput(type: string): boolean {
  return type.startsWith('response.output_') || type.startsWith('response.content_part') || type.endsWith('.delta');
}

function responseIdOf({ response }: StreamEvent): string | undefined {
  return isObject(response) && typeof response['id'] === 'string' && response['id'] !== '' ? response['id'] : undefined;
}

/** Some servers leave the items out of the terminal event, since each was already told when it was done. */
function toTerminal(type: string, { response }: StreamEvent, items: ReadonlyMap<number, unknown>): ToldResponse {
  const read = RESPONSE.safeParse(response).data;
  if (read === undefined) throw new BrokenStreamError('malformed terminal event');
  const told = [...items.entries()]
    .toSorted(([left], [right]) => left - right)
    .map(([, item]) => item)
    .filter((item) => OUTPUT_ITEM.safeParse(item).success);
  const status = type.slice('response.'.length);
  const isWhole = read.output !== undefined && read.output !== null && read.output.length > 0;
  return isWhole ? { ...read, status } : { ...read, output: told, status, isPutTogether: true };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
