/** Runs a sandbox's program to its end: output kept within bounds, killed with all it started when its time is over or nobody waits. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { OutputBuffer } from './output-buffer.ts';
import type { CommandRequest, CommandResult } from './sandbox.ts';

export interface RunningProcess {
  readonly child: ChildProcess;
  /** Kills the program and every process below it. */
  readonly killTree: () => void;
}

/** After the program's end its output is closed within milliseconds; a process that escaped and holds it must not keep the task. */
const CLOSE_GRACE_MS = 2_000;
/** Timers of more than 2^31-1 ms fire at once in Node. */
const LONGEST_TIMER_MS = 2_147_483_647;

type Stop = 'timed-out' | 'cancelled';

/** @throws Error when the sandbox's program itself cannot be started */
export async function runProcess(start: () => RunningProcess, request: CommandRequest): Promise<CommandResult> {
  const { signal, timeoutMs } = request;
  const startedAt = performance.now();
  const buffer = new OutputBuffer();
  const finish = (end: CommandResult['end']): CommandResult => ({
    output: buffer.toString(),
    outputBytes: buffer.bytes,
    wallTimeMs: Math.round(performance.now() - startedAt),
    end,
  });
  if (signal.aborted) return finish({ kind: 'cancelled' });
  const { child, killTree } = start();
  let stopped: Stop | undefined;
  const stop = (why: Stop): void => {
    stopped ??= why;
    killTree();
  };
  const cancel = (): void => stop('cancelled');
  signal.addEventListener('abort', cancel, { once: true });
  const timer = setTimeout(() => stop('timed-out'), Math.min(timeoutMs, LONGEST_TIMER_MS));
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => buffer.write(chunk));
  try {
    await untilClosed(child);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
  }
  if (stopped !== undefined) return finish({ kind: stopped });
  if (child.signalCode !== null) return finish({ kind: 'killed', signal: child.signalCode });
  return finish({ kind: 'exited', code: child.exitCode ?? -1 });
}

async function untilClosed(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close');
  let grace: NodeJS.Timeout | undefined;
  child.once('exit', () => {
    grace = setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, CLOSE_GRACE_MS);
  });
  try {
    await closed;
  } finally {
    clearTimeout(grace);
  }
}
