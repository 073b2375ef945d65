/** How a client finds and reaches Temporal; the message of a failure says which address was tried and who named it. */
import { Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { resolve } from 'node:path';
import { findDevStack } from './dev-stack.ts';
import { TaskClientError } from './task-client-error.ts';

/** Where Temporal is; what is not given is looked up. */
export interface ConnectOptions {
  /** host:port; wins over everything else. */
  readonly address?: string;
  readonly namespace?: string;
  /** The data folder of a local stack; default: `ANYPORT_DATA`, then `.anyport` here. */
  readonly dataDirectory?: string;
  /** How long to try; default: 4 s. */
  readonly timeoutMs?: number;
  /** Default: this process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface ConnectedTemporal {
  readonly connection: Connection;
  readonly namespace: string;
  readonly address: string;
  /** Base address of the Temporal UI; null when nobody told. */
  readonly uiAddress: string | null;
}

interface Target {
  readonly address: string;
  readonly source: string;
  readonly namespace: string;
  readonly uiAddress: string | null;
}

type Profile = ReturnType<typeof loadClientConnectConfig>;

const USUAL_ADDRESS = '127.0.0.1:7233';
/** The dev server of Temporal's CLI has its UI here when its gRPC port is the usual one. */
const USUAL_UI = 'http://127.0.0.1:8233';
/** A server on this machine answers at once, one across an ocean within a second; a person waits no longer than this. */
const CONNECT_TIMEOUT_MS = 4_000;
/** A server that was away is noticed within this; gRPC's own would be two minutes, after an hour's outage. */
const RECONNECT_MS = 5_000;

/** @throws TaskClientError `no-server` */
export async function connectTemporal(options: ConnectOptions = {}): Promise<ConnectedTemporal> {
  const environment = options.environment ?? process.env;
  const profile = loadClientConnectConfig({ overrideEnvVars: presentOf(environment) });
  const target = await chooseTarget({ options, profile, environment });
  try {
    // The profile's TLS and API key belong to its own server, or to the one that an option names in its place.
    const connection = await Connection.connect({
      ...toConnectionOptions(profile),
      address: target.address,
      connectTimeout: options.timeoutMs ?? CONNECT_TIMEOUT_MS,
      channelArgs: { 'grpc.max_reconnect_backoff_ms': RECONNECT_MS },
    });
    const { address, namespace, uiAddress } = target;
    return { connection, address, namespace, uiAddress };
  } catch (error) {
    throw new TaskClientError(
      'no-server',
      `no Temporal server answers at ${target.address} (from ${target.source}). ` +
        'Start the local stack with "npm start", or name yours with --temporal HOST:PORT or TEMPORAL_ADDRESS.',
      { cause: error },
    );
  }
}

/** For probes: a server that answers does so at once. */
export const REACHABLE_MS = 2_000;

/** @throws TaskClientError `no-server` */
export async function assertReachable({ connection, address }: ConnectedTemporal): Promise<void> {
  try {
    await connection.withDeadline(Date.now() + REACHABLE_MS, () => connection.workflowService.getSystemInfo({}));
  } catch (error) {
    throw new TaskClientError('no-server', `no Temporal server answers at ${address}`, { cause: error });
  }
}

interface Sources {
  readonly options: ConnectOptions;
  readonly profile: Profile;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

async function chooseTarget({ options, profile, environment }: Sources): Promise<Target> {
  const dataDirectory = dataDirectoryOf(options, environment);
  const stack = await findDevStack(dataDirectory);
  const known = addressGiven({ options, profile, environment }) ?? addressOfStack(stack, dataDirectory);
  const ownStack = stack?.temporalAddress === known.address ? stack : undefined;
  const uiAddress = setValue(environment, 'ANYPORT_TEMPORAL_UI') ?? ownStack?.uiAddress ?? usualUi(known.address);
  return { ...known, uiAddress, namespace: options.namespace ?? profile.namespace ?? ownStack?.namespace ?? 'default' };
}

function dataDirectoryOf(options: ConnectOptions, environment: Sources['environment']): string {
  return resolve(options.dataDirectory ?? setValue(environment, 'ANYPORT_DATA') ?? '.anyport');
}

/** A variable that is set to nothing is none. */
function setValue(environment: Sources['environment'], name: string): string | undefined {
  const value = environment[name];
  return value === '' ? undefined : value;
}

function addressOfStack(
  stack: Awaited<ReturnType<typeof findDevStack>>,
  dataDirectory: string,
): Pick<Target, 'address' | 'source'> {
  if (stack === undefined) return { address: USUAL_ADDRESS, source: 'the default' };
  return { address: stack.temporalAddress, source: `the local stack of ${dataDirectory}` };
}

function addressGiven({ options, profile, environment }: Sources): Pick<Target, 'address' | 'source'> | undefined {
  if (options.address !== undefined) return { address: options.address, source: 'the option --temporal' };
  const { address } = profile.connectionOptions;
  return address === undefined ? undefined : { address, source: nameOfProfile(environment) };
}

function usualUi(address: string): string | null {
  return address === USUAL_ADDRESS ? USUAL_UI : null;
}

function nameOfProfile(environment: Readonly<Record<string, string | undefined>>): string {
  return environment['TEMPORAL_ADDRESS'] === undefined ? "Temporal's own configuration file" : 'TEMPORAL_ADDRESS';
}

/** Takes of envconfig's options, which are typed for workers, what a client has too. */
function toConnectionOptions({ connectionOptions: { tls, apiKey, metadata } }: Profile) {
  return {
    ...(tls === undefined || tls === null ? {} : { tls }),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

function presentOf(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return Object.fromEntries(entries);
}
