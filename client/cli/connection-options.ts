import type { Command } from 'commander';
import type { ConnectOptions } from '../connection.ts';
import { TaskClient } from '../task-client.ts';

/** The flags of every command that talks to Temporal. */
export interface ConnectionFlags {
  readonly temporal?: string;
  readonly namespace?: string;
  readonly data?: string;
}

export function addConnectionOptions(command: Command): Command {
  return command
    .option('--temporal <address>', 'host:port; default: TEMPORAL_ADDRESS, a running local stack, 127.0.0.1:7233')
    .option('--namespace <name>', 'default: TEMPORAL_NAMESPACE, then "default"')
    .option('--data <dir>', "the local stack's data folder; default: ANYPORT_DATA, then .anyport");
}

/** Connects, does the work, and closes the connection whatever came of it. */
export async function withTaskClient<Result>(
  flags: ConnectionFlags,
  work: (client: TaskClient) => Promise<Result>,
): Promise<Result> {
  const client = await TaskClient.connect(toConnectOptions(flags));
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

function toConnectOptions({ temporal, namespace, data }: ConnectionFlags): ConnectOptions {
  return {
    ...(temporal === undefined ? {} : { address: temporal }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(data === undefined ? {} : { dataDirectory: data }),
  };
}
