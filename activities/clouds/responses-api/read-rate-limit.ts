/**
 * What is left of our quota per minute, from `x-ratelimit-*`. OpenAI and Azure send them (2026-11): OpenAI writes a reset as
 * a duration (`6m0s`, `120ms`), Azure in seconds. A cloud that sends none gives none.
 */
import type { RateLimit } from '../cloud-client.ts';

const COUNT = /^\d+$/;
const SECONDS = /^\d+(?:\.\d+)?$/;
const DURATION = /^(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?$/;
const UNITS_MS = [3_600_000, 60_000, 1_000, 1];

/** `undefined` when the headers say nothing of it; a value that cannot be read is left out. */
export function readRateLimit(headers: Headers): RateLimit | undefined {
  const read = {
    requestsRemaining: toCount(headers.get('x-ratelimit-remaining-requests')),
    tokensRemaining: toCount(headers.get('x-ratelimit-remaining-tokens')),
    requestsResetMs: toMilliseconds(headers.get('x-ratelimit-reset-requests')),
    tokensResetMs: toMilliseconds(headers.get('x-ratelimit-reset-tokens')),
  };
  const known = Object.entries(read).filter(([, value]) => value !== undefined);
  return known.length === 0 ? undefined : Object.fromEntries(known);
}

function toCount(text: string | null): number | undefined {
  return text !== null && COUNT.test(text.trim()) ? Number(text) : undefined;
}

function toMilliseconds(text: string | null): number | undefined {
  const trimmed = text?.trim() ?? '';
  if (trimmed === '') return undefined;
  if (SECONDS.test(trimmed)) return Math.round(Number(trimmed) * 1_000);
  const parts = DURATION.exec(trimmed)?.slice(1);
  if (parts === undefined) return undefined;
  return Math.round(parts.reduce((sum, part, index) => sum + Number(part ?? 0) * (UNITS_MS[index] ?? 0), 0));
}
