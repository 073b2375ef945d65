/**
 * Even the request for a summary may not fit: a task that came from a deployment with a larger window, or one huge result. Then what
 * says least of the task goes first, the oldest before the newest; what the task is about goes last. Calls and their results stay
 * together, so that what is left is still a conversation that every cloud takes.
 */
import { tokensOfItem, tokensOfItems, tokensOfText } from '../../workflows/domain/token-estimate.ts';
import type { TranscriptItem } from '../../workflows/domain/transcript.ts';
import { cutMiddle, summaryRequest } from './compact-transcript.ts';

const LEFT_OUT = '[left out: this result was too long to be summed up with the rest]';

/** What becomes of an item; `undefined`: it goes. */
type Step = (item: TranscriptItem) => TranscriptItem | undefined;

/** In this order, each over the whole conversation from its oldest item on, until it fits. */
const STEPS: readonly Step[] = [
  (item) => (item.kind === 'tool-result' ? withoutOutput(item) : item),
  (item) => (item.kind === 'reasoning' ? undefined : item),
  (item) => (item.kind === 'tool-call' || item.kind === 'tool-result' ? undefined : item),
  (item) => (item.kind === 'assistant-message' ? undefined : item),
];

/** At most about `maxTokens` with what `summaryRequest` adds. */
export function shrinkForSummary(items: readonly TranscriptItem[], maxTokens: number): readonly TranscriptItem[] {
  const room = maxTokens - tokensOfItems(summaryRequest([]));
  let shrunk = items;
  for (const step of STEPS) {
    if (tokensOfItems(shrunk) <= room) return shrunk;
    shrunk = shrinkBy(shrunk, step, room);
  }
  return tokensOfItems(shrunk) <= room ? shrunk : cutEvenly(shrunk, room);
}

/** A call that goes takes its result along: the results of dropped calls are counted, since ids may come again. */
function shrinkBy(items: readonly TranscriptItem[], step: Step, room: number): readonly TranscriptItem[] {
  let total = tokensOfItems(items);
  const orphans = new Map<string, number>();
  return items.flatMap((item): readonly TranscriptItem[] => {
    const left = item.kind === 'tool-result' ? (orphans.get(item.callId) ?? 0) : 0;
    if (item.kind === 'tool-result' && left > 0) {
      orphans.set(item.callId, left - 1);
      total -= tokensOfItem(item);
      return [];
    }
    if (total <= room) return [item];
    const next = step(item);
    total += (next === undefined ? 0 : tokensOfItem(next)) - tokensOfItem(item);
    if (next === undefined && item.kind === 'tool-call') orphans.set(item.callId, (orphans.get(item.callId) ?? 0) + 1);
    return next === undefined ? [] : [next];
  });
}

/** Pictures go in any case: what they show can only be told by whoever saw them. */
function withoutOutput({ images: _images, ...result }: Extract<TranscriptItem, { kind: 'tool-result' }>): TranscriptItem {
  return tokensOfText(result.output) <= tokensOfText(LEFT_OUT) ? result : { ...result, output: LEFT_OUT };
}

/** Messages of the user and ours alone are left: the newest whole, as far as it goes, and less of the older ones. */
function cutEvenly(items: readonly TranscriptItem[], room: number): readonly TranscriptItem[] {
  let left = room;
  const cut: TranscriptItem[] = [];
  for (const [index, item] of items.toReversed().entries()) {
    const around = tokensOfItem(item) - (item.kind === 'user-message' ? tokensOfText(item.text) : 0);
    // Half of what is left to each but the last, so that the task itself, the oldest, is never without room.
    const share = index === items.length - 1 ? left : Math.ceil(left / 2);
    if (item.kind !== 'user-message' || share - around < SHORTEST_TOKENS) continue;
    const fitting = { ...item, text: cutMiddle(item.text, share - around) };
    left -= tokensOfItem(fitting);
    cut.push(fitting);
  }
  return cut.toReversed();
}

/** Less says nothing. */
const SHORTEST_TOKENS = 16;
