/** What Foundry Agent Service tells: responses of the Responses API, and the items that a conversation keeps of them. */
import { z } from 'zod';
import { EMPTY_ANSWER_CODE } from '../../../workflows/domain/failure-class.ts';
import type { TranscriptItem } from '../../../workflows/domain/transcript.ts';
import { NO_USAGE } from '../../../workflows/domain/usage.ts';
import type { ResponseDialect } from '../../clouds/responses-api/cloud-dialect.ts';
import { NoAnswerError, readOutputItem, readUsage } from '../../clouds/responses-api/read-answer.ts';
import { StreamedError } from '../../clouds/responses-api/read-response-stream.ts';
import type { ResponseObject } from '../../clouds/responses-api/response-object.ts';
import { RESPONSE } from '../../clouds/responses-api/response-object.ts';
import type { SessionInput, SessionPlan, SessionTurn } from '../managed-agent-client.ts';
import { MCP_APPROVAL } from '../managed-agent-client.ts';
import { RESPONSE_METADATA } from './request.ts';

export const FOUNDRY_RESPONSE: ResponseDialect = { requestIdHeaders: ['apim-request-id', 'x-request-id'] };

export const CONVERSATION = z.object({
  id: z.string().min(1),
  metadata: z.record(z.string(), z.unknown()).nullish().catch(null),
});
export type Conversation = z.infer<typeof CONVERSATION>;

/** Whether it is in the background tells whether its status can be trusted. */
export const KEPT_RESPONSE = RESPONSE.extend({ background: z.boolean().nullish() });

export const ITEM_PAGE = z.object({ data: z.array(z.unknown()), has_more: z.boolean().nullish() });

/** Of a kind that we need not know, and so of any form. */
const TEXT = z.string().nullish().catch(null);
const ITEM = z.object({
  id: TEXT,
  type: z.string().catch(''),
  role: TEXT,
  phase: TEXT,
  content: z
    .array(z.object({ text: TEXT }))
    .nullish()
    .catch(null),
  call_id: TEXT,
  approval_request_id: TEXT,
  name: TEXT,
  server_label: TEXT,
  status: TEXT,
  arguments: TEXT,
});
type Item = z.infer<typeof ITEM>;

const CALL = /_call$/;
const OUTPUT = /_call_output$/;

/** What a response that is over came to. @throws StreamedError, NoAnswerError */
export function toTurn(response: ResponseObject, plan: SessionPlan): SessionTurn {
  switch (response.status) {
    case 'completed':
      return { ...itemsToTurn(response.output ?? [], plan), usage: readUsage(response) };
    case 'incomplete':
      // A call that a limit cut off cannot be answered, and what was said is not all.
      throw new StreamedError({ code: response.incomplete_details?.reason ?? 'incomplete' });
    case 'failed':
      throw new StreamedError(response.error ?? { code: 'turn_failed' });
    case 'cancelled':
      throw new StreamedError({ code: 'turn_cancelled' });
    case null:
    case undefined:
      throw new NoAnswerError('response without status');
    default:
      throw new NoAnswerError(`response ${response.status}`);
  }
}

/** @throws NoAnswerError */
export function itemsToTurn(output: readonly unknown[], plan: SessionPlan): SessionTurn {
  const parts = output.map(readPart);
  const answered = answeredIn(parts);
  const items = parts.flatMap((part, index) => {
    const isOwn = CALL.test(part.type) && typeof part.call_id === 'string' && answered.has(part.call_id);
    return isOwn ? [ownCall(part)] : readItem(part, output[index], plan);
  });
  const calls = items.filter(({ kind }) => kind === 'tool-call');
  const said = parts.filter(({ type }) => type === 'message');
  if (calls.length === 0 && said.length === 0) throw new NoAnswerError(EMPTY_ANSWER_CODE);
  const marker = output.map(idOf).findLast((id) => id !== undefined);
  return {
    items: [...items.filter(({ kind }) => kind !== 'tool-call'), ...calls],
    usage: NO_USAGE,
    ...(marker === undefined ? {} : { marker }),
  };
}

function readItem(item: Item, raw: unknown, { tools }: SessionPlan): readonly TranscriptItem[] {
  switch (item.type) {
    case 'reasoning':
      // The conversation keeps it, and no other service could read it.
      return [];
    case 'mcp_approval_request':
      return [readApproval(item)];
    case 'message':
    case 'function_call':
    case 'custom_tool_call':
    case 'apply_patch_call':
      return readOutputItem({ ...asObject(raw), status: item.status }, { tools, boundary: '' });
    default:
      return CALL.test(item.type) ? [ownCall(item)] : [];
  }
}

/** Of whatever tool: a saved agent has tools of the service's, and a hosted one of its own code's, which nobody waits for us to call. */
function ownCall({ type, name, server_label: server, status }: Item): TranscriptItem {
  const what = name ?? type.replace(CALL, '');
  const by = type === 'mcp_call' ? `of the MCP server ${server ?? '?'}` : 'by itself';
  return { kind: 'assistant-message', text: `(Called ${what} ${by}: ${status ?? 'ended'}.)`, phase: 'commentary' };
}

/** Calls whose output stands beside them: somebody else has made them. */
function answeredIn(parts: readonly Item[]): ReadonlySet<unknown> {
  return new Set(parts.filter(({ type }) => OUTPUT.test(type)).map(({ call_id: callId }) => callId));
}

/**
 * Whether nothing needs to come after it: it ends with words, or waits for what is ours. A call of another function may be one that the
 * agent's code is about to answer.
 */
export function isRest(output: readonly unknown[], { tools }: SessionPlan): boolean {
  const parts = output.map(readPart);
  const answered = answeredIn(parts);
  const isOurs = ({ type, name, call_id: callId }: Item): boolean =>
    type === 'function_call' && tools.some((tool) => tool.name === name) && !answered.has(callId);
  const waits = parts.some((part) => part.type === 'mcp_approval_request' || isOurs(part));
  return waits || parts.findLast(({ type }) => type !== 'reasoning')?.type === 'message';
}

/** Whether the last thing that was said is known to be the last. */
export function isFinal(output: readonly unknown[]): boolean {
  const last = output.map(readPart).findLast(({ type }) => type !== 'reasoning');
  return last?.type === 'message' && last.phase === 'final_answer';
}

function readApproval({ id, name, server_label: server, arguments: given }: Item): TranscriptItem {
  if (id === null || id === undefined) throw new NoAnswerError('malformed request for approval');
  const text = JSON.stringify({ server: server ?? null, tool: name ?? null, arguments: parseJson(given) });
  return { kind: 'tool-call', callId: id, name: MCP_APPROVAL, input: { kind: 'json', text } };
}

/** Where in the items of a conversation this input ends; -1: it has none of it. */
export function findInput(items: readonly unknown[], input: SessionInput): number {
  const answered = new Set(input.results.map(({ callId }) => callId));
  const said = new Set(input.messages);
  return items.map(readPart).findLastIndex((item) => {
    const answer = item.type === 'function_call_output' ? item.call_id : item.approval_request_id;
    if (typeof answer === 'string') return answered.has(answer);
    return (
      item.type === 'message' && item.role === 'user' && said.has((item.content ?? []).map(({ text }) => text ?? '').join(''))
    );
  });
}

export function idOf(raw: unknown): string | undefined {
  return readPart(raw).id ?? undefined;
}

/** The response that a conversation notes for this input. */
export function notedResponse({ metadata }: Conversation, key?: string): string | undefined {
  const note = metadata?.[RESPONSE_METADATA];
  const [noted, id] = typeof note === 'string' ? note.split(' ') : [];
  return id !== undefined && (key === undefined || noted === key) ? id : undefined;
}

function readPart(raw: unknown): Item {
  return ITEM.parse(asObject(raw));
}

function asObject(raw: unknown): object {
  return typeof raw === 'object' && raw !== null ? raw : {};
}

function parseJson(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return text;
  }
}
