/** What a task that runs for another workflow came to, when it did not complete. */
import { ApplicationFailure, CancelledFailure, ChildWorkflowFailure, isCancellation } from '@temporalio/workflow';
import type { TaskResult } from './activity-interfaces.ts';

/** Failed and cancelled tasks have their result in the details of their failure; those that were ended from outside have none. */
export function resultOfChild(error: unknown): TaskResult | 'cancelled' | 'failed' {
  const cause = error instanceof ChildWorkflowFailure ? error.cause : error;
  const details = cause instanceof ApplicationFailure || cause instanceof CancelledFailure ? cause.details : undefined;
  const [result] = details ?? [];
  if (typeof result === 'object' && result !== null && 'taskId' in result) return result as TaskResult; // by `settle` alone
  return isCancellation(error) ? 'cancelled' : 'failed';
}
