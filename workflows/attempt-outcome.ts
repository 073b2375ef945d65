/** Reads what came of a model activity. The counterpart of `activities/failures.ts`; the two share the contract only. */
import { ActivityFailure, ApplicationFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';
import type { FailureDetails, InvokeModelResult } from './activity-interfaces.ts';
import { NOT_POLLED_CODE } from './domain/failure-class.ts';
import type { ModelFailure } from './domain/model-failure.ts';
import { MODEL_FAILURE_KINDS } from './domain/model-failure.ts';
import type { QueueHold } from './domain/queue-hold.ts';
import { describeHold } from './domain/queue-hold.ts';
import { toPrintable } from './domain/tool-call.ts';
import type { AttemptOutcome } from './model-turn.ts';

/** As long as a code of a cloud may be. */
const CODE_CHARACTERS = 80;

/** Nobody took the call from the endpoint's queue: it was never sent. */
const NOBODY_POLLS: ModelFailure = {
  kind: 'unavailable',
  phase: 'resolve',
  acceptance: 'not-accepted',
  scope: 'deployment',
  code: NOT_POLLED_CODE,
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
export async function toAttemptOutcome(invoked: Promise<InvokeModelResult>): Promise<AttemptOutcome> {
  try {
    const { health, ...answer } = await invoked;
    return { kind: 'answered', answer, ...(health === undefined ? {} : { health }) };
  } catch (error) {
    const failed = isCancellation(error) ? undefined : toFailed(error);
    if (failed === undefined) throw error;
    return failed;
  }
}

function toFailed(error: unknown): AttemptOutcome | undefined {
  if (!(error instanceof ActivityFailure)) return undefined;
  const { cause } = error;
  if (cause instanceof ApplicationFailure && isFailureDetails(cause.details)) {
    const [failure, health] = cause.details;
    return { kind: 'failed', failure, ...(health === undefined || health === null ? {} : { health }) };
  }
  if (!(cause instanceof TimeoutFailure)) return undefined;
  // A cause of the cause means that an earlier worker had taken the call.
  const isUntaken = cause.timeoutType === 'SCHEDULE_TO_START' && cause.cause === undefined;
  return { kind: 'failed', failure: isUntaken ? NOBODY_POLLS : CALL_LOST };
}

/** Whether the call never left its endpoint's queue. */
export function isNotPolled(outcome: AttemptOutcome): boolean {
  return outcome.kind === 'failed' && outcome.failure === NOBODY_POLLS;
}

/** A worker took it, sent it, and died; nobody took it up again. */
export function lostWithItsWorker(): AttemptOutcome {
  return { kind: 'failed', failure: CALL_LOST };
}

/** The call was kept in its queue by an operator: what the UI and the story then say. */
export function heldBy(hold: QueueHold): AttemptOutcome {
  return { kind: 'failed', failure: { ...NOBODY_POLLS, kind: 'held', code: toPrintable(describeHold(hold), CODE_CHARACTERS) } };
}

/** Written by `activities/failures.ts` alone; other failures have other details. */
function isFailureDetails(details: unknown): details is FailureDetails {
  const first: unknown = Array.isArray(details) ? details[0] : undefined;
  if (typeof first !== 'object' || first === null || !('kind' in first)) return false;
  const { kind } = first;
  return MODEL_FAILURE_KINDS.some((known) => known === kind);
}
