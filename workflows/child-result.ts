/** What a task that runs for another workflow came to, when it did not complete. */
import { ApplicationFailure, ChildWorkflowFailure, isCancellation } from '@temporalio/workflow';
import type { TaskResult } from './activity-interfaces.ts';

/** A failed task has its result in the details of its failure; Temporal keeps none of one that was cancelled, or ended from outside. */
export function resultOfChild(error: unknown): TaskResult | 'cancelled' | 'failed' {
  const cause = error instanceof ChildWorkflowFailure ? error.cause : error;
  const [result] = (cause instanceof ApplicationFailure ? cause.details : undefined) ?? [];
  if (typeof result === 'object' && result !== null && 'taskId' in result) return result as TaskResult; // by `settle` alone
  return isCancellation(error) ? 'cancelled' : 'failed';
}
