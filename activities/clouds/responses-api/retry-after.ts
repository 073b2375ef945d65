/** The wait a cloud asks for, in every form the four clouds use, in milliseconds from now. */
import { z } from 'zod';

const RETRY_INFO = z.object({ '@type': z.string(), retryDelay: z.string() });
const DURATION = /^(\d+(?:\.\d+)?)s$/;
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /;

/** A longer wait is told as this one: no turn lasts so long, and a number of a hundred digits must stay a number. */
const LONGEST_MS = 24 * 3_600_000;

/** `undefined` when neither the headers nor the error's details say anything usable. */
export function readRetryAfterMs(headers: Headers, details: unknown, nowMs: number): number | undefined {
  const told =
    milliseconds(headers.get('retry-after-ms')) ??
    secondsOrDate(headers.get('retry-after'), nowMs) ??
    milliseconds(headers.get('x-amz-retry-after')) ??
    retryInfo(details);
  return told === undefined ? undefined : Math.min(told, LONGEST_MS);
}

function milliseconds(text: string | null): number | undefined {
  return text !== null && /^\d+(\.\d+)?$/.test(text.trim()) ? Math.round(Number(text)) : undefined;
}

function secondsOrDate(text: string | null, nowMs: number): number | undefined {
  if (text === null) return undefined;
  const asMilliseconds = milliseconds(text);
  if (asMilliseconds !== undefined) return Math.round(Number(text) * 1_000);
  // Date.parse takes almost anything for a date, a negative number too.
  if (!HTTP_DATE.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

/** Google's `google.rpc.RetryInfo` among the details of an error. */
function retryInfo(details: unknown): number | undefined {
  if (!Array.isArray(details)) return undefined;
  for (const detail of details) {
    const parsed = RETRY_INFO.safeParse(detail);
    if (!parsed.success || !parsed.data['@type'].endsWith('RetryInfo')) continue;
    const seconds = DURATION.exec(parsed.data.retryDelay)?.[1];
    if (seconds !== undefined) return Math.round(Number(seconds) * 1_000);
  }
  return undefined;
}
