/** Writes a generation's events to a connection, with whatever a fault makes of them. */
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { RequestFault } from './fault-plan.ts';
import type { Generation } from './generation.ts';
import type { WireEvent } from './response-events.ts';

export interface StreamOptions {
  readonly generation: Generation;
  readonly connection: ServerResponse;
  readonly headers: Readonly<Record<string, string>>;
  readonly after: number;
  readonly fault: RequestFault | undefined;
  /** A background response outlives its connection. */
  readonly outlives: boolean;
}

type StreamBreak = Extract<
  RequestFault,
  { kind: 'stream-cut' | 'stream-stall' | 'malformed-event' | 'error-event' | 'missing-terminal' }
>;
type Place = NonNullable<Exclude<StreamBreak, { kind: 'missing-terminal' }>['at']>;

export async function streamEvents(options: StreamOptions): Promise<void> {
  const { generation, connection, fault, outlives } = options;
  connection.on('close', () => {
    if (!outlives && !connection.writableFinished) generation.abort();
  });
  connection.writeHead(200, {
    ...options.headers,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
  });
  connection.flushHeaders();
  if (fault?.kind === 'slow-first-event') await pause(fault.delayMs);
  const written: WireEvent[] = [];
  for await (const event of generation.follow(options.after)) {
    if (connection.destroyed) return;
    if (isStreamBreak(fault) && breaksHere(fault, written, event)) {
      breakStream(options, fault, event);
      return;
    }
    write(connection, event);
    written.push(event);
  }
  connection.end();
}

const BREAKS: ReadonlySet<RequestFault['kind']> = new Set<StreamBreak['kind']>([
  ...(['stream-cut', 'stream-stall', 'malformed-event', 'error-event', 'missing-terminal'] as const),
]);

function isStreamBreak(fault: RequestFault | undefined): fault is StreamBreak {
  return fault !== undefined && BREAKS.has(fault.kind);
}

function breaksHere(fault: StreamBreak, written: readonly WireEvent[], next: WireEvent): boolean {
  if (fault.kind === 'missing-terminal') return isTerminal(next);
  if (fault.at === undefined) return written.length === (fault.afterEvents ?? 1);
  return isAt(fault.at, written, next);
}

/** Whether the stream has come to this place, seen from the events written and the one that is next. */
function isAt(place: Place, written: readonly WireEvent[], next: WireEvent): boolean {
  switch (place) {
    case 'start':
      return written.length === 0;
    case 'before-output':
      return next.type === 'response.output_item.added';
    case 'after-output':
      return written.some(({ type }) => type.endsWith('.delta'));
    case 'before-tool-call':
      return next.type === 'response.output_item.added' && isCall(next);
    case 'within-tool-call':
      return written.some(
        ({ type }) => type === 'response.function_call_arguments.delta' || type === 'response.custom_tool_call_input.delta',
      );
    case 'after-tool-call':
      return written.some((event) => event.type === 'response.output_item.done' && isCall(event));
    case 'before-terminal':
      return isTerminal(next);
  }
}

function isCall({ item }: WireEvent): boolean {
  return typeof item === 'object' && item !== null && 'type' in item && String(item.type).endsWith('_call');
}

function isTerminal({ type }: WireEvent): boolean {
  return type === 'response.completed' || type === 'response.incomplete' || type === 'response.failed';
}

function breakStream({ generation, connection, outlives }: StreamOptions, fault: StreamBreak, event: WireEvent): void {
  // A stall is the network's: the cloud goes on, until the client has had enough.
  if (fault.kind === 'stream-stall') return;
  if (!outlives) generation.break(fault.billed === true);
  switch (fault.kind) {
    case 'stream-cut':
      connection.destroy();
      return;
    case 'malformed-event':
      connection.write(`event: ${event.type}\ndata: {"type":"${event.type}","seq\n\n`);
      break;
    case 'error-event': {
      const error = { code: fault.code, message: 'emulated error', param: null };
      const told = fault.form === 'flat' ? error : { error: { ...error, type: 'server_error' } };
      write(connection, { ...told, type: 'error', sequence_number: event.sequence_number });
      break;
    }
    case 'missing-terminal':
      break;
  }
  connection.end();
}

function write(connection: ServerResponse, event: WireEvent): void {
  connection.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
}
