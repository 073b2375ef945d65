/** What the real cloud would refuse, the emulated one refuses. */
import { z } from 'zod';
import type { EmulatedEndpoint } from './emulated-endpoints.ts';
import type { Refusal } from './refusals.ts';
import { problemOfFormat } from './validate-format.ts';
import { findProblem } from './validate-item.ts';
import { problemOfImages } from './validate-output.ts';
import { problemOfTool } from './validate-tool.ts';

const ITEM = z.looseObject({
  type: z.string().optional(),
  role: z.string().optional(),
  name: z.string().optional(),
  call_id: z.string().optional(),
  encrypted_content: z.string().nullish(),
});
const TOOL = z.looseObject({ type: z.string(), name: z.string().optional() });
const BODY = z.looseObject({
  model: z.string(),
  input: z.union([z.string(), z.array(ITEM)]),
  tools: z.array(TOOL).optional(),
  include: z.array(z.string()).optional(),
  stream: z.boolean().optional(),
  store: z.boolean().optional(),
  background: z.boolean().optional(),
  metadata: z.record(z.string(), z.string()).nullish(),
  text: z.looseObject({ format: z.unknown().optional() }).nullish(),
});

export type InputItem = z.infer<typeof ITEM>;
export type OfferedTool = z.infer<typeof TOOL>;
export interface ModelRequestBody extends z.infer<typeof BODY> {
  readonly items: readonly InputItem[];
}

const MAX_CALL_ID = 64;

/** The request as the emulator understands it, or how this cloud refuses it. */
export function readRequest(endpoint: EmulatedEndpoint, body: unknown): ModelRequestBody | Refusal {
  const parsed = BODY.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return invalid(`${issue?.path.join('.')}: ${issue?.message}`, issue?.path.join('.'));
  }
  const { data } = parsed;
  const items = typeof data.input === 'string' ? [{ role: 'user', content: data.input }] : data.input;
  const request = { ...data, items };
  return (
    refusalOfModel(endpoint, data.model) ??
    refusalOfFeatures(endpoint, request) ??
    refusalOfItems(endpoint, items) ??
    refusalOfItemsTogether(items) ??
    request
  );
}

export function isRefusal(value: ModelRequestBody | Refusal): value is Refusal {
  return 'reason' in value && !('items' in value);
}

function refusalOfModel({ wireModel, bareModel }: EmulatedEndpoint, model: string): Refusal | undefined {
  if (model === wireModel) return undefined;
  if (model === bareModel) {
    const message = `Invocation of model ID ${model} with on-demand throughput isn't supported. Use an inference profile.`;
    return { reason: 'unsupported-here', message };
  }
  return { reason: 'no-deployment' };
}

function refusalOfFeatures(
  endpoint: EmulatedEndpoint,
  { background, store, tools = [], metadata, text }: ModelRequestBody,
): Refusal | undefined {
  if (background === true && endpoint.background === 'none')
    return { reason: 'unsupported-here', message: 'background is not supported here', param: 'background' };
  if (background === true && endpoint.background === 'stored' && store !== true)
    return invalid('background requires store=true', 'store');
  const problem = tools.map((tool) => problemOfTool(endpoint, tool)).find((each) => each !== undefined);
  if (problem !== undefined) return invalid(problem, 'tools');
  const formatProblem = text?.format === undefined ? undefined : problemOfFormat(endpoint, text.format);
  if (formatProblem !== undefined) return invalid(formatProblem, 'text.format');
  return refusalOfMetadata(metadata ?? {});
}

/** Limits of the Responses API. */
function refusalOfMetadata(metadata: Readonly<Record<string, string>>): Refusal | undefined {
  const pairs = Object.entries(metadata);
  if (pairs.length > 16) return invalid('metadata has more than 16 pairs', 'metadata');
  if (pairs.some(([key, value]) => key.length > 64 || value.length > 512))
    return invalid('a key of metadata has more than 64 characters, or a value more than 512', 'metadata');
  return undefined;
}

function refusalOfItems(endpoint: EmulatedEndpoint, items: readonly InputItem[]): Refusal | undefined {
  for (const item of items) {
    const refusal = refusalOfItem(endpoint, item);
    if (refusal !== undefined) return refusal;
  }
  return (
    refusalOfPairs(items) ?? (hasLoneSurrogate(items) ? invalid('the input is not well-formed Unicode', 'input') : undefined)
  );
}

function refusalOfItem(endpoint: EmulatedEndpoint, item: InputItem): Refusal | undefined {
  const { name, customTools, builtInPatch } = endpoint;
  const { type = '', call_id: callId = '', encrypted_content: blob } = item;
  if (callId.length > MAX_CALL_ID) return invalid(`call_id is longer than ${MAX_CALL_ID} characters`, 'input');
  if (!customTools && type.startsWith('custom_tool_call')) return invalid('custom tools are not supported here', 'input');
  if (!builtInPatch && type.startsWith('apply_patch_call')) return invalid('apply_patch is not supported here', 'input');
  const problem = problemOfImages(endpoint, item);
  if (problem !== undefined) return invalid(problem, 'input');
  const isForeign = typeof blob === 'string' && !blob.startsWith(`enc:${name}:`);
  return isForeign ? { reason: 'foreign-reasoning', param: 'input' } : undefined;
}

/** Every call has its output after it, and every output its call. */
function refusalOfPairs(items: readonly InputItem[]): Refusal | undefined {
  const open = new Set<string>();
  for (const { type = '', call_id: callId = '' } of items) {
    if (type.endsWith('_call')) open.add(callId);
    if (type.endsWith('_call_output') && !open.delete(callId))
      return invalid(`No tool call found for call output with call_id ${callId}.`, 'input');
  }
  const [unpaired] = open;
  return unpaired === undefined ? undefined : invalid(`No tool output found for tool call ${unpaired}.`, 'input');
}

function refusalOfItemsTogether(items: readonly InputItem[]): Refusal | undefined {
  const problem = findProblem(items);
  return problem === undefined ? undefined : invalid(problem, 'input');
}

function hasLoneSurrogate(value: unknown): boolean {
  if (typeof value === 'string') return !value.isWellFormed();
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some(hasLoneSurrogate);
}

function invalid(message: string, param?: string): Refusal {
  return { reason: 'invalid-request', message, ...(param === undefined ? {} : { param }) };
}
