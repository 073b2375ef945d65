/**
 * Up to where a session was read: its last item, and the tokens that it had used by then, since it only tells them in all. A marker
 * that is none of ours reads from the beginning.
 */
import { z } from 'zod';
import type { Usage } from '../../../workflows/domain/usage.ts';
import { NO_USAGE } from '../../../workflows/domain/usage.ts';

const MARKER = z.object({ item: z.string().optional(), tokens: z.tuple([z.number(), z.number(), z.number(), z.number()]) });

export interface Marker {
  readonly item?: string | undefined;
  /** Of the whole session. */
  readonly usage: Usage;
}

export function readMarker(text: string | undefined): Marker {
  const read = MARKER.safeParse(parse(text)).data;
  if (read === undefined) return { usage: NO_USAGE };
  const [inputTokens, cachedInputTokens, outputTokens, reasoningTokens] = read.tokens;
  return { item: read.item, usage: { inputTokens, cachedInputTokens, outputTokens, reasoningTokens } };
}

export function writeMarker({ item, usage }: Marker): string {
  const tokens = [usage.inputTokens, usage.cachedInputTokens, usage.outputTokens, usage.reasoningTokens];
  return JSON.stringify({ ...(item === undefined ? {} : { item }), tokens });
}

/** What was used between two markers; what a service corrected downwards counts as nothing. */
export function usageSince(before: Usage, now: Usage): Usage {
  const since = (name: 'inputTokens' | 'cachedInputTokens' | 'outputTokens' | 'reasoningTokens'): number =>
    Math.max(0, now[name] - before[name]);
  return {
    inputTokens: since('inputTokens'),
    cachedInputTokens: since('cachedInputTokens'),
    outputTokens: since('outputTokens'),
    reasoningTokens: since('reasoningTokens'),
  };
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
