/** A request in our words -> the body of `POST /responses`, in the dialect of a cloud. */
import type { ResponseCreateParamsStreaming, ResponseInputItem, Tool } from 'openai/resources/responses/responses';
import type { ToolDefinition } from '../../../workflows/domain/tool-call.ts';
import type { ToolCall, TranscriptItem } from '../../../workflows/domain/transcript.ts';
import type { ModelRequest } from '../cloud-client.ts';
import type { RequestDialect } from './cloud-dialect.ts';

/** The transcript has a reasoning item that is no JSON: the store or a hand-made test gave it. */
export class UnreadableReasoningError extends Error {
  constructor(cause: unknown) {
    super('a reasoning item is not JSON', { cause });
    this.name = 'UnreadableReasoningError';
  }
}

/** Limits of the Responses API: pairs, characters of a key, characters of a value. */
const METADATA_LIMITS = { pairs: 16, key: 64, value: 512 };

/** @throws UnreadableReasoningError */
export function renderRequest(request: ModelRequest, dialect: RequestDialect): ResponseCreateParamsStreaming {
  const { instructions, tools, maxOutputTokens } = request;
  return {
    model: request.wireModel,
    input: renderItems(request),
    stream: true,
    // Nothing of a task is kept at a cloud, but what its background mode needs to be picked up.
    store: request.background && dialect.background === 'stored',
    prompt_cache_key: request.promptCacheKey,
    ...(instructions === '' ? {} : { instructions }),
    ...(tools.length === 0 ? {} : { tools: tools.map((tool) => renderTool(tool, request.customTools)) }),
    ...(request.encryptedReasoning ? { include: ['reasoning.encrypted_content' as const] } : {}),
    ...(request.background ? { background: true } : {}),
    ...(dialect.metadata ? { metadata: renderMetadata(request.metadata) } : {}),
    ...(maxOutputTokens === undefined ? {} : { max_output_tokens: maxOutputTokens }),
  };
}

function renderTool({ name, description, form }: ToolDefinition, customTools: boolean): Tool {
  if (form.kind === 'function') {
    // Not strict: strict mode allows no optional parameters.
    return {
      type: 'function',
      name,
      description,
      parameters: { ...form.parameters },
      strict: false,
    };
  }
  if (customTools) {
    const format = form.grammar === undefined ? undefined : grammarFormat(form.grammar);
    return { type: 'custom', name, description, ...(format === undefined ? {} : { format }) };
  }
  const parameters = {
    type: 'object',
    properties: {
      input: { type: 'string', description: 'The whole input of the tool, as plain text.' },
    },
    required: ['input'],
    additionalProperties: false,
  };
  return { type: 'function', name, description, parameters, strict: false };
}

function grammarFormat(definition: string) {
  return { type: 'grammar', syntax: 'lark', definition } as const;
}

function renderItems({ items, customTools }: ModelRequest): ResponseInputItem[] {
  // A result must answer in the form its call was rendered in. Handed-over call ids are unique within a transcript.
  const customCalls = new Set<string>();
  return items.map((item) => {
    if (item.kind === 'tool-call' && customTools && item.input.kind === 'text') customCalls.add(item.callId);
    return renderItem(item, customCalls);
  });
}

function renderItem(item: TranscriptItem, customCalls: ReadonlySet<string>): ResponseInputItem {
  switch (item.kind) {
    case 'user-message':
      return { type: 'message', role: 'user', content: [{ type: 'input_text', text: item.text }] };
    case 'assistant-message': {
      // Plain text, without an item id: ids are only valid where they were made. A refusal is told in the same way.
      const message = { type: 'message', role: 'assistant', content: item.text } as const;
      if (item.phase === undefined) return message;
      return { ...message, phase: item.phase === 'final-answer' ? 'final_answer' : 'commentary' };
    }
    case 'reasoning':
      return parseReasoning(item.payload);
    case 'tool-call':
      return renderCall(item, customCalls);
    case 'tool-result': {
      const type = customCalls.has(item.callId) ? 'custom_tool_call_output' : 'function_call_output';
      return { type, call_id: item.callId, output: item.output };
    }
  }
}

function renderCall({ callId, name, input }: ToolCall, customCalls: ReadonlySet<string>): ResponseInputItem {
  if (customCalls.has(callId)) return { type: 'custom_tool_call', call_id: callId, name, input: input.text };
  const json = input.kind === 'json' ? input.text : JSON.stringify({ input: input.text });
  return { type: 'function_call', call_id: callId, name, arguments: json };
}

function parseReasoning(payload: string): ResponseInputItem {
  try {
    // The cloud's own item, replayed verbatim at the boundary that made it: its shape is the cloud's.
    return JSON.parse(payload) as ResponseInputItem;
  } catch (error) {
    throw new UnreadableReasoningError(error);
  }
}

function renderMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  const pairs = Object.entries(metadata).slice(0, METADATA_LIMITS.pairs);
  return Object.fromEntries(
    pairs.map(([key, value]) => [key.slice(0, METADATA_LIMITS.key), value.slice(0, METADATA_LIMITS.value)]),
  );
}
