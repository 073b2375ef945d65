/** A scripted turn as the events of a streamed response, and as the object that those events add up to. */
import type { ScriptedTurn } from './conversation-script.ts';
import type { EmulatedEndpoint } from './emulated-endpoints.ts';
import type { RequestFault } from './fault-plan.ts';
import { operationsOf } from './patch-operations.ts';
import type { ModelRequestBody } from './validate-request.ts';

export type WireEvent = { readonly type: string; readonly sequence_number: number } & Readonly<Record<string, unknown>>;

export interface ScriptedResponse {
  readonly id: string;
  readonly events: readonly WireEvent[];
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number };
  /** The response object in a state other than `completed`. */
  snapshot(status: string): object;
}

export interface ResponseInput {
  readonly endpoint: EmulatedEndpoint;
  readonly request: ModelRequestBody;
  readonly turn: ScriptedTurn;
  readonly number: number;
  /** May change what is answered. */
  readonly fault: RequestFault | undefined;
}

type ScriptedCall = NonNullable<ScriptedTurn['toolCalls']>[number];
type Item = Readonly<Record<string, unknown>> & { readonly type: string };

/** Text comes in pieces of this many characters. */
const PIECE = 12;
/** About a thousand tokens. */
const CHARACTERS_OF_IMAGE = 4000;

export function scriptResponse(input: ResponseInput): ScriptedResponse {
  const { endpoint, request, number, fault } = input;
  const id = `resp_${endpoint.name}_${number}`;
  const output = outputOf(input);
  const usage = {
    inputTokens: Math.ceil(JSON.stringify(request.items, withoutImages).length / 4),
    outputTokens: Math.ceil(JSON.stringify(output).length / 4),
  };
  // Cut off by a limit: what was said counts, calls that were not finished do not.
  const said = output.filter(({ type }) => !type.endsWith('_call'));
  const snapshot = (status: string, done: readonly Item[] = status === 'incomplete' ? said : []): object => ({
    id,
    object: 'response',
    created_at: 1_790_000_000,
    status,
    model: request.model,
    error: null,
    incomplete_details: null,
    output: done,
    store: request.store ?? true,
    background: request.background ?? false,
    metadata: request.metadata ?? {},
    usage: status === 'completed' || status === 'incomplete' ? wireUsage(usage) : null,
  });
  const bodies = [
    { type: 'response.created', response: snapshot(request.background === true ? 'queued' : 'in_progress') },
    { type: 'response.in_progress', response: snapshot('in_progress') },
    ...output.flatMap(eventsOfItem),
    { type: 'response.completed', response: snapshot('completed', output) },
  ];
  const told = fault?.kind === 'unknown-events' ? bodies.flatMap((body) => [UNKNOWN_EVENT, body]) : bodies;
  const events = told.map((body, index): WireEvent => ({ ...body, sequence_number: index }));
  return { id, events, usage, snapshot };
}

/** A picture costs what it shows, not what it weighs. */
function withoutImages(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.startsWith('data:image/') ? value.slice(0, CHARACTERS_OF_IMAGE) : value;
}

/** What a cloud may add one day, which nobody has to understand. */
const UNKNOWN_EVENT = { type: 'response.brand_new', payload: { of: ['another', 'time'] } };

function wireUsage({ inputTokens, outputTokens }: ScriptedResponse['usage']): object {
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: inputTokens + outputTokens,
  };
}

function outputOf({ endpoint, request, turn, number, fault }: ResponseInput): readonly Item[] {
  if (fault?.kind === 'empty-output') return [];
  const id = `${endpoint.name}_${number}`;
  const reasons = endpoint.encryptedReasoning && request.include?.includes('reasoning.encrypted_content') === true;
  const reasoning: readonly Item[] = reasons
    ? [{ type: 'reasoning', id: `rs_${id}`, summary: [], encrypted_content: `enc:${endpoint.name}:${number}` }]
    : [];
  if (fault?.kind === 'refusal') return [...reasoning, messageOf(id, { type: 'refusal', refusal: fault.text })];
  const message: readonly Item[] =
    turn.text === undefined ? [] : [messageOf(id, { type: 'output_text', text: turn.text, annotations: [] })];
  const calls = (turn.toolCalls ?? []).flatMap((call, index) => callsOf(call, request, `${id}_${index}`));
  return [...reasoning, ...message, ...calls];
}

/** In the form in which the tool was offered. A patch of several files is several calls where the tool is the API's own. */
function callsOf({ name, input }: ScriptedCall, { tools = [] }: ModelRequestBody, id: string): readonly Item[] {
  const callId = `call_${id}`.replaceAll(/[^A-Za-z0-9_-]/g, '_');
  const call = { id: `tc_${id}`, call_id: callId, name, status: 'completed' };
  if (typeof input !== 'string') return [{ type: 'function_call', ...call, arguments: JSON.stringify(input) }];
  if (tools.some((tool) => tool.name === name && tool.type === 'custom')) return [{ type: 'custom_tool_call', ...call, input }];
  const operations = name === 'apply_patch' && tools.some(({ type }) => type === name) ? operationsOf(input) : undefined;
  if (operations === undefined) return [{ type: 'function_call', ...call, arguments: JSON.stringify({ input }) }];
  return operations.map((operation, index) => {
    const suffix = index === 0 ? '' : `_${index}`;
    return {
      type: 'apply_patch_call',
      id: `apc_${id}${suffix}`,
      call_id: callId + suffix,
      status: 'completed',
      operation,
    };
  });
}

function messageOf(id: string, part: object): Item {
  return { type: 'message', id: `msg_${id}`, status: 'completed', role: 'assistant', content: [part] };
}

type EventBody = { readonly type: string } & Readonly<Record<string, unknown>>;

function eventsOfItem(item: Item, index: number): readonly EventBody[] {
  const place = { output_index: index, item_id: item['id'] };
  const begun = { type: 'response.output_item.added', output_index: index, item: { ...item, status: 'in_progress' } };
  const done = { type: 'response.output_item.done', output_index: index, item };
  return [begun, ...deltasOf(item).map((delta) => ({ ...place, ...delta })), done];
}

function deltasOf(item: Item): readonly EventBody[] {
  const [text, type] = streamedText(item);
  const pieces = text.match(new RegExp(`[^]{1,${PIECE}}`, 'gu')) ?? [];
  return pieces.map((delta) => ({ type, content_index: 0, delta }));
}

function streamedText(item: Item): readonly [text: string, event: string] {
  switch (item.type) {
    case 'message':
      return textOf(item);
    case 'function_call':
      return [String(item['arguments']), 'response.function_call_arguments.delta'];
    case 'apply_patch_call': {
      const { operation } = item;
      const hasDiff = typeof operation === 'object' && operation !== null && 'diff' in operation;
      return [hasDiff ? String(operation.diff) : '', 'response.apply_patch_call_operation_diff.delta'];
    }
    default:
      return [typeof item['input'] === 'string' ? item['input'] : '', 'response.custom_tool_call_input.delta'];
  }
}

function textOf(item: Item): readonly [text: string, event: string] {
  const content: unknown = item['content'];
  const [part]: readonly unknown[] = Array.isArray(content) ? content : [];
  if (typeof part !== 'object' || part === null) return ['', ''];
  if ('refusal' in part) return [String(part.refusal), 'response.refusal.delta'];
  return 'text' in part ? [String(part.text), 'response.output_text.delta'] : ['', ''];
}
