/** The transcript -> the input items of `POST /responses`. Every call is rendered in the form that the deployment has for it now. */
import type { ResponseInputItem } from 'openai/resources/responses/responses';
import type { ToolCall, ToolResult, TranscriptItem } from '../../../workflows/domain/transcript.ts';
import type { ModelRequest } from '../cloud-client.ts';
import { PATCH_TOOL, toOperations } from './patch-operation.ts';
import type { PatchOperation } from './patch-operation.ts';
import { choosePictured, renderOutput } from './render-result.ts';
import type { OutputOptions } from './render-result.ts';

/** The transcript has a reasoning item that is no JSON: the store or a hand-made test gave it. */
export class UnreadableReasoningError extends Error {
  constructor(cause: unknown) {
    super('a reasoning item is not JSON', { cause });
    this.name = 'UnreadableReasoningError';
  }
}

/** How a call is sent; its result must answer in the same form. */
type CallForm =
  | { readonly kind: 'function' }
  | { readonly kind: 'custom' }
  /** One call for each file of a patch. */
  | { readonly kind: 'operations'; readonly calls: readonly OperationCall[] };

interface OperationCall {
  readonly callId: string;
  readonly operation: PatchOperation;
}

interface Rendering extends OutputOptions {
  /** By call id. */
  readonly forms: ReadonlyMap<string, CallForm>;
}

/** @throws UnreadableReasoningError */
export function renderItems(request: ModelRequest): ResponseInputItem[] {
  const { items, vision } = request;
  const rendering = { forms: chooseForms(request), vision, pictured: choosePictured(items) };
  return items.flatMap((item) => renderItem(item, rendering));
}

/** By call id: handed-over ones are unique within a transcript. */
function chooseForms({ items, customTools, builtInPatch }: ModelRequest): Rendering['forms'] {
  const calls = items.filter((item) => item.kind === 'tool-call');
  const taken = new Set(calls.map(({ callId }) => callId));
  const forms = new Map<string, CallForm>();
  for (const { callId, name, input } of calls) {
    const isPatch = builtInPatch && name === PATCH_TOOL;
    const operations = isPatch && input.kind === 'text' ? toOperations(input.text) : undefined;
    if (operations !== undefined) forms.set(callId, { kind: 'operations', calls: giveIds(operations, callId, taken) });
    // A patch that is no list of operations is told as a call of a function: the built-in tool has no other form for it.
    else forms.set(callId, { kind: customTools && !isPatch && input.kind === 'text' ? 'custom' : 'function' });
  }
  return forms;
}

/** Leaves room for a number within the 64 characters of an id. */
const STEM_CHARACTERS = 56;

function giveIds(operations: readonly PatchOperation[], callId: string, taken: Set<string>): readonly OperationCall[] {
  return operations.map((operation, index) => {
    if (index === 0) return { callId, operation };
    let number = index + 1;
    const idOf = (): string => `${callId.slice(0, STEM_CHARACTERS)}_${number}`;
    while (taken.has(idOf())) number += 1;
    taken.add(idOf());
    return { callId: idOf(), operation };
  });
}

function renderItem(item: TranscriptItem, rendering: Rendering): readonly ResponseInputItem[] {
  switch (item.kind) {
    case 'user-message':
      return [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: item.text }] }];
    case 'assistant-message': {
      // Plain text, without an item id: ids are only valid where they were made. A refusal is told in the same way.
      const message = { type: 'message', role: 'assistant', content: item.text } as const;
      if (item.phase === undefined) return [message];
      return [{ ...message, phase: item.phase === 'final-answer' ? 'final_answer' : 'commentary' }];
    }
    case 'reasoning':
      return [parseReasoning(item.payload)];
    case 'tool-call':
      return renderCall(item, rendering.forms.get(item.callId));
    case 'tool-result':
      return renderResult(item, rendering);
  }
}

function renderCall({ callId, name, input }: ToolCall, form: CallForm | undefined): readonly ResponseInputItem[] {
  switch (form?.kind) {
    case 'operations':
      return form.calls.map((call) => ({
        type: 'apply_patch_call',
        call_id: call.callId,
        operation: call.operation,
        status: 'completed',
      }));
    case 'custom':
      return [{ type: 'custom_tool_call', call_id: callId, name, input: input.text }];
    case 'function':
    case undefined: {
      const json = input.kind === 'json' ? input.text : JSON.stringify({ input: input.text });
      return [{ type: 'function_call', call_id: callId, name, arguments: json }];
    }
  }
}

function renderResult(result: ToolResult, rendering: Rendering): readonly ResponseInputItem[] {
  const { callId, outcome } = result;
  const form = rendering.forms.get(callId);
  switch (form?.kind) {
    case 'operations':
      return form.calls.map((call, index) => ({
        type: 'apply_patch_call_output',
        call_id: call.callId,
        status: outcome === 'ok' ? 'completed' : 'failed',
        output:
          index === form.calls.length - 1 ? result.output : 'All or nothing with the calls after it: see what came of the last.',
      }));
    case 'custom':
      return [{ type: 'custom_tool_call_output', call_id: callId, output: renderOutput(result, rendering) }];
    case 'function':
    case undefined:
      return [{ type: 'function_call_output', call_id: callId, output: renderOutput(result, rendering) }];
  }
}

function parseReasoning(payload: string): ResponseInputItem {
  try {
    // The cloud's own item, replayed verbatim at the boundary that made it: its shape is the cloud's.
    return JSON.parse(payload) as ResponseInputItem;
  } catch (error) {
    throw new UnreadableReasoningError(error);
  }
}
