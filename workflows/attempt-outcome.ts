/** Reads what came of a model activity. The counterpart of `activities/failures.ts`; the two share the contract only. */
import { ActivityFailure, ApplicationFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';
import type { ModelFailure } from './domain/model-failure.ts';
import { MODEL_FAILURE_KINDS } from './domain/model-failure.ts';
import type { TurnAnswer } from './domain/turn.ts';
import type { AttemptOutcome } from './model-turn.ts';

/** Nobody took the call from the endpoint's queue: it was never sent. */
const NOBODY_POLLS: ModelFailure = {
  kind: 'unavailable',
  phase: 'resolve',
  acceptance: 'not-accepted',
  scope: 'deployment',
  code: 'no worker polls this endpoint',
};

/** Workers that took the call went away, or the turn's time was over; what the cloud made of it is not known. */
const CALL_LOST: ModelFailure = {
  kind: 'interrupted',
  phase: 'sent',
  acceptance: 'unknown',
  scope: 'request',
  code: 'worker lost',
};

/** An answer or a classified failure; a cancel, and what is neither, is thrown on. */
export async function toAttemptOutcome(answer: Promise<TurnAnswer>): Promise<AttemptOutcome> {
  try {
    return { kind: 'answered', answer: await answer };
  } catch (error) {
    const failure = isCancellation(error) ? undefined : toModelFailure(error);
    if (failure === undefined) throw error;
    return { kind: 'failed', failure };
  }
}

function toModelFailure(error: unknown): ModelFailure | undefined {
  if (!(error instanceof ActivityFailure)) return undefined;
  const { cause } = error;
  if (cause instanceof ApplicationFailure && isModelFailure(cause.details?.[0])) return cause.details[0];
  if (!(cause instanceof TimeoutFailure)) return undefined;
  // A cause of the cause means that an earlier worker had taken the call.
  return cause.timeoutType === 'SCHEDULE_TO_START' && cause.cause === undefined ? NOBODY_POLLS : CALL_LOST;
}

function isModelFailure(detail: unknown): detail is ModelFailure {
  if (typeof detail !== 'object' || detail === null || !('kind' in detail)) return false;
  const { kind } = detail;
  return MODEL_FAILURE_KINDS.some((known) => known === kind);
}
