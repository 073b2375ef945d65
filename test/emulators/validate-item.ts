/** What a cloud says against one item of a request, seen with those around it. */
import { z } from 'zod';
import type { InputItem } from './validate-request.ts';

const PATH = z.string().min(1);
const PATCH_CALL = z.strictObject({
  type: z.literal('apply_patch_call'),
  id: z.string().nullish(),
  call_id: z.string().min(1),
  status: z.enum(['in_progress', 'completed']),
  operation: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('create_file'), path: PATH, diff: z.string() }),
    z.strictObject({ type: z.literal('update_file'), path: PATH, diff: z.string() }),
    z.strictObject({ type: z.literal('delete_file'), path: PATH }),
  ]),
});
const PATCH_OUTPUT = z.strictObject({
  type: z.literal('apply_patch_call_output'),
  id: z.string().nullish(),
  call_id: z.string().min(1),
  status: z.enum(['completed', 'failed']),
  output: z.string().nullish(),
});
/** Headers of a patch: a diff is the body below one. */
const ENVELOPE = /^\*\*\* (?:Begin Patch|End Patch|Add File:|Update File:|Delete File:|Move to:)/m;

const TOOL_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** The first thing that a cloud has against one of the items. */
export function findProblem(items: readonly InputItem[]): string | undefined {
  return items.map((_, index) => problemOfItem(items, index)).find((problem) => problem !== undefined);
}

function problemOfItem(items: readonly InputItem[], index: number): string | undefined {
  const item = items[index];
  if (item?.type === 'reasoning') return problemOfReasoning(item, nextAfterReasoning(items, index));
  if (item?.type === 'apply_patch_call') return problemOfPatch(item);
  if (item?.type?.endsWith('_call') === true) return problemOfName(item);
  if (item?.type?.endsWith('_call_output') === true) return problemOfOutput(item, items.slice(0, index));
  return undefined;
}

/** Nothing is stored, so that reasoning must come whole, and it is refused without what it led to. */
function problemOfReasoning({ id, encrypted_content: blob }: InputItem, next: InputItem | undefined): string | undefined {
  if (typeof blob !== 'string') return `Item with id '${String(id)}' not found. Items are not persisted when store is false.`;
  const isFollowed = next?.type?.endsWith('_call') === true || next?.role === 'assistant';
  return isFollowed ? undefined : `Item '${String(id)}' of type 'reasoning' was provided without its required following item.`;
}

function problemOfPatch(item: InputItem): string | undefined {
  const parsed = PATCH_CALL.safeParse(item);
  const diff = parsed.data !== undefined && 'diff' in parsed.data.operation ? parsed.data.operation.diff : '';
  return ENVELOPE.test(diff) ? 'operation.diff: an envelope of a patch is no diff' : problemOfParse(parsed);
}

function problemOfParse({ error }: z.ZodSafeParseResult<unknown>): string | undefined {
  const [issue] = error?.issues ?? [];
  return issue === undefined ? undefined : `${issue.path.join('.')}: ${issue.message}`;
}

function nextAfterReasoning(items: readonly InputItem[], index: number): InputItem | undefined {
  return items.slice(index + 1).find(({ type }) => type !== 'reasoning');
}

function problemOfName({ name = '' }: InputItem): string | undefined {
  return TOOL_NAME.test(name) ? undefined : 'name: string does not match pattern';
}

function problemOfOutput(item: InputItem, before: readonly InputItem[]): string | undefined {
  const { type, call_id: callId } = item;
  const call = before.findLast((item) => item.call_id === callId && item.type?.endsWith('_call'));
  if (call === undefined || `${call.type}_output` === type)
    return type === 'apply_patch_call_output' ? problemOfParse(PATCH_OUTPUT.safeParse(item)) : undefined;
  return `the output of ${call.type} ${callId} is a ${type}`;
}
