/** Domain failure -> Temporal's: the only file that knows both. Workflows read the details, never the message. */
import { ApplicationFailure } from '@temporalio/common';
import type { FailureDetails } from '../workflows/activity-interfaces.ts';
import type { ModelFailure } from '../workflows/domain/model-failure.ts';
import { describeFailure } from '../workflows/domain/model-failure.ts';
import type { RouteHealth } from '../workflows/domain/route-health.ts';
import { ModelFailureError } from './clouds/cloud-client.ts';
import { TaskStoreError } from './store/task-store.ts';
import { WorkspaceError } from './workspace/workspace-error.ts';

/** Non-retryable: the workflow alone decides whether and where an attempt is made again. */
export function toApplicationFailure(failure: ModelFailure, health?: RouteHealth): ApplicationFailure {
  const details: FailureDetails = health === undefined ? [failure] : [failure, health];
  return ApplicationFailure.create({
    type: `ModelFailure.${toPascalCase(failure.kind)}`,
    message: describeFailure(failure),
    nonRetryable: true,
    details: [...details],
  });
}

/** What an activity throws for what it caught; a store that is down is worth another try, everything unknown stays as it is. */
export function toActivityFailure(error: unknown, health?: RouteHealth): Error {
  if (error instanceof ModelFailureError) return toApplicationFailure(error.failure, health);
  if (error instanceof TaskStoreError) {
    return ApplicationFailure.create({
      type: 'TaskStore',
      message: error.message,
      nonRetryable: false,
      cause: error,
    });
  }
  // A repository that cannot be opened stays so until its owner mends it.
  if (error instanceof WorkspaceError) {
    return ApplicationFailure.create({
      type: `Workspace.${toPascalCase(error.code)}`,
      message: error.message,
      // Another host may have what this one has not.
      nonRetryable: error.code !== 'base-missing',
    });
  }
  return error instanceof Error ? error : new Error(String(error));
}

function toPascalCase(words: string): string {
  return words
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
