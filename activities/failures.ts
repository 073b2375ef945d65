/** Domain failure -> Temporal's: the only file that knows both. Workflows read the details, never the message. */
import { ApplicationFailure } from '@temporalio/common';
import type { FailureDetails } from '../workflows/activity-interfaces.ts';
import type { ModelFailure, ModelFailureKind } from '../workflows/domain/model-failure.ts';
import { describeFailure } from '../workflows/domain/model-failure.ts';
import { ModelFailureError } from './clouds/cloud-client.ts';
import { TaskStoreError } from './store/task-store.ts';

/** Non-retryable: the workflow alone decides whether and where an attempt is made again. */
export function toApplicationFailure(failure: ModelFailure): ApplicationFailure {
  const details: FailureDetails = [failure];
  return ApplicationFailure.create({
    type: `ModelFailure.${toPascalCase(failure.kind)}`,
    message: describeFailure(failure),
    nonRetryable: true,
    details: [...details],
  });
}

/** What an activity throws for what it caught; a store that is down is worth another try, everything unknown stays as it is. */
export function toActivityFailure(error: unknown): Error {
  if (error instanceof ModelFailureError) return toApplicationFailure(error.failure);
  if (error instanceof TaskStoreError) {
    return ApplicationFailure.create({
      type: 'TaskStore',
      message: error.message,
      nonRetryable: false,
      cause: error,
    });
  }
  return error instanceof Error ? error : new Error(String(error));
}

function toPascalCase(kind: ModelFailureKind): string {
  return kind
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
