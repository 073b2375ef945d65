/** What a cloud says against one item of a request, seen with those around it. */
import type { InputItem } from './validate-request.ts';

const TOOL_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** The first thing that a cloud has against one of the items. */
export function findProblem(items: readonly InputItem[]): string | undefined {
  return items.map((_, index) => problemOfItem(items, index)).find((problem) => problem !== undefined);
}

function problemOfItem(items: readonly InputItem[], index: number): string | undefined {
  const item = items[index];
  if (item?.type === 'reasoning') return problemOfReasoning(item, nextAfterReasoning(items, index));
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

function nextAfterReasoning(items: readonly InputItem[], index: number): InputItem | undefined {
  return items.slice(index + 1).find(({ type }) => type !== 'reasoning');
}

function problemOfName({ name = '' }: InputItem): string | undefined {
  return TOOL_NAME.test(name) ? undefined : 'name: string does not match pattern';
}

function problemOfOutput({ type, call_id: callId }: InputItem, before: readonly InputItem[]): string | undefined {
  const call = before.findLast((item) => item.call_id === callId && item.type?.endsWith('_call'));
  if (call === undefined || `${call.type}_output` === type) return undefined;
  return `the output of ${call.type} ${callId} is a ${type}`;
}
