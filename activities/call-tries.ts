/**
 * Temporal that was away for longer than a heartbeat timeout gives up what it has not heard of, and has it tried again, on the very worker
 * where it runs all the while. The further try waits for the one that runs and finds its result in the journal. Neither is ended for it.
 */
import { Context } from '@temporalio/activity';
import { activitySignal } from './activity-signal.ts';
import { createQueues } from './workspace/one-by-one.ts';

/** A further try comes within a second of Temporal's return (measured); when none does, nobody wants the result any more. */
const SUCCESSOR_MS = 5_000;

/** Runs one try of a call after the other. `signal` is aborted when no try of the call is wanted any more. */
export type InTries = <Result>(call: string, work: (signal: AbortSignal) => Promise<Result>) => Promise<Result>;

interface Try {
  isUnwanted: boolean;
  readonly end: AbortController;
}

/** `successorMs`: how long a try that Temporal has given up goes on without a further one. */
export function createCallTries({ successorMs = SUCCESSOR_MS } = {}): InTries {
  const inTurn = createQueues();
  const calls = new Map<string, Set<Try>>();
  return async (call, work) => {
    const tries = calls.get(call) ?? new Set();
    const mine: Try = { isUnwanted: false, end: new AbortController() };
    calls.set(call, tries.add(mine));
    const stopWatching = watch(successorMs, (reason, isOverdue) => {
      mine.isUnwanted = true;
      // It hangs: whoever waits for it would wait for ever.
      if (isOverdue) mine.end.abort(reason);
      if ([...tries].every(({ isUnwanted }) => isUnwanted)) for (const { end } of tries) end.abort(reason);
    });
    try {
      return await inTurn(call, () => work(mine.end.signal));
    } finally {
      stopWatching();
      tries.delete(mine);
      if (tries.size === 0 && calls.get(call) === tries) calls.delete(call);
    }
  };
}

/** Tells when this activity is not wanted any more, with the reason, and whether it has taken all of its time. */
function watch(successorMs: number, tell: (reason: unknown, isOverdue: boolean) => void): () => void {
  const context = Context.current();
  const signal = activitySignal();
  const endsMs = performance.now() + context.info.startToCloseTimeoutMs - successorMs;
  let timer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    const { notFound = false, timedOut = false } = context.cancellationDetails ?? {};
    const isOverdue = timedOut || (notFound && performance.now() >= endsMs);
    if (notFound && !isOverdue) timer = setTimeout(() => tell(signal.reason, false), successorMs);
    else tell(signal.reason, isOverdue);
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  };
}
