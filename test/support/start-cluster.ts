/**
 * Everything real for a test of workflows: a Temporal server of its own, the emulated clouds over HTTP, and a worker as a
 * process, which can be killed like one.
 */
import { Client, Connection } from '@temporalio/client';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findTemporalBinary } from '../../scripts/temporal-binary.mjs';
import { TaskClient } from '../../client/index.ts';
import type { RunningChild } from '../../workers/dev/child-process.ts';
import { startChild } from '../../workers/dev/child-process.ts';
import { startTemporalServer } from '../../workers/dev/temporal-server.ts';
import type { Emulators } from '../emulators/start-emulators.ts';
import { startEmulators } from '../emulators/start-emulators.ts';

const WORKER = fileURLToPath(new URL('../../workers/main.ts', import.meta.url));
/** A worker is up after 1 to 3 s; a machine that runs other tests beside it may take longer. */
const WORKER_READY_TIMEOUT_MS = 60_000;

export interface ClusterOptions {
  /** The conversations of the emulated clouds, as in a script file. */
  readonly script: readonly object[];
  /** Endpoints of the emulated clouds in the order in which they are preferred. Default: azure, aws, google. */
  readonly endpoints?: readonly EmulatedEndpoint[];
  /** Besides `default`, as in the configuration. */
  readonly tenants?: Readonly<Record<string, object>>;
  /** Those that generate in background mode. */
  readonly background?: readonly EmulatedEndpoint[];
}

export type EmulatedEndpoint = 'openai' | 'azure-eastus2' | 'aws-us-east-1' | 'aws-runtime-us-east-1' | 'google-global';

/** One request as an emulated cloud wrote it down. */
export interface LedgerRequest {
  readonly method: string;
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly responseId?: string | null;
  readonly outcome: string;
  readonly aborted: boolean;
  readonly billedUsage: { readonly inputTokens: number; readonly outputTokens: number } | null;
}

export interface Cluster {
  readonly tasks: TaskClient;
  readonly temporal: Client;
  readonly address: string;
  readonly directory: string;
  /** The worker that was started last. */
  worker(): RunningChild;
  startWorker(): Promise<RunningChild>;
  setFaults(endpoint: EmulatedEndpoint, faults: readonly object[]): Promise<void>;
  ledger(endpoint: EmulatedEndpoint): Promise<readonly LedgerRequest[]>;
  stop(): Promise<void>;
}

const CLOUD_ORDER = { openai: 'openai', azure: 'azure', aws: 'aws', google: 'google' } as const;

/** Starts all parts and one worker. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const directory = await mkdtemp(join(tmpdir(), 'anyport-test-'));
  const binary = await findTemporalBinary();
  if (binary === undefined) throw new Error('there is no Temporal server here: run node scripts/bootstrap.mjs');
  const server = await startTemporalServer({ binary: binary.path, ports: { grpc: 0, ui: 0 } });
  const emulators = await startEmulators({ script: options.script });
  const config = join(directory, 'anyport.yaml');
  await writeFile(config, JSON.stringify(configOf(options, emulators)));
  const connection = await Connection.connect({ address: server.address });
  const tasks = await TaskClient.connect({ address: server.address, namespace: 'default', dataDirectory: directory });
  const workers: RunningChild[] = [];
  const startWorker = async (): Promise<RunningChild> => {
    const worker = await startChild({
      name: 'worker',
      command: process.execPath,
      args: [
        ...[WORKER, '--exit-with-parent', '--config', config, '--data', join(directory, 'data')],
        ...['--temporal', server.address, '--namespace', 'default'],
      ],
      environment: { ...process.env, ...emulators.environment },
      readyTimeoutMs: WORKER_READY_TIMEOUT_MS,
    });
    workers.push(worker);
    return worker;
  };
  await startWorker();
  return {
    tasks,
    temporal: new Client({ connection }),
    address: server.address,
    directory,
    worker: () => lastOf(workers),
    startWorker,
    setFaults: (endpoint, faults) => postFaults(emulators, endpoint, faults),
    ledger: (endpoint) => readLedger(emulators, endpoint),
    async stop() {
      await tasks.close();
      await connection.close();
      await Promise.all(workers.map((worker) => worker.stop()));
      await server.stop();
      await emulators.close();
      await rm(directory, { recursive: true });
    },
  };
}

function configOf(options: ClusterOptions, emulators: Emulators): object {
  const names = options.endpoints ?? ['azure-eastus2', 'aws-us-east-1', 'google-global'];
  const background: readonly string[] = options.background ?? [];
  const endpoints = names.map((name) => [name, { ...emulators.endpoints[name], background: background.includes(name) }] as const);
  const order = new Set(endpoints.map(([, endpoint]) => CLOUD_ORDER[cloudOf(endpoint)]));
  return {
    endpoints: Object.fromEntries(endpoints),
    tenants: { default: { order: [...order] }, ...options.tenants },
    sandbox: 'optional',
  };
}

function cloudOf(endpoint: object): keyof typeof CLOUD_ORDER {
  const cloud = 'cloud' in endpoint ? endpoint.cloud : undefined;
  if (cloud === 'openai' || cloud === 'azure' || cloud === 'aws' || cloud === 'google') return cloud;
  throw new Error(`an emulated endpoint of cloud ${String(cloud)}`);
}

async function postFaults({ controls }: Emulators, endpoint: EmulatedEndpoint, faults: readonly object[]): Promise<void> {
  const response = await fetch(`${controls[endpoint]}/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ faults }),
  });
  if (!response.ok) throw new Error(`${endpoint} refuses these faults: ${await response.text()}`);
}

async function readLedger({ controls }: Emulators, endpoint: EmulatedEndpoint): Promise<readonly LedgerRequest[]> {
  const response = await fetch(`${controls[endpoint]}/ledger`);
  const body = (await response.json()) as { requests: LedgerRequest[] }; // the emulators are ours
  return body.requests;
}

function lastOf(workers: readonly RunningChild[]): RunningChild {
  const worker = workers.at(-1);
  if (worker === undefined) throw new Error('no worker was started');
  return worker;
}
