/** A worker process: `node workers/main.ts --config anyport.yaml`. Started by `anyport worker`, `anyport dev` and the image. */
import { Command } from 'commander';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { SharedFlags } from './command-options.ts';
import { configOption, dataOption, sandboxOption } from './command-options.ts';
import { composeWorkers } from './compose.ts';
import { describeProblem } from './describe-problem.ts';
import { exitWithParent } from './exit-with-parent.ts';

interface WorkerFlags extends SharedFlags {
  readonly temporal?: string;
  readonly namespace?: string;
  readonly exitWithParent?: true;
}

const flags = new Command('anyport worker')
  .description('Runs workflows, model calls and tools until it is stopped.')
  .addOption(configOption())
  .addOption(dataOption())
  .addOption(sandboxOption())
  .option('--temporal <address>', 'host:port; default: TEMPORAL_ADDRESS, Temporal’s own configuration, 127.0.0.1:7233')
  .option('--namespace <name>', 'default: TEMPORAL_NAMESPACE, then "default"')
  .option('--exit-with-parent', 'stop when standard input closes')
  .parse()
  .opts<WorkerFlags>();

try {
  const dataDirectory = resolve(flags.data);
  await mkdir(dataDirectory, { recursive: true });
  const { exitWithParent: watchParent, ...settings } = flags;
  const running = await composeWorkers({ ...settings, dataDirectory, environment: process.env });
  if (watchParent === true) exitWithParent(() => running.stop());
  console.log(JSON.stringify({ ready: true }));
  await running.stopped;
} catch (error) {
  console.error(`anyport worker: ${describeProblem(error)}`);
  process.exitCode = 1;
}
