/** Equal items have equal ids, whoever stores them, so that a repeated write changes nothing. */
import type { ItemId, TranscriptHead, TranscriptItem } from '../../workflows/domain/transcript.ts';
import { digestOf } from '../digest.ts';

export function itemIdOf(item: TranscriptItem): ItemId {
  return digestOf(item);
}

/** The head of a chain that ends in `item` after `parent`. */
export function headAfter(parent: TranscriptHead, item: ItemId): TranscriptHead {
  return digestOf([parent, item]);
}
