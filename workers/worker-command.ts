/** The options of a worker, which a supervisor takes as well and passes on. */
import { Command, Option } from 'commander';
import type { SharedFlags } from './command-options.ts';
import { configOption, dataOption, sandboxOption, storeOption } from './command-options.ts';

export interface WorkerFlags extends SharedFlags {
  readonly temporal?: string;
  readonly namespace?: string;
  readonly exitWithParent?: true;
  readonly standby?: true;
}

export function workerCommand(): Command {
  return new Command('anyport worker')
    .description('Runs workflows, model calls and tools until it is stopped.')
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(storeOption())
    .addOption(sandboxOption())
    .option('--temporal <address>', 'host:port; default: TEMPORAL_ADDRESS, Temporal’s own configuration, 127.0.0.1:7233')
    .option('--namespace <name>', 'default: TEMPORAL_NAMESPACE, then "default"')
    .option('--exit-with-parent', 'stop when standard input closes')
    .addOption(new Option('--standby', 'run at the first line of standard input').hideHelp());
}
