import type { TranscriptItem } from '../workflows/domain/transcript.ts';

/**
 * A call is known by its id within its turn, in the tool journal and in the next request. An answer that uses one id twice
 * gets the later call renamed, so that neither is taken for the other.
 */
export function withUniqueCallIds(items: readonly TranscriptItem[]): readonly TranscriptItem[] {
  const used = new Set<string>();
  return items.map((item) => {
    if (item.kind !== 'tool-call') return item;
    let callId = item.callId;
    for (let number = 2; used.has(callId); number += 1) callId = `${item.callId}-${number}`;
    used.add(callId);
    return callId === item.callId ? item : { ...item, callId };
  });
}
