/** What the real cloud would refuse, the emulated one refuses. */
import { z } from 'zod';
import type { EmulatedEndpoint } from './emulated-endpoints.ts';
import type { Refusal } from './error-body.ts';
import { findProblem } from './validate-item.ts';

const ITEM = z.looseObject({
  type: z.string().optional(),
  role: z.string().optional(),
  name: z.string().optional(),
  call_id: z.string().optional(),
  encrypted_content: z.string().nullish(),
});
const TOOL = z.looseObject({ type: z.string(), name: z.string() });
const BODY = z.looseObject({
  model: z.string(),
  input: z.union([z.string(), z.array(ITEM)]),
  tools: z.array(TOOL).optional(),
  include: z.array(z.string()).optional(),
  stream: z.boolean().optional(),
  store: z.boolean().optional(),
  background: z.boolean().optional(),
  metadata: z.record(z.string(), z.string()).nullish(),
});

export type InputItem = z.infer<typeof ITEM>;
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
    refusalOfAnItem(endpoint, items) ??
    request
  );
}

export function isRefusal(value: ModelRequestBody | Refusal): value is Refusal {
  return 'status' in value && 'message' in value && !('items' in value);
}

function refusalOfModel({ cloud, wireModel }: EmulatedEndpoint, model: string): Refusal | undefined {
  if (model === wireModel) return undefined;
  if (cloud === 'azure')
    return { status: 404, code: 'DeploymentNotFound', message: 'The API deployment for this resource does not exist.' };
  return {
    status: 404,
    code: 'model_not_found',
    message: `The model '${model.slice(0, 60)}' does not exist or you do not have access to it.`,
  };
}

function refusalOfFeatures(
  endpoint: EmulatedEndpoint,
  { background, store, tools = [], metadata }: ModelRequestBody,
): Refusal | undefined {
  if (background === true && endpoint.background === 'none') return invalid('background is not supported here', 'background');
  if (background === true && endpoint.background === 'stored' && store !== true)
    return invalid('background requires store=true', 'store');
  if (!endpoint.customTools && tools.some(({ type }) => type === 'custom'))
    return invalid('custom tools are not supported here', 'tools');
  if (Object.keys(metadata ?? {}).length > 16) return invalid('metadata has more than 16 pairs', 'metadata');
  return undefined;
}

function refusalOfItems({ name }: EmulatedEndpoint, items: readonly InputItem[]): Refusal | undefined {
  const open = new Set<string>();
  for (const { type = '', call_id: callId = '', encrypted_content: blob } of items) {
    if (callId.length > MAX_CALL_ID) return invalid(`call_id is longer than ${MAX_CALL_ID} characters`, 'input');
    if (typeof blob === 'string' && !blob.startsWith(`enc:${name}:`)) {
      return {
        status: 400,
        code: 'invalid_encrypted_content',
        message: 'The encrypted content could not be verified.',
        param: 'input',
      };
    }
    if (type.endsWith('_call_output')) {
      if (!open.delete(callId)) return invalid(`No tool call found for call output with call_id ${callId}.`, 'input');
    } else if (type.endsWith('_call')) {
      open.add(callId);
    }
  }
  const [unpaired] = open;
  if (unpaired !== undefined) return invalid(`No tool output found for tool call ${unpaired}.`, 'input');
  return hasLoneSurrogate(items) ? invalid('the input is not well-formed Unicode', 'input') : undefined;
}

function refusalOfAnItem(endpoint: EmulatedEndpoint, items: readonly InputItem[]): Refusal | undefined {
  const problem = findProblem(endpoint, items);
  return problem === undefined ? undefined : invalid(problem, 'input');
}

function hasLoneSurrogate(value: unknown): boolean {
  if (typeof value === 'string') return !value.isWellFormed();
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some(hasLoneSurrogate);
}

function invalid(message: string, param?: string): Refusal {
  return { status: 400, code: 'invalid_request_error', message, ...(param === undefined ? {} : { param }) };
}
