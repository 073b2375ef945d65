/** Why a session does not take an input as it is now. */
import type { Refusal } from '../refusals.ts';
import type { InputEvent } from './agents-api-bodies.ts';
import type { EmulatedSession } from './agents-api-session.ts';

/** `undefined`: it takes it. */
export function whyNotTaken({ status, requiredActions }: EmulatedSession, events: readonly InputEvent[]): Refusal | undefined {
  if (events.some(({ type }) => type === 'agent.session.input.cancel')) {
    return status === 'idle' ? { reason: 'conflict', message: 'There is no turn to cancel.' } : undefined;
  }
  const answered = events.flatMap((event) => {
    if (event.type === 'agent.session.input.tool_result') return [`${event.turn_id}/${event.call_id}`];
    return event.type === 'agent.session.input.mcp_approval_request_result' ? [event.request_id] : [];
  });
  const waiting = new Set(
    requiredActions.map(({ type, turn_id: turn, call_id: call, request_id: request }) =>
      String(type === 'function_call' ? `${turn}/${String(call)}` : request),
    ),
  );
  if (answered.some((id) => !waiting.has(id))) return { reason: 'invalid-request', message: 'No such required action.' };
  const hasMessages = events.some(({ type }) => type === 'agent.session.input.message');
  const leavesSome = waiting.size > answered.length;
  return hasMessages && leavesSome ? { reason: 'conflict', message: 'The session waits for required actions.' } : undefined;
}
