/** Items and actions of a session -> what the turn came to, as transcript items. */
import type { ToolCall, TranscriptItem } from '../../../workflows/domain/transcript.ts';
import type { Usage } from '../../../workflows/domain/usage.ts';
import { ModelFailureError } from '../../clouds/cloud-client.ts';
import { NoAnswerError, toFunctionInput } from '../../clouds/responses-api/read-answer.ts';
import { toCode } from '../../clouds/responses-api/read-refusal.ts';
import type { SessionPlan } from '../managed-agent-client.ts';
import { MCP_APPROVAL } from '../managed-agent-client.ts';
import type { ItemObject, RequiredAction, TokensObject } from './agents-objects.ts';

/** What we gave ourselves: inputs, and answers to what it asked. */
const GIVEN = new Set(['function_call_output', 'computer_use_approval_request_result']);

export function isOfAgent({ type, role }: ItemObject): boolean {
  return !GIVEN.has(type) && role !== 'user';
}

export function textOf({ content }: ItemObject): string {
  return (content ?? []).map(({ text }) => text ?? '').join('');
}

/** What it said, and, in a word, what it did by itself. Its calls of functions are told by what it waits for. */
export function readItem(item: ItemObject): readonly TranscriptItem[] {
  if (item.type === 'mcp_call') {
    const text = `(Called ${item.name ?? 'a tool'} of the MCP server ${item.server_label ?? '?'}: ${item.status ?? 'ended'}.)`;
    return [{ kind: 'assistant-message', text, phase: 'commentary' }];
  }
  if (item.type !== 'message' || item.role !== 'assistant') return [];
  const phase =
    item.phase === 'commentary'
      ? ({ phase: 'commentary' } as const)
      : item.phase === 'final_answer'
        ? ({ phase: 'final-answer' } as const)
        : {};
  return [{ kind: 'assistant-message', text: textOf(item), ...phase }];
}

/** What a session waits for, by the id that its answer names. `undefined`: nothing that we can answer. */
export function actionId(action: RequiredAction): string | undefined {
  if (action.type === 'function_call') return action.call_id ?? undefined;
  return action.type === 'mcp_approval_request' ? (action.request_id ?? undefined) : undefined;
}

/** @throws ModelFailureError when it waits for what cannot be given; NoAnswerError when it says so in a way that cannot be read */
export function readAction(action: RequiredAction, plan: SessionPlan): ToolCall {
  const callId = actionId(action);
  if (callId === undefined) throw unanswerable(action);
  if (action.type === 'mcp_approval_request') {
    const { server_label: server, name: tool, arguments: given } = action.request ?? {};
    const text = JSON.stringify({ server: server ?? null, tool: tool ?? null, arguments: given ?? null });
    return { kind: 'tool-call', callId, name: MCP_APPROVAL, input: { kind: 'json', text } };
  }
  if (action.name === null || action.name === undefined) throw new NoAnswerError('malformed function call');
  // The type of the arguments is left open: text as in the Responses API, or the object itself.
  const json = typeof action.arguments === 'string' ? action.arguments : JSON.stringify(action.arguments ?? {});
  return { kind: 'tool-call', callId, name: action.name, input: toFunctionInput(json, action.name, plan.tools) };
}

function unanswerable({ type }: RequiredAction): ModelFailureError {
  const code = toCode(`waits for ${type}`);
  return new ModelFailureError({ kind: 'unsupported', phase: 'terminal', acceptance: 'accepted', scope: 'request', code });
}

const OWN_WORK: Readonly<Record<string, string>> = {
  command_execution: 'what its commands did to the files of its environment',
  computer_use_call: 'what it did with its computer',
  create_subagent_call: 'agents of its own',
};

/** What it made in places that nobody else can reach. */
export function readLeftBehind(items: readonly ItemObject[]): readonly string[] {
  return [...new Set(items.flatMap(({ type }) => OWN_WORK[type] ?? []))];
}

export function toUsage(tokens: TokensObject | null | undefined): Usage {
  return {
    inputTokens: tokens?.input_tokens ?? 0,
    cachedInputTokens: tokens?.input_tokens_details?.cached_tokens ?? 0,
    outputTokens: tokens?.output_tokens ?? 0,
    reasoningTokens: tokens?.output_tokens_details?.reasoning_tokens ?? 0,
  };
}
