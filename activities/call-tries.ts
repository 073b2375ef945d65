/**
 * Temporal that was away for longer than a heartbeat timeout gives up what it has not heard of, and has it tried again, on the very worker
 * where it runs all the while. The further try waits for the one that runs and finds its result in the journal. Neither is ended for it.
 */
import { Context } from '@temporalio/activity';
import { stopSignal } from './activity-signal.ts';
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
    const stopWatching = watch(successorMs, (news, reason) => {
      mine.isUnwanted = true;
      if (news === 'unheard') return;
      // It hangs: whoever waits for it would wait for ever.
      if (news === 'overdue') mine.end.abort(reason);
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

/**
 * unheard: its heartbeats reached nobody for too long, which says nothing of whether it is wanted · disowned: nobody wants it any more, or a
 * further try does · overdue: it has taken all of its time.
 */
type News = 'unheard' | 'disowned' | 'overdue';

/** Tells what becomes of this activity, with the reason. */
function watch(successorMs: number, tell: (news: News, reason: unknown) => void): () => void {
  const context = Context.current();
  const { cancellationSignal, info } = context;
  const stop = stopSignal();
  const leftMs = info.startToCloseTimeoutMs - successorMs;
  const endsMs = performance.now() + leftMs;
  const timers: NodeJS.Timeout[] = [];
  const later = (news: News, inMs: number): void => {
    timers.push(setTimeout(() => tell(news, cancellationSignal.reason), inMs));
  };
  const onStop = (): void => tell('disowned', stop?.reason);
  const onCancel = (): void => {
    const { notFound = false, timedOut = false } = context.cancellationDetails ?? {};
    const restMs = endsMs - performance.now();
    if ((notFound || timedOut) && restMs <= 0) tell('overdue', cancellationSignal.reason);
    else if (notFound) later('disowned', successorMs);
    else if (timedOut) {
      // The worker's own word, while Temporal may be away: what it wants is not known before it is back, and is not told to this try.
      tell('unheard', cancellationSignal.reason);
      later('overdue', restMs);
    } else tell('disowned', cancellationSignal.reason);
  };
  const stopListening = [listen(cancellationSignal, onCancel), ...(stop === undefined ? [] : [listen(stop, onStop)])];
  return () => {
    timers.forEach(clearTimeout);
    for (const each of stopListening) each();
  };
}

function listen(signal: AbortSignal, onAbort: () => void): () => void {
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return () => signal.removeEventListener('abort', onAbort);
}
