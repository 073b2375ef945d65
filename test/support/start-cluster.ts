/**
 * Everything real for a test of workflows: a Temporal server of its own, the emulated clouds over HTTP, and a worker as a
 * process, which can be killed like one.
 */
import { Client, Connection } from '@temporalio/client';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TaskClient } from '../../client/index.ts';
import type { RunningChild } from '../../workers/dev/child-process.ts';
import { startChild } from '../../workers/dev/child-process.ts';
import type { Emulators } from '../emulators/start-emulators.ts';
import { startEmulators } from '../emulators/start-emulators.ts';
import type { LedgerRequest } from './emulated-cloud.ts';
import { clearFaults, readLedger, setFaults } from './emulated-cloud.ts';

export type { LedgerRequest } from './emulated-cloud.ts';
import type { FreezableProxy } from './freezable-proxy.ts';
import { startFreezableProxy } from './freezable-proxy.ts';
import type { KillableServer } from './killable-server.ts';
import { startKillableServer } from './killable-server.ts';

const BARE_WORKER = fileURLToPath(new URL('../../workers/main.ts', import.meta.url));
const SUPERVISOR = fileURLToPath(new URL('../../workers/supervisor/main.ts', import.meta.url));
/** A worker is up after 1 to 3 s; a machine that runs other tests beside it may take longer. */
const WORKER_READY_TIMEOUT_MS = 60_000;

export interface ClusterOptions {
  /** The conversations of the emulated clouds, as in a script file. */
  readonly script: readonly object[];
  /** Endpoints of the emulated clouds in the order in which they are preferred. Default: azure, aws, google. */
  readonly endpoints?: readonly EmulatedEndpoint[];
  /** Besides `default`, as in the configuration. */
  readonly tenants?: Readonly<Record<string, object>>;
  /** Keys laid over the endpoints' own, as in the configuration. */
  readonly configure?: Readonly<Partial<Record<EmulatedEndpoint, object>>>;
  /** Further keys of the configuration. */
  readonly configuration?: object;
  /** Those that generate in background mode. */
  readonly background?: readonly EmulatedEndpoint[];
  /** Variables of the emulated clouds' credentials that the first worker does not get. */
  readonly without?: readonly string[];
  /** Each worker runs under a supervisor, as `anyport worker` does. */
  readonly supervised?: true;
  /** AWS credentials come from this command: it decides when, and whether, a request is ready to leave. */
  readonly awsCredentialProcess?: string;
  /** The task store lies apart from the hosts' folders, so that several hosts share it. */
  readonly sharedStore?: true;
  /** Of the Temporal server, as KEY=VALUE. */
  readonly dynamicConfig?: readonly string[];
  /** The Temporal server keeps its database in a file, so that it can be killed and go on. */
  readonly durableTemporal?: true;
}

export type EmulatedEndpoint =
  | 'openai-agents'
  | 'openai-agents-second'
  | 'foundry-agents'
  | 'bedrock-managed'
  | 'bedrock-classic'
  | 'agent-engine'
  | 'openai'
  | 'azure-eastus2'
  | 'aws-us-east-1'
  | 'aws-runtime-us-east-1'
  | 'google-global';

export interface Cluster {
  readonly tasks: TaskClient;
  readonly temporal: Client;
  readonly address: string;
  readonly directory: string;
  /** The file of the task store. */
  readonly store: string;
  readonly config: string;
  /** The credentials of the emulated clouds. */
  readonly credentials: Readonly<Record<string, string>>;
  /** The way of the workers to Temporal; `tasks` and `temporal` have another. */
  readonly proxy: FreezableProxy;
  readonly server: Pick<KillableServer, 'kill' | 'restart'>;
  /** The worker that was started last. */
  worker(): RunningChild;
  /** `without` are variables of credentials that it does not get. */
  startWorker(without?: readonly string[], host?: string): Promise<RunningChild>;
  /** The data folder of a host; the first one is `data`. */
  hostFolder(host: string): string;
  /** Puts other tenants into the configuration and has a new worker with it take over from the last one. */
  changeTenants(tenants: Readonly<Record<string, object>>): Promise<void>;
  /** Writes a file that is gone with the cluster, and gives its path. */
  write(name: string, content: string): Promise<string>;
  /** What workers and supervisors wrote to standard error. */
  readonly said: readonly string[];
  setFaults(endpoint: EmulatedEndpoint, faults: readonly object[]): Promise<void>;
  clearFaults(endpoint: EmulatedEndpoint): Promise<void>;
  ledger(endpoint: EmulatedEndpoint): Promise<readonly LedgerRequest[]>;
  /** Base URL of its controls: faults, ledger. */
  control(endpoint: EmulatedEndpoint): string;
  stop(): Promise<void>;
}

const AWS_PROFILE = 'emulated';
const CLOUD_ORDER = { openai: 'openai', azure: 'azure', aws: 'aws', google: 'google' } as const;

/** Starts all parts and one worker. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const directory = await mkdtemp(join(tmpdir(), 'anyport-test-'));
  const server = await startKillableServer(serverOptions(options, directory));
  const emulators = await startEmulators({ script: options.script });
  const proxy = await startFreezableProxy(server.address);
  const config = join(directory, 'anyport.yaml');
  await writeFile(config, JSON.stringify(configOf(options, emulators)));
  const connection = await Connection.connect({ address: server.address });
  const tasks = await TaskClient.connect({ address: server.address, namespace: 'default', dataDirectory: directory });
  const workers: RunningChild[] = [];
  const said: string[] = [];
  const awsProfile = await writeAwsProfile(directory, options);
  const store = join(directory, options.sharedStore === true ? 'store' : 'data', 'anyport.db');
  const startWorker = async (without: readonly string[] = [], host = 'data'): Promise<RunningChild> => {
    const credentials = Object.entries(emulators.environment).filter(([name]) => !without.includes(name));
    const worker = await launchWorker({
      args: workerArguments(options, { config, data: join(directory, host), store, address: proxy.address }),
      environment: { ...process.env, ...Object.fromEntries(credentials), ...awsProfile },
      onStderr: (line) => said.push(line),
    });
    workers.push(worker);
    return worker;
  };
  await startWorker(options.without);
  return {
    ...{ tasks, temporal: new Client({ connection }), address: server.address },
    ...{ directory, store, config, credentials: emulators.environment },
    hostFolder: (host) => join(directory, host),
    proxy,
    server,
    worker: () => lastOf(workers),
    startWorker,
    said,
    async changeTenants(tenants) {
      await writeFile(config, JSON.stringify(configOf({ ...options, tenants }, emulators)));
      const before = lastOf(workers);
      await startWorker(options.without);
      await before.stop();
    },
    async write(name, content) {
      const file = join(directory, name);
      await writeFile(file, content);
      return file;
    },
    setFaults: (endpoint, faults) => setFaults(emulators, endpoint, faults),
    clearFaults: (endpoint) => clearFaults(emulators, endpoint),
    ledger: (endpoint) => readLedger(emulators, endpoint),
    control: (endpoint) => emulators.controls[endpoint] ?? '',
    async stop() {
      await tasks.close();
      await connection.close();
      await Promise.all(workers.map((worker) => worker.stop()));
      await proxy.close();
      await server.stop();
      await emulators.close();
      await rm(directory, { recursive: true });
    },
  };
}

function launchWorker(how: Pick<Parameters<typeof startChild>[0], 'args' | 'environment' | 'onStderr'>): Promise<RunningChild> {
  return startChild({ ...how, name: 'worker', command: process.execPath, readyTimeoutMs: WORKER_READY_TIMEOUT_MS });
}

function serverOptions({ durableTemporal, dynamicConfig = [] }: ClusterOptions, directory: string) {
  return { dynamicConfig, ...(durableTemporal === true ? { dataDirectory: join(directory, 'temporal') } : {}) };
}

function workerArguments(
  { supervised }: ClusterOptions,
  { config, data, store, address }: { config: string; data: string; store: string; address: string },
): readonly string[] {
  const program = supervised === true ? SUPERVISOR : BARE_WORKER;
  const places = ['--config', config, '--data', data, '--store', store];
  return [program, '--exit-with-parent', ...places, '--temporal', address, '--namespace', 'default'];
}

function configOf(options: ClusterOptions, emulators: Emulators): object {
  const names = options.endpoints ?? ['azure-eastus2', 'aws-us-east-1', 'google-global'];
  const background: readonly string[] = options.background ?? [];
  const usesProfile = (name: string): boolean => options.awsCredentialProcess !== undefined && name.startsWith('aws-');
  const endpoints = names.map((name) => {
    const auth = usesProfile(name) ? { auth: { profile: AWS_PROFILE } } : {};
    const own = options.configure?.[name] ?? {};
    const entry = emulators.endpoints[name];
    const mode = entry?.['service'] === undefined ? { background: background.includes(name) } : {};
    return [name, { ...entry, ...mode, ...auth, ...own }] as const;
  });
  const order = new Set(endpoints.map(([, endpoint]) => CLOUD_ORDER[cloudOf(endpoint)]));
  return {
    endpoints: Object.fromEntries(endpoints),
    catalog: emulators.catalog,
    tenants: { default: { order: [...order] }, ...options.tenants },
    sandbox: 'optional',
    ...options.configuration,
  };
}

async function writeAwsProfile(
  directory: string,
  { awsCredentialProcess }: ClusterOptions,
): Promise<Readonly<Record<string, string>>> {
  if (awsCredentialProcess === undefined) return {};
  const file = join(directory, 'aws-config');
  await writeFile(file, `[profile ${AWS_PROFILE}]\ncredential_process = ${awsCredentialProcess}\n`);
  return { AWS_CONFIG_FILE: file, AWS_SHARED_CREDENTIALS_FILE: join(directory, 'no-aws-credentials') };
}

function cloudOf(endpoint: object): keyof typeof CLOUD_ORDER {
  const cloud = 'cloud' in endpoint ? endpoint.cloud : undefined;
  if (cloud === 'openai' || cloud === 'azure' || cloud === 'aws' || cloud === 'google') return cloud;
  throw new Error(`an emulated endpoint of cloud ${String(cloud)}`);
}

function lastOf(workers: readonly RunningChild[]): RunningChild {
  const worker = workers.at(-1);
  if (worker === undefined) throw new Error('no worker was started');
  return worker;
}
