/**
 * A process of the local stack. It gets a lifeline as standard input, which closes when we are gone, and reports itself
 * ready with one line of JSON on standard output. It leads a process group of its own, so that a Ctrl-C in the terminal reaches us alone and
 * everything is stopped in order.
 */
import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** A worker may use 3 s for its last words, the guard 3 s for its program; after this they are killed. */
const STOP_GRACE_MS = 6_000;
/** Kept of what a process says on standard error, for the message when it fails; the cause of a Go panic stands above its stack. */
const KEPT_LINES = 80;

export interface ChildProcessOptions {
  /** As in messages: "worker". */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How long it may take until its first line. */
  readonly readyTimeoutMs: number;
  /** Every line it writes to standard error, from when it is ready: before that they are in the error, if it comes to one. */
  readonly onStderr?: (line: string) => void;
}

export interface ExitReport {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Its last lines on standard error. */
  readonly lastWords: string;
}

export interface RunningChild {
  readonly pid: number;
  /** Its first line on standard output. */
  readonly report: unknown;
  readonly exited: Promise<ExitReport>;
  /** As `kill -9` does. */
  kill(): void;
  /** Writes a line to its lifeline. */
  tell(line: string): void;
  /** Asks it to end what it is doing and go. */
  drain(): void;
  /** Closes its lifeline and waits; kills it when it does not go. */
  stop(): Promise<ExitReport>;
}

type Spawned = ChildProcessByStdio<Writable, Readable, Readable>;

/** The process did not come up. */
export class ChildProcessError extends Error {
  readonly exit: ExitReport | undefined;

  constructor(message: string, exit?: ExitReport) {
    super(message);
    this.name = 'ChildProcessError';
    this.exit = exit;
  }
}

/** Resolves when the process has reported itself ready. @throws ChildProcessError with its last words */
export async function startChild(options: ChildProcessOptions): Promise<RunningChild> {
  const child = spawn(options.command, options.args, {
    detached: true,
    env: options.environment,
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
  });
  // Writing to a process that is gone is no error of ours; its exit is reported anyway.
  child.stdin.on('error', () => undefined);
  const log = createLog(options.onStderr);
  createInterface({ input: child.stderr }).on('line', (line) => log.add(line));
  const exited = observeExit(child, log);
  const report = await readReport(child, exited, options);
  log.release();
  const stop = async (): Promise<ExitReport> => {
    child.stdin.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
    return exited.finally(() => clearTimeout(timer));
  };
  return {
    pid: child.pid ?? 0,
    report,
    exited,
    kill: () => void child.kill('SIGKILL'),
    drain: () => void child.kill('SIGTERM'),
    tell: (line) => void child.stdin.write(`${line}\n`),
    stop,
  };
}

interface Log {
  add(line: string): void;
  /** Hands on what came so far, and from now on every line as it comes. */
  release(): void;
  lastWords(): string;
}

function createLog(onStderr: (line: string) => void = () => undefined): Log {
  const lines: string[] = [];
  let isReleased = false;
  return {
    add: (line) => {
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
      if (isReleased) onStderr(line);
    },
    release: () => {
      isReleased = true;
      lines.forEach((line) => onStderr(line));
    },
    lastWords: () => lines.join('\n'),
  };
}

function observeExit(child: Spawned, log: Log): Promise<ExitReport> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, lastWords: error.message }));
    // `close` comes after the last line was read; a grandchild that holds the pipe open would delay it without end.
    child.once('exit', (code, signal) => {
      const report = () => resolve({ code, signal, lastWords: log.lastWords() });
      child.once('close', report);
      setTimeout(report, 200);
    });
  });
}

async function readReport(child: Spawned, exited: Promise<ExitReport>, options: ChildProcessOptions): Promise<unknown> {
  const { name, readyTimeoutMs } = options;
  const line = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).once('line', resolve);
  });
  const timer = new AbortController();
  const late = new Promise<'late'>((resolve) => {
    const timeout = setTimeout(() => resolve('late'), readyTimeoutMs);
    timer.signal.addEventListener('abort', () => clearTimeout(timeout));
  });
  const first = await Promise.race([line, exited, late]).finally(() => timer.abort());
  if (first === 'late') {
    child.kill('SIGKILL');
    const exit = await exited;
    throw new ChildProcessError(`the ${name} was not ready after ${readyTimeoutMs / 1000} s.${quote(exit.lastWords)}`, exit);
  }
  if (typeof first !== 'string') {
    throw new ChildProcessError(`the ${name} ended at once (${describeExit(first)}).${quote(first.lastWords)}`, first);
  }
  return parseReport(first, child, name);
}

function parseReport(line: string, child: Spawned, name: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    child.kill('SIGKILL');
    throw new ChildProcessError(`the ${name} said "${line.slice(0, 200)}" where it should say that it is ready.`);
  }
}

export function describeExit({ code, signal }: ExitReport): string {
  if (signal !== null) return `killed by ${signal}`;
  return code === null ? 'not started' : `exit code ${code}`;
}

function quote(words: string): string {
  return words.trim() === '' ? '' : ` It said:\n${words.trimEnd()}`;
}
