/** What is said to a reasoning engine whose code is an app of the Agent Development Kit. */
import { createHash } from 'node:crypto';
import { ModelFailureError } from '../../clouds/cloud-client.ts';
import type { SessionInput, SessionPlan, SessionResult } from '../managed-agent-client.ts';

/** Sessions belong to a user of the engine's; all of ours are of this one. */
export const USER_ID = 'anyport';
/** The kit's method that streams its events. */
const METHOD = 'async_stream_query';
const ENGINE_ID = /^[a-z0-9][a-z0-9-]{0,127}$/i;
const ENGINE_NAME = /^projects\/[^/]+\/locations\/[^/]+\/reasoningEngines\/[a-z0-9][a-z0-9-]{0,127}$/i;

interface Location {
  readonly project: string;
  readonly location: string;
}

/** The resource name of the engine, which may be told by its id alone. @throws ModelFailureError */
export function engineNameOf({ agentId }: SessionPlan, { project, location }: Location): string {
  if (agentId !== undefined && ENGINE_NAME.test(agentId)) return agentId;
  if (agentId !== undefined && ENGINE_ID.test(agentId)) {
    return `projects/${project}/locations/${location}/reasoningEngines/${agentId}`;
  }
  throw new ModelFailureError({
    kind: 'invalid-request',
    phase: 'resolve',
    acceptance: 'not-accepted',
    scope: 'deployment',
    code: agentId === undefined ? 'no reasoning engine' : 'malformed name of a reasoning engine',
  });
}

/**
 * The name of the session that a key opens. Keys may have capitals and underscores, which the service takes in no name (63 characters
 * of a-z, 0-9 and `-`, a letter first).
 */
export function sessionIdOf(key: string): string {
  return `s-${createHash('sha256').update(key).digest('hex').slice(0, 40)}`;
}

/**
 * The engine's code decides about its model, instructions and tools. Ours lie in the session's state, for code that reads them there:
 * an instruction of the kit's with `{anyport_instructions?}` does.
 */
export function renderState({ instructions, tools, metadata }: SessionPlan) {
  return {
    anyport_instructions: instructions,
    anyport_tools: tools.map(({ name, description, form }) => ({
      name,
      description,
      ...(form.kind === 'function' ? { parameters: form.parameters } : {}),
    })),
    anyport_metadata: metadata,
  };
}

/** The body of `:streamQuery`: results and messages as parts of one content, so that a session never goes on with some of them. */
export function renderQuery(sessionId: string, { results, messages }: SessionInput) {
  const parts = [...results.map(renderResult), ...messages.map((text) => ({ text }))];
  return { classMethod: METHOD, input: { user_id: USER_ID, session_id: sessionId, message: { role: 'user', parts } } };
}

/** Names of fields as the kit writes them in its own events. */
function renderResult({ callId, name, outcome, output }: SessionResult) {
  return { function_response: { id: callId, name, response: outcome === 'ok' ? { result: output } : { error: output } } };
}
