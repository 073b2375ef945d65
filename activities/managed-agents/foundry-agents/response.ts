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

const ITEM = z.object({
  id: z.string().nullish(),
  type: z.string(),
  role: z.string().nullish(),
  content: z
    .array(z.object({ text: z.string().nullish() }))
    .nullish()
    .catch(null),
  call_id: z.string().nullish(),
  approval_request_id: z.string().nullish(),
  name: z.string().nullish(),
  server_label: z.string().nullish(),
  status: z.string().nullish(),
  arguments: z.string().nullish().catch(null),
});
type Item = z.infer<typeof ITEM>;

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
  const items = output.flatMap((raw) => readItem(raw, plan));
  if (items.length === 0) throw new NoAnswerError(EMPTY_ANSWER_CODE);
  const calls = items.filter(({ kind }) => kind === 'tool-call');
  const marker = output.map(idOf).findLast((id) => id !== undefined);
  return {
    items: [...items.filter(({ kind }) => kind !== 'tool-call'), ...calls],
    usage: NO_USAGE,
    ...(marker === undefined ? {} : { marker }),
  };
}

function readItem(raw: unknown, { tools }: SessionPlan): readonly TranscriptItem[] {
  const item = readPart(raw);
  switch (item.type) {
    case 'reasoning':
      // The conversation keeps it, and no other service could read it.
      return [];
    case 'mcp_approval_request':
      return [readApproval(item)];
    case 'mcp_call': {
      const text = `(Called ${item.name ?? 'a tool'} of the MCP server ${item.server_label ?? '?'}: ${item.status ?? 'ended'}.)`;
      return [{ kind: 'assistant-message', text, phase: 'commentary' }];
    }
    default:
      return readOutputItem(raw, { tools, boundary: '' });
  }
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
  const item = ITEM.safeParse(raw).data;
  if (item === undefined) throw new NoAnswerError('malformed item');
  return item;
}

function parseJson(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return text;
  }
}
