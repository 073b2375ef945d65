/** The options of a worker, which a supervisor takes as well and passes on. */
import { Command, Option } from 'commander';
import type { SandboxPolicy } from '../activities/sandbox/choose-sandbox.ts';

export interface WorkerFlags {
  readonly config?: string;
  readonly data: string;
  readonly sandbox?: SandboxPolicy;
  readonly temporal?: string;
  readonly namespace?: string;
  readonly exitWithParent?: true;
  readonly standby?: true;
}

export function workerCommand(): Command {
  return new Command('anyport worker')
    .description('Runs workflows, model calls and tools until it is stopped.')
    .option('--config <file>', 'the configuration; default: ANYPORT_CONFIG, ./anyport.yaml, then the clouds’ own variables')
    .addOption(new Option('--data <dir>', 'store, workspaces').env('ANYPORT_DATA').default('.anyport'))
    .addOption(
      new Option('--sandbox <policy>', 'what confines commands').choices(['required', 'optional', 'none']).env('ANYPORT_SANDBOX'),
    )
    .option('--temporal <address>', 'host:port; default: TEMPORAL_ADDRESS, Temporal’s own configuration, 127.0.0.1:7233')
    .option('--namespace <name>', 'default: TEMPORAL_NAMESPACE, then "default"')
    .option('--exit-with-parent', 'stop when standard input closes')
    .addOption(new Option('--standby', 'run at the first line of standard input').hideHelp());
}
