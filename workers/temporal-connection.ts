/** How a worker reaches Temporal, and what to do when it does not. */
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';

export interface TemporalSettings {
  /** host:port; wins over everything else. */
  readonly temporal?: string;
  readonly namespace?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface ConnectedTemporal {
  readonly connection: NativeConnection;
  readonly namespace: string;
}

const USUAL_ADDRESS = '127.0.0.1:7233';

/** @throws Error naming the address, where it came from, and what to do */
export async function connectTemporal(settings: TemporalSettings): Promise<ConnectedTemporal> {
  const profile = loadClientConnectConfig({ overrideEnvVars: presentOf(settings.environment) });
  const options = profile.connectionOptions;
  const address = settings.temporal ?? options.address ?? USUAL_ADDRESS;
  const source =
    settings.temporal !== undefined
      ? '--temporal'
      : options.address === undefined
        ? 'the default'
        : 'TEMPORAL_ADDRESS or its profile';
  try {
    const connection = await NativeConnection.connect({ ...options, address });
    return { connection, namespace: settings.namespace ?? profile.namespace ?? 'default' };
  } catch (error) {
    throw new Error(
      `no Temporal server answers at ${address} (from ${source}). Start one with "npm start", or set TEMPORAL_ADDRESS to yours.`,
      { cause: error },
    );
  }
}

function presentOf(environment: TemporalSettings['environment']): Record<string, string> {
  const entries = Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return Object.fromEntries(entries);
}
