/** A worker process: `node workers/main.ts --config anyport.yaml`. Started by `anyport worker`, `anyport dev` and the image. */
import { Command, Option } from 'commander';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { SandboxPolicy } from '../activities/sandbox/choose-sandbox.ts';
import { composeWorkers } from './compose.ts';
import { describeProblem } from './describe-problem.ts';
import { exitWithParent } from './exit-with-parent.ts';

interface WorkerFlags {
  readonly config?: string;
  readonly data: string;
  readonly sandbox?: SandboxPolicy;
  readonly temporal?: string;
  readonly namespace?: string;
  readonly exitWithParent?: true;
}

const flags = new Command('anyport worker')
  .description('Runs workflows, model calls and tools until it is stopped.')
  .option('--config <file>', 'the configuration; default: ANYPORT_CONFIG, ./anyport.yaml, then the clouds’ own variables')
  .addOption(new Option('--data <dir>', 'store, workspaces').env('ANYPORT_DATA').default('.anyport'))
  .addOption(
    new Option('--sandbox <policy>', 'what confines commands').choices(['required', 'optional', 'none']).env('ANYPORT_SANDBOX'),
  )
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
