/** One page of a list, after a cursor. */
import { LIST_QUERY } from './agents-api-bodies.ts';

/** `undefined`: the query is not valid. */
export function listPage(oldestFirst: readonly { readonly id: string }[], query: unknown) {
  const read = LIST_QUERY.safeParse(query).data;
  if (read === undefined) return undefined;
  const { order, limit, after } = read;
  const all = order === 'asc' ? oldestFirst : oldestFirst.toReversed();
  const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
  if (after !== undefined && from === 0) return undefined;
  const data = all.slice(from, from + limit);
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: from + limit < all.length,
  };
}
