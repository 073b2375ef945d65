/** Temporal, the emulated clouds, and a worker with a task store of its own for each fault, so that no circuit is left over. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findTemporalBinary } from '../../scripts/temporal-binary.mjs';
import { TaskClient } from '../../client/index.ts';
import type { RunningChild } from '../../workers/dev/child-process.ts';
import { startChild } from '../../workers/dev/child-process.ts';
import type { EmulatedClouds } from '../../workers/dev/emulated-clouds.ts';
import { startEmulatedClouds } from '../../workers/dev/emulated-clouds.ts';
import { startTemporalServer } from '../../workers/dev/temporal-server.ts';
import { MODEL } from '../support/builders.ts';
import type { SdkCall } from './rival-sdk.ts';
import { callBySdk } from './rival-sdk.ts';

const WORKER = fileURLToPath(new URL('../../workers/main.ts', import.meta.url));
const FIRST = 'azure-eastus2';
const SECOND = 'aws-us-east-1';

/** One turn of a task of ours, from its first attempt to its answer. */
export interface OurCall {
  readonly state: string;
  readonly turnMs: number;
  readonly requestsToFirst: number;
}

export interface FailoverStage {
  /** A fresh worker over a fresh task store; the ledgers are counted anew. */
  restart(): Promise<void>;
  setFault(fault: object): Promise<void>;
  clearFaults(): Promise<void>;
  runTask(): Promise<OurCall>;
  callSdk(): Promise<SdkCall>;
  /** Generations paid since the restart, at both clouds: a task names itself in the request, the SDK's caller does not. */
  countBilled(whose: 'ours' | 'sdk'): Promise<number>;
  stop(): Promise<void>;
}

interface LedgerRequest {
  readonly method: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly billedUsage: object | null;
}

/** `silenceMs`: how long either side waits for a cloud that says nothing. */
export async function startFailoverStage(silenceMs: number): Promise<FailoverStage> {
  const directory = await mkdtemp(join(tmpdir(), 'anyport-failover-'));
  const binary = await findTemporalBinary();
  if (binary === undefined) throw new Error('there is no Temporal server here: run node scripts/bootstrap.mjs');
  const clouds = await startClouds(directory);
  const server = await startTemporalServer({ binary: binary.path, ports: { grpc: 0, ui: 0 } });
  const { configFile, target } = await writeConfig({ directory, clouds, silenceMs });
  const tasks = await TaskClient.connect({ address: server.address, namespace: 'default', dataDirectory: directory });
  let worker: RunningChild | undefined;
  let runs = 0;
  let seen: Readonly<Record<string, number>> = {};
  return {
    async restart() {
      await worker?.stop();
      runs += 1;
      const data = join(directory, `data-${runs}`);
      worker = await startWorker({ data, address: server.address, configFile, clouds });
      seen = await ledgerLengths(clouds);
    },
    setFault: (fault) => post(clouds, { faults: [fault] }),
    clearFaults: async () => void (await fetch(`${clouds.controls[FIRST]}/faults`, { method: 'DELETE' })),
    runTask: () => runTask(tasks),
    callSdk: () => callBySdk({ ...target, patienceMs: silenceMs * 3 }),
    async countBilled(whose) {
      const requests = await Promise.all([FIRST, SECOND].map((name) => readLedger(clouds, name)));
      const fresh = requests.flatMap((list, index) => list.slice(seen[[FIRST, SECOND][index] ?? ''] ?? 0));
      return fresh.filter(({ billedUsage, metadata }) => {
        return billedUsage !== null && (metadata?.['task'] === undefined ? 'sdk' : 'ours') === whose;
      }).length;
    },
    async stop() {
      await worker?.stop();
      await tasks.close();
      await server.stop();
      await clouds.process.stop();
      await rm(directory, { recursive: true });
    },
  };
}

async function runTask(tasks: TaskClient): Promise<OurCall> {
  const { taskId } = await tasks.start({ prompt: 'bench', model: MODEL });
  const { state } = await tasks.result(taskId);
  const { events } = await tasks.status(taskId);
  const begin = events.find(({ kind }) => kind === 'attempt-started');
  const end = events.find(({ kind }) => kind === 'turn-answered') ?? events.at(-1);
  const requestsToFirst = events.filter((event) => event.kind === 'attempt-started' && event.deployment.startsWith(FIRST)).length;
  const held = events.filter((event) => event.kind === 'attempt-failed' && event.failure.startsWith('held')).length;
  return { state, turnMs: (end?.atMs ?? NaN) - (begin?.atMs ?? NaN), requestsToFirst: requestsToFirst - held };
}

function startClouds(directory: string): Promise<EmulatedClouds> {
  const scripts = join(directory, 'scripts');
  mkdirSync(scripts, { recursive: true });
  const script = [{ when: { inputContains: 'bench' }, turns: [{ text: 'An answer of a few words, in a few events.' }] }];
  writeFileSync(join(scripts, 'bench.json'), JSON.stringify(script));
  return startEmulatedClouds({ dataDirectory: directory, scripts, environment: process.env, say: (line) => console.error(line) });
}

interface ConfigInput {
  readonly directory: string;
  readonly clouds: EmulatedClouds;
  readonly silenceMs: number;
}

async function writeConfig({ directory, clouds, silenceMs }: ConfigInput) {
  const { endpoints }: { endpoints: Record<string, { baseUrl: string; auth: { apiKeyEnv: string } }> } = JSON.parse(
    readFileSync(clouds.configFile, 'utf8'),
  );
  const [first, second] = [endpoints[FIRST], endpoints[SECOND]];
  if (first === undefined || second === undefined) throw new Error('the emulated clouds lack the endpoints of this benchmark');
  const configFile = join(directory, 'anyport.yaml');
  const timeouts = { firstEventSeconds: silenceMs / 1_000, idleSeconds: silenceMs / 1_000 };
  const own = { [FIRST]: { ...first, timeouts }, [SECOND]: { ...second, timeouts } };
  await writeFile(
    configFile,
    JSON.stringify({ endpoints: own, tenants: { default: { order: ['azure', 'aws'] } }, sandbox: 'optional' }),
  );
  const apiKey = clouds.environment[first.auth.apiKeyEnv] ?? '';
  return { configFile, target: { baseUrl: first.baseUrl, apiKey, model: 'my-sol' } };
}

interface WorkerInput {
  readonly data: string;
  readonly address: string;
  readonly configFile: string;
  readonly clouds: EmulatedClouds;
}

function startWorker({ data, address, configFile, clouds }: WorkerInput): Promise<RunningChild> {
  return startChild({
    name: 'worker',
    command: process.execPath,
    args: [WORKER, '--exit-with-parent', '--config', configFile, '--data', data, '--temporal', address, '--namespace', 'default'],
    environment: { ...process.env, ...clouds.environment },
    readyTimeoutMs: 60_000,
  });
}

async function post({ controls }: EmulatedClouds, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${controls[FIRST]}/faults`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`the emulated cloud refuses this fault: ${await response.text()}`);
}

async function ledgerLengths(clouds: EmulatedClouds): Promise<Readonly<Record<string, number>>> {
  const lengths = await Promise.all(
    [FIRST, SECOND].map(async (name) => [name, (await readLedger(clouds, name)).length] as const),
  );
  return Object.fromEntries(lengths);
}

async function readLedger({ controls }: EmulatedClouds, name: string): Promise<readonly LedgerRequest[]> {
  const response = await fetch(`${controls[name]}/ledger`);
  const { requests } = (await response.json()) as { requests: LedgerRequest[] }; // the emulators are ours
  return requests;
}
