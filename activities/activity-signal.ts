/**
 * The signal that ends an activity's work. Temporal brings a cancel only with the answer to a heartbeat, a second or more late; the
 * task store brings it at once, see `activity-watch.ts`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { CancelledFailure, Context } from '@temporalio/activity';

/** Three heartbeats. */
const CONFIRM_MS = 3_000;

const currentStop = new AsyncLocalStorage<AbortSignal>();

/** The reason that a stop signal is aborted with. */
export function taskCancelled(): CancelledFailure {
  return new CancelledFailure('the task was cancelled');
}

export function runWithStop<Result>(stop: AbortSignal, work: () => Promise<Result>): Promise<Result> {
  return currentStop.run(stop, work);
}

/** Aborted when the task store says that the running activity must end. */
export function stopSignal(): AbortSignal | undefined {
  return currentStop.getStore();
}

/** Aborted when the running activity must end, whoever says so. */
export function activitySignal(): AbortSignal {
  const { cancellationSignal } = Context.current();
  const stop = stopSignal();
  return stop === undefined ? cancellationSignal : AbortSignal.any([cancellationSignal, stop]);
}

/**
 * Whether the task itself is cancelled. A pause, a reset, a time-out or a worker that shuts down ends the work, too, but somebody will
 * take it up again.
 */
export function isTaskCancelled(): boolean {
  return currentStop.getStore()?.aborted === true || Context.current().cancellationDetails?.cancelRequested === true;
}

/**
 * Waits until Temporal has told of the cancel, too: an activity that ends earlier is shown as failed. What had to be stopped is
 * stopped by then.
 */
export async function cancelConfirmed(): Promise<void> {
  const context = Context.current();
  const isCancelled = context.cancelled.catch(() => undefined);
  const end = new AbortController();
  await Promise.race([isCancelled, pause(CONFIRM_MS, undefined, { signal: end.signal }).catch(() => undefined)]);
  end.abort();
}
