/** How a workflow ends by what it came to; the result is had in any case. */
import { ApplicationFailure, CancelledFailure } from '@temporalio/workflow';

interface Settled {
  readonly state: 'completed' | 'cancelled' | 'failed';
  readonly reason?: string;
}

/** Completed: gives the result. Failed: fails as `TaskFailed` or `ContestFailed`, cancelled: as cancelled, with the result in the details. */
export function settle<Result extends Settled>(what: 'task' | 'contest', result: Result): Result {
  switch (result.state) {
    case 'completed':
      return result;
    case 'cancelled':
      throw new CancelledFailure(`the ${what} was cancelled`, [result]);
    case 'failed':
      throw ApplicationFailure.create({
        type: what === 'task' ? 'TaskFailed' : 'ContestFailed',
        message: result.reason ?? `the ${what} failed`,
        nonRetryable: true,
        details: [result],
      });
  }
}
