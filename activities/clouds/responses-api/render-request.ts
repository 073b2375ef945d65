/** A request in our words -> the body of `POST /responses`, in the dialect of a cloud. */
import type { ResponseCreateParamsStreaming, Tool } from 'openai/resources/responses/responses';
import type { ToolDefinition } from '../../../workflows/domain/tool-call.ts';
import type { ModelRequest } from '../cloud-client.ts';
import type { RequestDialect } from './cloud-dialect.ts';
import { renderFormat } from './output-format.ts';
import { PATCH_TOOL } from './patch-operation.ts';
import { renderItems } from './render-items.ts';

/** Limits of the Responses API: pairs, characters of a key, characters of a value. */
const METADATA_LIMITS = { pairs: 16, key: 64, value: 512 };

/** @throws UnreadableReasoningError */
export function renderRequest(request: ModelRequest, dialect: RequestDialect): ResponseCreateParamsStreaming {
  const { instructions, tools, maxOutputTokens, outputSchema } = request;
  const format = outputSchema === undefined ? undefined : renderFormat(outputSchema);
  return {
    model: request.wireModel,
    input: renderItems(request),
    stream: true,
    // Nothing of a task is kept at a cloud, but what its background mode needs to be picked up.
    store: request.background && dialect.background === 'stored',
    prompt_cache_key: request.promptCacheKey,
    ...(instructions === '' ? {} : { instructions }),
    ...(tools.length === 0 ? {} : { tools: tools.map((tool) => renderTool(tool, request)) }),
    ...(format === undefined ? {} : { text: { format } }),
    ...(request.encryptedReasoning ? { include: ['reasoning.encrypted_content' as const] } : {}),
    ...(request.background ? { background: true } : {}),
    ...(dialect.metadata ? { metadata: renderMetadata(request.metadata) } : {}),
    ...(maxOutputTokens === undefined ? {} : { max_output_tokens: maxOutputTokens }),
  };
}

function renderTool({ name, description, form }: ToolDefinition, { customTools, builtInPatch }: ModelRequest): Tool {
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
  // The cloud tells the model itself what it is.
  if (builtInPatch && name === PATCH_TOOL) return { type: 'apply_patch' };
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

function renderMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  const pairs = Object.entries(metadata).slice(0, METADATA_LIMITS.pairs);
  return Object.fromEntries(
    pairs.map(([key, value]) => [key.slice(0, METADATA_LIMITS.key), value.slice(0, METADATA_LIMITS.value)]),
  );
}
