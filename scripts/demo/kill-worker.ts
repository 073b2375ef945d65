/** Kills the demo's worker with `kill -9` in the middle of a model call: after the cloud named the response, before its end. */
import { setTimeout as pause } from 'node:timers/promises';
import type { DevStack } from '../../workers/dev/dev-stack.ts';
import type { DemoClouds } from './demo-clouds.ts';
import { readLedgers, SECOND } from './demo-clouds.ts';

/** The request during which the worker dies: the one that `demo-clouds.ts` makes slow. */
const KILLED_REQUEST = 4;
/** The ledger is read this often while we wait for that request. */
const LOOK_MS = 50;
/** The response's name has reached the worker's journal by then; the slow answer takes several times as long. */
const JOURNAL_MS = 400;

export interface KillOptions {
  readonly demo: DemoClouds;
  readonly stack: DevStack;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  /** The newest turn that the story has told a request of: a kill told before it could not be understood. */
  readonly toldTurn: () => number;
}

/** Resolves when another worker is up, or when `signal` says that the task has ended without that request. */
export async function killWorkerInCall({ demo, stack, say, signal, toldTurn }: KillOptions): Promise<void> {
  while (!signal.aborted) {
    const posts = (await readLedgers(demo.clouds)).filter(({ endpoint, method }) => endpoint === SECOND && method === 'POST');
    const request = posts[KILLED_REQUEST - 1];
    if (typeof request?.responseId === 'string' && toldTurn() >= Number(request.metadata?.['turn'])) break;
    await pause(LOOK_MS);
  }
  if (signal.aborted) return;
  await pause(JOURNAL_MS);
  const pid = stack.workerPid();
  await stack.killWorker();
  say(`          ✗ the worker (process ${pid}) is killed with kill -9, in the middle of that answer`);
  const next = await stack.workerUp();
  say(`          ✓ a new worker (process ${next}) is up; it finds the response's id in the journal and picks the answer up`);
}
