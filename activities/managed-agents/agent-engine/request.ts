/** What is said to a reasoning engine whose code is an app of the Agent Development Kit. */
import { createHash } from 'node:crypto';
import { ModelFailureError } from '../../clouds/cloud-client.ts';
import type { SessionInput, SessionPlan, SessionResult } from '../managed-agent-client.ts';

/** Sessions belong to a user of the engine's; all of ours are of this one. */
export const USER_ID = 'anyport';
/** The kit's method that streams its events. */
const METHOD = 'async_stream_query';
const ENGINE_ID = /^[a-z0-9][a-z0-9-]{0,127}$/i;
const ENGINE_NAME = /^projects\/([^/]+)\/locations\/([^/]+)\/reasoningEngines\/([^/]+)$/;

interface Location {
  readonly project: string;
  readonly location: string;
}

/** An engine as it may be named: by its id, or by its whole name. `undefined`: neither. */
export function parseEngine(name: string): (Partial<Location> & { readonly id: string }) | undefined {
  if (ENGINE_ID.test(name)) return { id: name };
  const [, project, location, id = ''] = ENGINE_NAME.exec(name) ?? [];
  return project === undefined || location === undefined || !ENGINE_ID.test(id) ? undefined : { project, location, id };
}

/**
 * The resource name of the engine. A task may name one, and is held to the project and the region that are configured, where the
 * operator's token is meant to be used. @throws ModelFailureError
 */
export function engineNameOf({ agentId }: SessionPlan, connection: Location): string {
  if (agentId === undefined) throw refusedEngine('no reasoning engine');
  const engine = parseEngine(agentId);
  if (engine === undefined) throw refusedEngine('malformed name of a reasoning engine');
  const { project = connection.project, location = connection.location, id } = engine;
  if (project !== connection.project || location !== connection.location)
    throw refusedEngine('reasoning engine of another project or region');
  return `projects/${project}/locations/${location}/reasoningEngines/${id}`;
}

function refusedEngine(code: string): ModelFailureError {
  return new ModelFailureError({
    kind: 'invalid-request',
    phase: 'resolve',
    acceptance: 'not-accepted',
    scope: 'deployment',
    code,
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
