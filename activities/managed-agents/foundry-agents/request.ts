/** What is said to Foundry Agent Service: a response in a conversation, by a saved agent or by one that is told each time. */
import type { ResponseCreateParamsStreaming, ResponseInputItem, Tool } from 'openai/resources/responses/responses';
import type { ToolDefinition } from '../../../workflows/domain/tool-call.ts';
import { ModelFailureError } from '../../clouds/cloud-client.ts';
import type { SessionInput, SessionPlan, SessionResult } from '../managed-agent-client.ts';
import { MCP_APPROVAL } from '../managed-agent-client.ts';

/** Pair of a conversation's metadata: the key of its last input, and the id of the response to it. */
export const RESPONSE_METADATA = 'anyport_response';
const METADATA_CHARACTERS = { key: 64, value: 512 };
/** As the service takes names of agents; a version may follow. */
const AGENT = /^([A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(?::([A-Za-z0-9._-]+))?$/;

export function renderMetadata({ metadata }: SessionPlan): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => [
      key.slice(0, METADATA_CHARACTERS.key),
      value.slice(0, METADATA_CHARACTERS.value),
    ]),
  );
}

interface Saying {
  readonly conversation: string;
  readonly plan: SessionPlan;
  readonly input: SessionInput;
  readonly isFirst: boolean;
}

/**
 * Made in the background, so that it goes on when the connection is lost, and can be read and stopped by its id. Beside a saved agent
 * the service takes neither model nor instructions nor tools: ours lead the first message. @throws ModelFailureError
 */
export function renderResponse({ conversation, plan, input, isFirst }: Saying): ResponseCreateParamsStreaming {
  const { agentId, wireModel, instructions, tools } = plan;
  const preface = agentId !== undefined && isFirst && instructions !== '' ? [instructions] : [];
  const agent =
    agentId === undefined
      ? {
          ...(wireModel === undefined ? {} : { model: wireModel }),
          ...(instructions === '' ? {} : { instructions }),
          ...(tools.length === 0 ? {} : { tools: tools.map(renderTool) }),
        }
      : { agent_reference: renderReference(agentId) };
  const said = [...preface, ...input.messages].map(renderMessage);
  return {
    conversation,
    ...agent,
    input: [...input.results.map(renderResult), ...said],
    background: true,
    store: true,
    stream: true,
  };
}

/** `name` or `name:version`; `undefined`: it is neither. */
export function parseReference(agentId: string) {
  const [, name, version] = AGENT.exec(agentId) ?? [];
  return name === undefined ? undefined : { name, ...(version === undefined ? {} : { version }) };
}

/** @throws ModelFailureError */
function renderReference(agentId: string) {
  const reference = parseReference(agentId);
  if (reference === undefined) {
    throw new ModelFailureError({
      kind: 'invalid-request',
      phase: 'resolve',
      acceptance: 'not-accepted',
      scope: 'deployment',
      code: 'malformed name of an agent',
    });
  }
  return { type: 'agent_reference', ...reference };
}

function renderMessage(text: string): ResponseInputItem {
  return { type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
}

function renderResult({ callId, name, outcome, output }: SessionResult): ResponseInputItem {
  return name === MCP_APPROVAL
    ? { type: 'mcp_approval_response', approval_request_id: callId, approve: outcome === 'ok' }
    : { type: 'function_call_output', call_id: callId, output };
}

/** Nobody documents custom tools for it: a freeform one is a function with one text. */
function renderTool({ name, description, form }: ToolDefinition): Tool {
  const parameters =
    form.kind === 'function'
      ? { ...form.parameters }
      : { type: 'object', properties: { input: { type: 'string' } }, required: ['input'], additionalProperties: false };
  return { type: 'function', name, description, parameters, strict: false };
}
