/** What is said to a session, as the Agents API takes it. */
import type { AgentSessionInputMessageParam, AgentSessionInputParam, AgentToolParam } from 'openai/resources/beta/agents/agents';
import { z } from 'zod';
import type { ToolDefinition } from '../../../workflows/domain/tool-call.ts';
import { ModelFailureError } from '../../clouds/cloud-client.ts';
import type { ManagedAgentTraits, SessionInput, SessionPlan, SessionResult } from '../managed-agent-client.ts';
import { MCP_APPROVAL } from '../managed-agent-client.ts';

/** Pair of metadata by which a session is found again when its opening was not answered. */
export const KEY_METADATA = 'anyport_session_key';

const TURNS_OF_CALLS = z.record(z.string(), z.string());

/** What is asked for is not sent where it is known not to be there. @throws ModelFailureError */
export function assertServed(plan: SessionPlan, input: SessionInput, traits: ManagedAgentTraits): void {
  const asks = [
    [plan.tools.length > 0 && !traits.functionCalls, 'functions'],
    [input.results.some(({ name }) => name === MCP_APPROVAL) && !traits.mcpApprovals, 'mcp approvals'],
    [input.results.some(({ name }) => name !== MCP_APPROVAL) && !traits.functionCalls, 'function results'],
    [plan.agentId !== undefined && traits.savedAgents === 'none', 'saved agents'],
  ] as const;
  const lacked = asks.find(([isLacking]) => isLacking);
  if (lacked === undefined) return;
  throw new ModelFailureError({
    kind: 'unsupported',
    phase: 'resolve',
    acceptance: 'not-accepted',
    scope: 'deployment',
    code: lacked[1],
  });
}

export function renderAgent({ agentId, wireModel, instructions, tools }: SessionPlan) {
  const agent = {
    ...(wireModel === undefined ? {} : { model: wireModel }),
    ...(instructions === '' ? {} : { instructions }),
    ...(tools.length === 0 ? {} : { tools: tools.map(renderTool) }),
  };
  return { ...(Object.keys(agent).length === 0 ? {} : { agent }), ...(agentId === undefined ? {} : { agent_id: agentId }) };
}

/** Custom tools are unknown to sessions: a freeform one is a function with one text. */
function renderTool({ name, description, form }: ToolDefinition): AgentToolParam {
  const parameters =
    form.kind === 'function'
      ? form.parameters
      : { type: 'object', properties: { input: { type: 'string' } }, required: ['input'], additionalProperties: false };
  return { type: 'function', name, description, parameters };
}

export function renderMessages({ messages }: SessionInput): AgentSessionInputMessageParam[] {
  return messages.map((text) => ({ role: 'user', content: [{ type: 'input_text', text }] }));
}

/** All in one request, so that a session never goes on with a part of it. @throws ModelFailureError */
export function renderEvents(input: SessionInput): AgentSessionInputParam[] {
  const turns = readTurns(input.continuation);
  const results = input.results.map((result) => renderResult(result, turns));
  const messages = renderMessages(input);
  return messages.length === 0 ? results : [...results, { type: 'agent.session.input.message', input: messages }];
}

function renderResult({ callId, name, outcome, output }: SessionResult, turns: Turns): AgentSessionInputParam {
  if (name === MCP_APPROVAL) {
    return {
      type: 'agent.session.input.mcp_approval_request_result',
      request_id: callId,
      response: { type: 'mcp_tool_call', decision: outcome === 'ok' ? 'approve' : 'deny' },
    };
  }
  const turnId = Object.hasOwn(turns, callId) ? turns[callId] : undefined;
  if (turnId === undefined) throw notContinued();
  const told = outcome === 'ok' ? { success: true, output } : { success: false, error: output };
  return { type: 'agent.session.input.tool_result', call_id: callId, turn_id: turnId, ...told };
}

type Turns = Readonly<Record<string, string>>;

/** The turn of each call, for the results. */
export function writeTurns(turns: Turns): { readonly continuation?: string } {
  return Object.keys(turns).length === 0 ? {} : { continuation: JSON.stringify(turns) };
}

function readTurns(continuation: string | undefined): Turns {
  try {
    return TURNS_OF_CALLS.parse(JSON.parse(continuation ?? '{}'));
  } catch {
    throw notContinued();
  }
}

function notContinued(): ModelFailureError {
  return new ModelFailureError({
    kind: 'invalid-request',
    phase: 'resolve',
    acceptance: 'not-accepted',
    scope: 'request',
    code: 'results without the continuation of their calls',
  });
}
