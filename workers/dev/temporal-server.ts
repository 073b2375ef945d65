/** A Temporal dev server of our own: on the loopback interface only, since it knows no authorization. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ExitReport, RunningChild } from './child-process.ts';
import { describeExit, startChild } from './child-process.ts';
import { chooseFreePorts } from './free-port.ts';

const GUARD = fileURLToPath(new URL('guard.mjs', import.meta.url));
const HOST = '127.0.0.1';
const NAMESPACE = 'default';
const USUAL_PORT = 7233;
const USUAL_UI_PORT = 8233;
/** It serves after 0.4 s (measured); a cold disk and a busy machine take longer. */
const SERVING_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 25;
/** Node starts in 0.05 s; this is for a busy machine. */
const GUARD_TIMEOUT_MS = 20_000;
/** Between our choice of a port and its use another process may take it; twice in a row is no accident. */
const START_ATTEMPTS = 3;
/**
 * The dev server has one history shard, whose queues are polled 20 times a second by default: 100 ms per turn. With these it is
 * 24 to 45 ms (measured with server 1.29).
 */
const TUNING = [
  ...['transfer', 'timer', 'visibility'].map((queue) => `history.${queue}ProcessorMaxPollRPS=1000`),
  // Priorities and an even share for each tenant in every queue; off by default in this server.
  'matching.enableFairness=true',
];

export interface TemporalServerOptions {
  /** Path of the `temporal` executable. */
  readonly binary: string;
  /** Where `temporal.db` and `temporal.log` go; without it the server keeps everything in memory. */
  readonly dataDirectory?: string;
  /** Taken when they are free; default: 7233 and 8233. 0 is any. */
  readonly ports?: { readonly grpc: number; readonly ui: number };
  /** Settings of the server besides our own, as KEY=VALUE. */
  readonly dynamicConfig?: readonly string[];
}

export interface TemporalServer {
  /** host:port of gRPC. */
  readonly address: string;
  /** http://host:port of the web UI. */
  readonly uiAddress: string;
  readonly ports: { readonly grpc: number; readonly ui: number };
  /** Of the server itself. */
  readonly pid: number;
  readonly exited: Promise<ExitReport>;
  stop(): Promise<void>;
}

/** Why no server came up, in words for whoever started it. */
export class TemporalServerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TemporalServerError';
  }
}

/** Resolves when the server answers and its namespace is there. @throws TemporalServerError */
export async function startTemporalServer(options: TemporalServerOptions): Promise<TemporalServer> {
  if (options.dataDirectory !== undefined) mkdirSync(options.dataDirectory, { recursive: true });
  for (let attempt = 1; ; attempt += 1) {
    const started = await tryStart(options);
    if ('address' in started) return started;
    if (!isWorthAnother(started) || attempt === START_ATTEMPTS) throw new TemporalServerError(explain(started, options));
  }
}

/**
 * One of our ports was taken in the meantime, or the server, which takes more of them for itself, lost such a race and panicked. One that
 * ends at once without a word was seen once (2026-11), on a machine where several were starting; what is really wrong it says.
 */
function isWorthAnother({ code, lastWords }: ExitReport): boolean {
  if (lastWords.includes('address already in use') || lastWords.includes('assigning ephemeral port')) return true;
  return code !== null && lastWords.trim() === '';
}

async function tryStart(options: TemporalServerOptions): Promise<TemporalServer | ExitReport> {
  const { grpc, ui } = options.ports ?? { grpc: USUAL_PORT, ui: USUAL_UI_PORT };
  const [grpcPort = 0, uiPort = 0, httpPort = 0, metricsPort = 0] = await chooseFreePorts([grpc, ui, 0, 0]);
  const child = await startChild({
    name: 'Temporal server',
    command: process.execPath,
    args: [GUARD, options.binary, ...serverArguments(options, { grpcPort, uiPort, httpPort, metricsPort })],
    environment: environmentOfServer(),
    readyTimeoutMs: GUARD_TIMEOUT_MS,
    onStderr: logTo(options.dataDirectory),
  });
  const exit = await waitUntilServing(child, httpPort);
  if (exit !== undefined) return exit;
  const pid = pidOf(child.report);
  // Should the guard itself be killed, nobody else is left to end its server.
  const exited = child.exited.then((report) => {
    if (report.signal !== null) killQuietly(pid);
    return report;
  });
  return {
    address: `${HOST}:${grpcPort}`,
    uiAddress: `http://${HOST}:${uiPort}`,
    ports: { grpc: grpcPort, ui: uiPort },
    pid,
    exited,
    stop: async () => {
      await child.stop();
      await exited;
    },
  };
}

interface ServerPorts {
  readonly grpcPort: number;
  readonly uiPort: number;
  readonly httpPort: number;
  readonly metricsPort: number;
}

function serverArguments(options: TemporalServerOptions, ports: ServerPorts): readonly string[] {
  // As fast as in memory (measured); NORMAL loses nothing when the process is killed, only when the machine is.
  const durable = ['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'];
  const database = options.dataDirectory === undefined ? [] : ['--db-filename', databaseFile(options.dataDirectory), ...durable];
  const dynamicConfig = [...TUNING, ...(options.dynamicConfig ?? [])].flatMap((value) => ['--dynamic-config-value', value]);
  const settings = ['--ip', HOST, '--log-level', 'error', ...dynamicConfig];
  const own = ['--port', String(ports.grpcPort), '--ui-port', String(ports.uiPort)];
  // Left to itself the server takes any free ports for these two, and we would not know where it answers.
  const inner = ['--http-port', String(ports.httpPort), '--metrics-port', String(ports.metricsPort)];
  return ['server', 'start-dev', ...settings, ...own, ...inner, ...database];
}

/** TEMPORAL_* speaks of the server to connect to; the CLI would read it too. */
function environmentOfServer(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

/** Resolves with the exit when the server gave up. */
async function waitUntilServing(child: RunningChild, httpPort: number): Promise<ExitReport | undefined> {
  const url = `http://${HOST}:${httpPort}/api/v1/namespaces/${NAMESPACE}`;
  const giveUpAt = performance.now() + SERVING_TIMEOUT_MS;
  while (performance.now() < giveUpAt) {
    const outcome = await Promise.race([child.exited, isAnswered(url)]);
    if (typeof outcome !== 'boolean') return outcome;
    if (outcome) return undefined;
    await sleep(POLL_INTERVAL_MS);
  }
  const { lastWords } = await child.stop();
  return { code: null, signal: null, lastWords: `it did not answer within ${SERVING_TIMEOUT_MS / 1000} s\n${lastWords}` };
}

async function isAnswered(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

function pidOf(report: unknown): number {
  if (typeof report === 'object' && report !== null && 'pid' in report && typeof report.pid === 'number') return report.pid;
  throw new TemporalServerError('the guard of the Temporal server did not name its process');
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It went with its guard, as it should.
  }
}

function databaseFile(dataDirectory: string): string {
  return join(dataDirectory, 'temporal.db');
}

/** The log of this start alone: the server is chatty when it stops. */
function logTo(dataDirectory: string | undefined): (line: string) => void {
  if (dataDirectory === undefined) return () => undefined;
  const file = join(dataDirectory, 'temporal.log');
  writeFileSync(file, '');
  return (line) => appendFileSync(file, `${line}\n`);
}

function explain({ code, signal, lastWords }: ExitReport, { dataDirectory, binary }: TemporalServerOptions): string {
  const file = dataDirectory === undefined ? 'its database' : databaseFile(dataDirectory);
  if (lastWords.includes('not a database') || lastWords.includes('malformed')) {
    const remedy = 'Move it away with its -wal and -shm files (the tasks in it are lost), or choose another folder with --data.';
    return `${file} is damaged or no Temporal database. ${remedy}`;
  }
  if (lastWords.includes('database is locked')) {
    return `${file} is in use by another process. Stop the Temporal server that runs on it, or choose another folder with --data.`;
  }
  if (lastWords.includes('unable to open database') || lastWords.includes('readonly database')) {
    return `${file} cannot be opened for writing. Check its rights and those of its folder, or choose another folder with --data.`;
  }
  if (lastWords.includes('disk is full') || lastWords.includes('no space left')) {
    return `the disk is full: ${file} cannot grow. Make room, or choose another folder with --data.`;
  }
  const how = describeExit({ code, signal, lastWords });
  return `the Temporal server (${binary}) did not start (${how}). It said:\n${lastWords.trim() === '' ? '(nothing)' : lastWords.trimEnd()}`;
}
