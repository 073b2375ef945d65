/** Content addresses: equal values have equal digests, whoever makes them. */
import { createHash } from 'node:crypto';

/** 22 characters of base64url are 132 bits of SHA-256: nobody makes two values with the same. */
const CHARACTERS = 22;

/** Of the value's canonical JSON. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('base64url').slice(0, CHARACTERS);
}

/** JSON with sorted keys and without undefined fields: the same for equal values. Half surrogates are written as escapes. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([left], [right]) => (left < right ? -1 : 1)))
      : part,
  );
}
