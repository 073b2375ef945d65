/** What a writer writes in each turn, so that whoever reads knows what must be there. */
import { headAfter, itemIdOf } from '../../activities/store/item-id.ts';
import type { TaskStore } from '../../activities/store/task-store.ts';
import type { BatchId } from '../../workflows/domain/ids.ts';
import { toBatchId, toTaskId } from '../../workflows/domain/ids.ts';
import type { TranscriptHead, TranscriptItem } from '../../workflows/domain/transcript.ts';
import { EMPTY_TRANSCRIPT } from '../../workflows/domain/transcript.ts';
import { deploymentAt } from '../support/builders.ts';

export const TASK = toTaskId('task-1');

/** So many that a writer spends nearly all of its time, and most likely its end, within a write that is all or nothing. */
export const LINES = Array.from({ length: 5_000 }, (_none, line) => ({ line, request: { prompt: 'p', model: 'm' } }));

/** One item is the writer's own, one is the same for all of them. */
export function itemsOf(writer: string, turn: number): readonly TranscriptItem[] {
  return [
    { kind: 'user-message', text: `turn ${turn}` },
    { kind: 'assistant-message', text: `${writer}: ${String(turn).repeat(500)}` },
  ];
}

/** Heads are hashes of what led to them: known before they are written. */
export function headOf(writer: string, turn: number): TranscriptHead {
  const items = Array.from({ length: turn }, (_none, index) => itemsOf(writer, index + 1)).flat();
  return items.map(itemIdOf).reduce(headAfter, EMPTY_TRANSCRIPT);
}

export function batchOf(turn: number): BatchId {
  return toBatchId(`batch-${turn}`);
}

export async function writeTurn(store: TaskStore, writer: string, turn: number): Promise<void> {
  const key = { taskId: TASK, turn, attempt: 1 };
  await store.startAttempt(key, deploymentAt('openai'));
  const items = await store.putItems(TASK, itemsOf(writer, turn));
  await store.appendToTranscript(TASK, headOf(writer, turn - 1), items);
  await store.updateAttempt(key, { kind: 'cancelled', responseId: writer });
  await store.putBatchLines(batchOf(turn), LINES);
}
