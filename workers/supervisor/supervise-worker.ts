/** Keeps one worker process running, and has what a dead one was doing go on elsewhere within about a second. */
import { Client, Connection } from '@temporalio/client';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import type { RunningChild } from '../dev/child-process.ts';
import type { KeptProcess } from '../dev/keep-running.ts';
import { keepRunning } from '../dev/keep-running.ts';
import type { TemporalSettings } from '../locate-temporal.ts';
import { locateTemporal } from '../locate-temporal.ts';
import { recoverActivities } from './recover-activities.ts';
import { createStandby } from './standby.ts';

/**
 * None of our activities may run for that long. A note that old is of a worker that died with its supervisor, and of an activity that
 * nobody took up again: every other note is taken over or dropped by whoever runs the activity next.
 */
const FORGOTTEN_AFTER_MS = 24 * 3_600_000;

export interface SuperviseOptions {
  /** Starts a worker process on standby, which reports its `owner`. */
  readonly start: () => Promise<RunningChild>;
  /** Of the worker. */
  readonly storeFile: string;
  readonly temporal: TemporalSettings;
  readonly say: (line: string) => void;
}

/** Resolves when the first worker runs; its failure to come up is the caller's. */
export async function superviseWorker({ start, storeFile, temporal, say }: SuperviseOptions): Promise<KeptProcess<RunningChild>> {
  const store = await openSqliteTaskStore(storeFile);
  await store.forgetOpenActivities(Date.now() - FORGOTTEN_AFTER_MS);
  const { options, namespace } = locateTemporal(temporal);
  const connection = Connection.lazy(options);
  const client = new Client({ connection, namespace });
  const recover = async (child: RunningChild): Promise<void> => {
    const recovered = await recoverActivities(client, store, ownerOf(child));
    if (recovered > 0) say(`worker (process ${child.pid}) left ${recovered} activities: they go on elsewhere`);
  };
  // Not before somebody polls again: what is handed back to Temporal waits in a queue, where a model call is given up after 5 s as one
  // that nobody takes, and is then paid anew elsewhere.
  const recoverWhenUp = async (child: RunningChild, next: Promise<RunningChild>): Promise<void> => {
    const isUp = await next.then(
      () => true,
      () => false,
    );
    if (isUp) await recover(child);
  };
  const close = () => Promise.all([store.close(), connection.close()]);
  const standby = createStandby(start, say);
  const kept = await keepRunning({ name: 'worker', start: () => standby.take(), say, onDeath: recoverWhenUp }).catch(
    async (error: unknown) => {
      await close();
      throw error;
    },
  );
  return {
    ...kept,
    stop: async () => {
      const last = kept.current();
      await Promise.all([kept.stop(), standby.stop()]);
      // One that had to be killed has not given back what it was doing.
      if (last !== undefined) await recover(last).catch((error: unknown) => say(`worker: ${String(error)}`));
      await close();
    },
  };
}

function ownerOf({ report }: RunningChild): string {
  if (typeof report === 'object' && report !== null && 'owner' in report && typeof report.owner === 'string') return report.owner;
  throw new Error('the worker did not say who it is: it is of another version than its supervisor');
}
