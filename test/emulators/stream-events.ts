/** Writes a generation's events to a connection, with whatever a fault makes of them. */
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from './fault-plan.ts';
import type { Generation } from './generation.ts';
import type { WireEvent } from './response-events.ts';

export interface StreamOptions {
  readonly generation: Generation;
  readonly connection: ServerResponse;
  readonly after: number;
  readonly fault: Fault | undefined;
  /** A background response outlives its connection. */
  readonly outlives: boolean;
}

export async function streamEvents(options: StreamOptions): Promise<void> {
  const { generation, connection, fault, outlives } = options;
  connection.on('close', () => {
    if (!outlives && !connection.writableFinished) generation.abort();
  });
  connection.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  connection.flushHeaders();
  if (fault?.kind === 'slow-first-event') await pause(fault.delayMs);
  let written = 0;
  for await (const event of generation.follow(options.after)) {
    if (connection.destroyed) return;
    if (fault !== undefined && breaksHere(fault, written, event)) {
      breakStream(options, fault, event);
      return;
    }
    write(connection, event);
    written += 1;
  }
  connection.end();
}

function breaksHere(fault: Fault, written: number, event: WireEvent): boolean {
  if ('afterEvents' in fault) return written === fault.afterEvents;
  return fault.kind === 'missing-terminal' && event.type === 'response.completed';
}

function breakStream({ generation, connection, outlives }: StreamOptions, fault: Fault, event: WireEvent): void {
  // A stall is the network's: the cloud goes on, until the client has had enough.
  if (fault.kind === 'stream-stall') return;
  if (!outlives) generation.break(fault.billed === true);
  if (fault.kind === 'stream-cut') {
    connection.destroy();
    return;
  }
  if (fault.kind === 'malformed-event') connection.write(`event: ${event.type}\ndata: {"type":"${event.type}","seq\n\n`);
  if (fault.kind === 'error-event') {
    const error = { type: 'server_error', code: fault.code, message: 'emulated error', param: null };
    write(connection, { type: 'error', sequence_number: event.sequence_number, error });
  }
  connection.end();
}

function write(connection: ServerResponse, event: WireEvent): void {
  connection.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
}
