/**
 * `anyport worker`: a supervisor and one worker process, which it starts again when it dies. A signal drains the worker; when the
 * supervisor itself is killed, the worker sees its lifeline close and goes too.
 */
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeProblem } from '../describe-problem.ts';
import type { RunningChild } from '../dev/child-process.ts';
import { startChild } from '../dev/child-process.ts';
import type { WorkerFlags } from '../worker-command.ts';
import { workerCommand } from '../worker-command.ts';
import { storeFile } from '../store-file.ts';
import { superviseWorker } from './supervise-worker.ts';

const WORKER = fileURLToPath(new URL('../main.ts', import.meta.url));
/** It is up after 2 to 3 s, most of it for bundling the workflows when they changed; this is for a busy machine. */
const READY_TIMEOUT_MS = 90_000;
/** Above the 30 s that a worker gives what it is doing; below the 40 s after which the container is killed. */
const DRAIN_MS = 35_000;
const NO_SUPERVISOR = '--no-supervisor';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const flags = workerCommand()
  .option(NO_SUPERVISOR, 'run the worker in this process; nobody starts it again, and what it did waits for its heartbeats')
  .parse()
  .opts<WorkerFlags & { readonly supervisor: boolean }>();

try {
  await (flags.supervisor ? supervise(flags) : runBare(flags));
} catch (error) {
  console.error(`anyport worker: ${describeProblem(error)}`);
  process.exitCode = 1;
  // With a lifeline it would stay, and whoever started it would wait for a worker that never comes.
  process.stdin.destroy();
}

async function runBare({ supervisor: _supervisor, ...workerFlags }: typeof flags): Promise<void> {
  const { runWorker } = await import('../run-worker.ts');
  await runWorker(workerFlags);
}

async function supervise({ data, store, temporal, namespace }: WorkerFlags): Promise<void> {
  const dataDirectory = resolve(data);
  await mkdir(dataDirectory, { recursive: true });
  const stopRequested = waitForStop();
  const worker = await superviseWorker({
    start: startWorker,
    storeFile: storeFile({ store, dataDirectory }),
    temporal: {
      environment: process.env,
      ...(temporal === undefined ? {} : { temporal }),
      ...(namespace === undefined ? {} : { namespace }),
    },
    say: (line) => console.error(line),
  });
  console.log(JSON.stringify({ ready: true, worker: worker.current()?.pid ?? null }));
  await stopRequested;
  await worker.stop();
  // The lifeline would keep us up.
  process.stdin.destroy();
}

async function startWorker(): Promise<RunningChild> {
  const child = await startChild({
    name: 'worker',
    command: process.execPath,
    args: [WORKER, ...process.argv.slice(2), '--exit-with-parent', '--standby'],
    environment: process.env,
    readyTimeoutMs: READY_TIMEOUT_MS,
    onStderr: (line) => console.error(line),
  });
  return { ...child, stop: () => drain(child) };
}

/** Lets the worker end what it is doing, as far as that does not take too long. */
async function drain(child: RunningChild): ReturnType<RunningChild['stop']> {
  child.drain();
  const timer = setTimeout(() => child.kill(), DRAIN_MS);
  return child.exited.finally(() => clearTimeout(timer));
}

/** Resolves at the first signal, or when the parent is gone that it was to go with; another signal ends us at once. */
function waitForStop(): Promise<void> {
  return new Promise((done) => {
    let isStopping = false;
    const stop = (): void => {
      isStopping = true;
      done();
    };
    for (const signal of SIGNALS) process.on(signal, () => (isStopping ? process.exit(1) : stop()));
    if (flags.exitWithParent !== true) return;
    process.stdin.resume();
    process.stdin.once('close', stop);
  });
}
