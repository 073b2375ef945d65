/** Content addresses: equal items have equal ids, whoever stores them, so that a repeated write changes nothing. */
import { createHash } from 'node:crypto';
import type { ItemId, TranscriptHead, TranscriptItem } from '../../workflows/domain/transcript.ts';

/** 22 characters of base64url are 132 bits of the hash: more than enough within one task. */
const ID_CHARACTERS = 22;

export function itemIdOf(item: TranscriptItem): ItemId {
  return shortHash(canonicalJson(item));
}

/** The head of a chain that ends in `item` after `parent`. */
export function headAfter(parent: TranscriptHead, item: ItemId): TranscriptHead {
  return shortHash(canonicalJson([parent, item]));
}

/** JSON with sorted keys and without undefined fields: the same for equal values. Half surrogates are written as escapes. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([left], [right]) => (left < right ? -1 : 1)))
      : part,
  );
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, ID_CHARACTERS);
}
