/** One worker in this process, from its flags to its end. */
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { resolve } from 'node:path';
import { composeWorkers } from './compose.ts';
import { exitWithParent } from './exit-with-parent.ts';
import type { WorkerFlags } from './worker-command.ts';

/** Says on standard output when it runs; resolves when it has stopped. @throws like `composeWorkers` */
export async function runWorker({ exitWithParent: watchParent, standby, ...flags }: WorkerFlags): Promise<void> {
  const dataDirectory = resolve(flags.data);
  await mkdir(dataDirectory, { recursive: true });
  const workers = await composeWorkers({ ...flags, dataDirectory, environment: process.env });
  if (watchParent === true) exitWithParent(() => workers.stop());
  console.log(JSON.stringify({ ready: true, owner: workers.owner }));
  // For the next one: this one may run for weeks, and die without a chance to.
  flushCompileCache();
  if (standby === true) await toldToRun();
  await workers.run();
  // The lifeline would keep a drained process up.
  process.stdin.destroy();
}

/** On standby everything is loaded and connected; a line on standard input makes a worker of it within milliseconds. */
async function toldToRun(): Promise<void> {
  await once(process.stdin, 'data');
}
