/** Starts a process again whenever it dies, and says so. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../describe-problem.ts';
import { describeExit } from './child-process.ts';
import type { ExitReport } from './child-process.ts';

/** The first death is followed at once; one that dies again and again leaves time to read why. */
const PAUSES_MS = [0, 250, 1_000, 3_000, 10_000];
/** Who lived this long is taken for healthy: the next death is a first one again. */
const HEALTHY_AFTER_MS = 20_000;

interface Stoppable {
  readonly pid: number;
  readonly exited: Promise<ExitReport>;
  stop(): Promise<unknown>;
}

export interface KeepRunningOptions<Child extends Stoppable> {
  readonly name: string;
  readonly start: () => Promise<Child>;
  readonly say: (line: string) => void;
  /** What is to be done for one that died; the next one starts meanwhile, and rejects when none will. */
  readonly onDeath?: (child: Child, next: Promise<Child>) => Promise<void>;
}

export interface KeptProcess<Child extends Stoppable> {
  /** Undefined while it is down. */
  current(): Child | undefined;
  /** The next one that comes up, or the one that runs. */
  running(): Promise<Child>;
  stop(): Promise<void>;
}

/** Resolves when the first one runs; its failure is the caller's. Later failures are said, and it is tried again. */
export async function keepRunning<Child extends Stoppable>(options: KeepRunningOptions<Child>): Promise<KeptProcess<Child>> {
  const { name, say } = options;
  const stopping = new AbortController();
  let child: Child | undefined = await options.start();
  let next = Promise.withResolvers<Child>();
  next.resolve(child);
  const watch = async (): Promise<void> => {
    let deaths = 0;
    while (child !== undefined) {
      const startedAt = performance.now();
      const exit = await child.exited;
      if (stopping.signal.aborted) return;
      deaths = performance.now() - startedAt > HEALTHY_AFTER_MS ? 1 : deaths + 1;
      say(`${name} (process ${child.pid}) died: ${describeExit(exit)}. Starting another one.`);
      next = Promise.withResolvers<Child>();
      next.promise.catch(() => undefined);
      options
        .onDeath?.(child, next.promise)
        .catch((error: unknown) => say(`${name}: ${error instanceof Error ? error.message : String(error)}`));
      child = undefined;
      child = await startAgain(options, deaths, stopping.signal);
      if (child === undefined || stopping.signal.aborted) return next.reject(new Error(`${name} was stopped`));
      next.resolve(child);
      say(`${name} is up again (process ${child.pid})`);
    }
  };
  const watching = watch();
  return {
    current: () => child,
    running: () => next.promise,
    stop: async () => {
      stopping.abort();
      await child?.stop();
      await watching;
      // One that was just coming up when we were told to stop.
      await child?.stop();
    },
  };
}

/** Undefined when it is to stop meanwhile. */
async function startAgain<Child extends Stoppable>(
  { name, start, say }: KeepRunningOptions<Child>,
  deaths: number,
  stopping: AbortSignal,
): Promise<Child | undefined> {
  for (let attempt = deaths; !stopping.aborted; attempt += 1) {
    const pause = PAUSES_MS[Math.min(attempt, PAUSES_MS.length) - 1] ?? 0;
    await sleep(pause, undefined, { signal: stopping }).catch(() => undefined);
    if (stopping.aborted) return undefined;
    try {
      return await start();
    } catch (error) {
      say(`${name} does not come up: ${messageOf(error)}`);
    }
  }
  return undefined;
}
