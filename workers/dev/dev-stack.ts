/** The whole of Anyport on one machine: Temporal server, emulated clouds when there are no others, and a worker. */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { searchTemporalBinary } from '../../scripts/temporal-binary.mjs';
import type { SandboxPolicy } from '../../activities/sandbox/choose-sandbox.ts';
import { loadConfig } from '../config.ts';
import { resolveEndpoints } from '../endpoints.ts';
import type { RunningChild } from './child-process.ts';
import { describeExit, startChild } from './child-process.ts';
import { lockDataDirectory } from './data-directory-lock.ts';
import { removeDevRecord, writeDevRecord } from './dev-record.ts';
import type { EmulatedClouds } from './emulated-clouds.ts';
import { startEmulatedClouds } from './emulated-clouds.ts';
import type { HttpDoor } from './http-door.ts';
import { keepHttpDoor } from './http-door.ts';
import type { KeptProcess } from './keep-running.ts';
import { keepRunning } from './keep-running.ts';
import { superviseWorker } from '../supervisor/supervise-worker.ts';
import { storeFile } from '../store-file.ts';
import type { TemporalServer } from './temporal-server.ts';
import { startTemporalServer, TemporalServerError } from './temporal-server.ts';

const WORKER = fileURLToPath(new URL('../main.ts', import.meta.url));
/** It is up after 2 to 3 s, most of it for bundling the workflows when they changed; this is for a busy machine. */
const WORKER_READY_TIMEOUT_MS = 90_000;

export interface DevStackOptions {
  /** Everything durable: a stack started on the same folder goes on with its tasks. Made when it is missing. */
  readonly dataDirectory: string;
  /** A configuration file; default: as `loadConfig` finds it. */
  readonly config?: string;
  /** A folder of conversations for the emulated clouds. */
  readonly scripts?: string;
  /** Wins over the configuration's. */
  readonly sandbox?: SandboxPolicy;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ports to take when they are free; default: Temporal's usual ones. 0 is any. */
  readonly ports?: { readonly grpc: number; readonly ui: number };
  /** Opens the HTTP door, on this port when it is free. Absent: none. */
  readonly httpPort?: number;
  /** One line at a time, for the person at the terminal. */
  readonly say: (line: string) => void;
}

export interface DevStack {
  readonly temporalAddress: string;
  readonly uiAddress: string | null;
  /** http://host:port; null without a door. */
  readonly httpAddress: string | null;
  readonly namespace: string;
  readonly emulated: boolean;
  readonly controls: Readonly<Record<string, string>>;
  /** Undefined while the worker is down. */
  workerPid(): number | undefined;
  /** `kill -9`; resolves when it is dead. Another one is started by itself. */
  killWorker(): Promise<void>;
  /** The process id of the worker that runs, or of the next one to come up. */
  workerUp(): Promise<number>;
  /** Resolves with words when a part is gone that cannot be started again. */
  readonly broken: Promise<string>;
  stop(): Promise<void>;
}

interface Temporal {
  readonly address: string;
  readonly uiAddress: string | null;
  readonly namespace: string;
  readonly workerArguments: readonly string[];
  readonly workerEnvironment: Readonly<Record<string, string | undefined>>;
}

/** Undone in reverse order, also when a later part does not come up. */
type Undo = () => void | Promise<void>;

/** Resolves when a task can be started. @throws Error with words for the terminal; nothing is left running then */
export async function startDevStack(given: DevStackOptions): Promise<DevStack> {
  const options = { ...given, dataDirectory: resolve(given.dataDirectory) };
  const undo: Undo[] = [];
  try {
    return await startParts(options, undo);
  } catch (error) {
    await undoAll(undo);
    throw error;
  }
}

async function startParts(options: DevStackOptions, undo: Undo[]): Promise<DevStack> {
  const { dataDirectory, say } = options;
  const isEmulated = !hasEndpoints(options);
  const lock = lockDataDirectory(dataDirectory);
  undo.push(() => lock.release());
  const [temporal, clouds] = await bothOf(provideTemporal(options, undo), isEmulated ? provideClouds(options, undo) : undefined);
  announceClouds(options, clouds);
  const worker = await superviseWorker({
    start: () => startWorker(options, temporal, clouds),
    storeFile: storeFile({ dataDirectory }),
    temporal: { temporal: temporal.address, namespace: temporal.namespace, environment: temporal.workerEnvironment },
    say,
  });
  undo.push(() => worker.stop());
  const door = await openDoor(options, temporal, undo);
  const record = {
    temporalAddress: temporal.address,
    uiAddress: temporal.uiAddress,
    namespace: temporal.namespace,
    emulated: isEmulated,
    controls: clouds?.controls ?? {},
  };
  writeDevRecord(dataDirectory, { ...record, pid: process.pid });
  undo.push(() => removeDevRecord(dataDirectory));
  return { ...record, httpAddress: door?.address ?? null, ...workerControls(worker), ...ending(clouds, undo) };
}

/** Waits for both even when one fails, so that whatever came up can be undone. */
async function bothOf<First, Second>(
  first: Promise<First>,
  second: Promise<Second> | undefined,
): Promise<[First, Second | undefined]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}

async function openDoor({ httpPort, say }: DevStackOptions, temporal: Temporal, undo: Undo[]): Promise<HttpDoor | undefined> {
  if (httpPort === undefined) return undefined;
  const door = await keepHttpDoor({ port: httpPort, temporal, environment: temporal.workerEnvironment, say });
  undo.push(() => door.stop());
  return door;
}

async function provideClouds(options: DevStackOptions, undo: Undo[]): Promise<EmulatedClouds> {
  const clouds = await startEmulatedClouds(options);
  undo.push(() => clouds.process.stop().then(() => undefined));
  return clouds;
}

/** @throws ConfigError naming the file and line, also when none of the endpoints could be served: before anything is started */
function hasEndpoints({ config, environment }: DevStackOptions): boolean {
  const loaded = loadConfig({ file: config, environment, workingDirectory: process.cwd() });
  return loaded.endpoints.length > 0 && resolveEndpoints(loaded, environment).served.length > 0;
}

function announceClouds({ say, scripts }: DevStackOptions, clouds: EmulatedClouds | undefined): void {
  if (clouds === undefined) {
    if (scripts !== undefined) say('--scripts has no effect: it is for the emulated clouds, and clouds are configured');
    return;
  }
  say('NO CLOUD IS CONFIGURED: EMULATED CLOUDS answer, from scripts and without a model. Nothing leaves this machine.');
  say(`emulated endpoints: ${Object.keys(clouds.controls).join(', ')}`);
}

async function provideTemporal(options: DevStackOptions, undo: Undo[]): Promise<Temporal> {
  const { environment, say } = options;
  const address = environment['TEMPORAL_ADDRESS'];
  if (address !== undefined && address !== '') {
    say(`using the Temporal server at ${address} (TEMPORAL_ADDRESS)`);
    const namespace = environment['TEMPORAL_NAMESPACE'] ?? 'default';
    return { address, uiAddress: null, namespace, workerArguments: [], workerEnvironment: environment };
  }
  const server = await keepTemporal(options);
  undo.push(() => server.stop());
  const { address: own, uiAddress } = await server.running();
  return {
    address: own,
    uiAddress,
    namespace: 'default',
    workerArguments: ['--temporal', own, '--namespace', 'default'],
    workerEnvironment: { ...withoutTemporal(environment), TEMPORAL_CONFIG_FILE: writeProfile(options.dataDirectory, own) },
  };
}

/** A server that died comes back at the same address, since everybody knows that one. */
async function keepTemporal({ dataDirectory, environment, ports, say }: DevStackOptions): Promise<KeptProcess<TemporalServer>> {
  const { found, rejected } = await searchTemporalBinary({ env: environment });
  if (found === undefined) {
    throw new TemporalServerError(
      `there is no Temporal server on this machine (${rejected.join('; ')}). Run "node scripts/bootstrap.mjs" to get one, or set TEMPORAL_ADDRESS to yours.`,
    );
  }
  let firstPorts: TemporalServer['ports'] | undefined;
  const start = async (): Promise<TemporalServer> => {
    const wished = firstPorts ?? ports;
    const server = await startTemporalServer({
      binary: found.path,
      dataDirectory,
      ...(wished === undefined ? {} : { ports: wished }),
    });
    if (firstPorts !== undefined && server.ports.grpc !== firstPorts.grpc) {
      await server.stop();
      throw new TemporalServerError(`port ${firstPorts.grpc} is taken by another process`);
    }
    firstPorts = server.ports;
    return server;
  };
  return keepRunning({ name: 'Temporal server', start, say });
}

/** The server is ours: variables and profiles meant for another one must not change how it is reached. */
function withoutTemporal(environment: DevStackOptions['environment']): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

/** A profile of our own hides that in the user's home; an empty file would do, but envconfig 1.24 breaks on it. */
function writeProfile(dataDirectory: string, address: string): string {
  const file = join(dataDirectory, 'temporal.toml');
  writeFileSync(file, `[profile.default]\naddress = "${address}"\nnamespace = "default"\n`);
  return file;
}

function startWorker(options: DevStackOptions, temporal: Temporal, clouds: EmulatedClouds | undefined): Promise<RunningChild> {
  const config = clouds?.configFile ?? options.config;
  return startChild({
    name: 'worker',
    command: process.execPath,
    args: [
      WORKER,
      '--exit-with-parent',
      '--standby',
      '--store',
      storeFile({ dataDirectory: options.dataDirectory }),
      '--data',
      options.dataDirectory,
      ...temporal.workerArguments,
      ...(config === undefined ? [] : ['--config', config]),
      ...(options.sandbox === undefined ? [] : ['--sandbox', options.sandbox]),
    ],
    environment: { ...temporal.workerEnvironment, ...clouds?.environment },
    readyTimeoutMs: WORKER_READY_TIMEOUT_MS,
    onStderr: (line) => options.say(`worker: ${line}`),
  });
}

function workerControls(worker: KeptProcess<RunningChild>): Pick<DevStack, 'workerPid' | 'killWorker' | 'workerUp'> {
  return {
    workerPid: () => worker.current()?.pid,
    workerUp: async () => (await worker.running()).pid,
    killWorker: async () => {
      const victim = worker.current();
      victim?.kill();
      await victim?.exited;
    },
  };
}

function ending(clouds: EmulatedClouds | undefined, undo: Undo[]): Pick<DevStack, 'broken' | 'stop'> {
  let stopped: Promise<void> | undefined;
  // Their ports are in every running task's configuration, so they are not started again.
  const broken = clouds?.process.exited.then((exit) => `the emulated clouds died: ${describeExit(exit)}`);
  return {
    broken: broken ?? new Promise<never>(() => undefined),
    stop: () => (stopped ??= undoAll(undo)),
  };
}

async function undoAll(undo: Undo[]): Promise<void> {
  for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
}
