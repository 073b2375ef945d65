/** One worker in this process, from its flags to its end. */
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { composeWorkers } from './compose.ts';
import { exitWithParent } from './exit-with-parent.ts';
import type { WorkerFlags } from './worker-command.ts';

/** Says on standard output when it runs; resolves when it has stopped. @throws like `composeWorkers` */
export async function runWorker({ exitWithParent: watchParent, ...flags }: WorkerFlags): Promise<void> {
  const dataDirectory = resolve(flags.data);
  await mkdir(dataDirectory, { recursive: true });
  const running = await composeWorkers({ ...flags, dataDirectory, environment: process.env });
  if (watchParent === true) exitWithParent(() => running.stop());
  console.log(JSON.stringify({ ready: true, owner: running.owner }));
  await running.stopped;
}
