/** How the tasks of a batch tell it of their end. By workflow id, so that it reaches the batch's latest run. */
import { defineSignal, getExternalWorkflowHandle } from '@temporalio/workflow';
import type { BatchId } from './domain/ids.ts';
import { batchWorkflowId } from './domain/ids.ts';
import type { TaskEnding } from './domain/turn.ts';

export interface LineEnd {
  readonly line: number;
  readonly state: TaskEnding['kind'];
}

/** A line's task has ended. */
export const lineEndedSignal = defineSignal<[LineEnd]>('lineEnded');

/** Tells the batch; one that is gone (terminated by an operator) needs no telling. */
export async function reportToBatch(batchId: BatchId, end: LineEnd): Promise<void> {
  try {
    await getExternalWorkflowHandle(batchWorkflowId(batchId)).signal(lineEndedSignal, end);
  } catch {
    // The signal's one failure is that no such workflow runs.
  }
}

/** Asks a task whether it still runs: delivering it is the answer. */
export const reportRequestedSignal = defineSignal('reportRequested');
