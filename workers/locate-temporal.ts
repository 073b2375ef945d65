/** Where the Temporal server is: settings first, then the environment and Temporal's own profile, then the usual address. */
import { loadClientConnectConfig } from '@temporalio/envconfig';

export interface TemporalSettings {
  /** host:port; wins over everything else. */
  readonly temporal?: string;
  readonly namespace?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const USUAL_ADDRESS = '127.0.0.1:7233';

/** Options for a connection, and the words of where they came from. */
export function locateTemporal(settings: TemporalSettings) {
  const profile = loadClientConnectConfig({ overrideEnvVars: presentOf(settings.environment) });
  const options = profile.connectionOptions;
  const address = settings.temporal ?? options.address ?? USUAL_ADDRESS;
  const source =
    settings.temporal !== undefined
      ? '--temporal'
      : options.address === undefined
        ? 'the default'
        : 'TEMPORAL_ADDRESS or its profile';
  return { options: { ...options, address }, namespace: settings.namespace ?? profile.namespace ?? 'default', source };
}

function presentOf(environment: TemporalSettings['environment']): Record<string, string> {
  const entries = Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return Object.fromEntries(entries);
}
