/** Tells a session's events to one listener from now on, with whatever a fault makes of them. Nothing is told again. */
import type { AgentsCall } from './agents-api-server.ts';
import type { EmulatedSession, WireEvent } from './agents-api-session.ts';

export function streamSession({ faults, reply, entry }: AgentsCall, session: EmulatedSession, state: string): void {
  const fault = faults.take(['stream-cut', 'stream-stall']);
  if (fault !== undefined) entry.fault = fault.kind;
  reply.hijack();
  const connection = reply.raw;
  connection.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-request-id': `req_${entry.sequence}` });
  connection.flushHeaders();
  let written = 0;
  const write = (event: WireEvent): void => {
    if (connection.destroyed) return;
    if (fault !== undefined && written >= fault.afterEvents) {
      if (fault.kind === 'stream-cut') connection.destroy();
      return;
    }
    written += 1;
    connection.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  };
  // It begins with the state that the session is in, so that a listener must not take that for what its input came to.
  write({ type: `agent.session.${state}`, event_id: `event_${session.id}_0`, session: session.toObject() });
  const stop = session.listen(write);
  connection.on('close', stop);
}
