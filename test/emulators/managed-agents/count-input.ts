/** What an input was made of, for the ledger. */
import type { TakenInput } from './agent-ledger.ts';
import type { InputEvent } from './agents-api-bodies.ts';

export function countInput(events: readonly InputEvent[]): Pick<TakenInput, 'results' | 'messages' | 'said' | 'decisions'> {
  const messages = events.flatMap((event) => (event.type === 'agent.session.input.message' ? event.input : []));
  const decisions = events.flatMap((event) =>
    event.type === 'agent.session.input.mcp_approval_request_result' ? [event.response.decision] : [],
  );
  const results = events.filter(({ type }) => type === 'agent.session.input.tool_result').length + decisions.length;
  return {
    results,
    messages: messages.length,
    said: messages.map(({ content }) => content.map(({ text }) => text).join('')),
    decisions: decisions.map((decision) => (decision === 'approve' ? 'approved' : 'denied')),
  };
}
