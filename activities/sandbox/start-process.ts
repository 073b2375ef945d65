/** Starts a program behind pipes or at a pseudo-terminal, and tells of both in the same way. */
import { spawn as spawnAtTerminal } from '@lydell/node-pty';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { ProcessEnd, SandboxProcess, TerminalSize } from './sandbox.ts';

export interface ProgramStart {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  readonly terminal?: TerminalSize | undefined;
  /** Standard input is a pipe that stays open as long as we live: a program that watches it dies with us. */
  readonly lifeline?: true;
  /** Kills the program and all below it; by default it is killed alone, as its namespace then goes with it. */
  killTree?(child: ChildProcess): void;
}

/** After the program's end its output is closed within milliseconds; a process that escaped and holds it must not keep the task. */
const CLOSE_GRACE_MS = 2_000;

/** @throws Error when the program cannot be started */
export function startProcess(start: ProgramStart): Promise<SandboxProcess> {
  return start.terminal === undefined ? startBehindPipes(start) : startAtTerminal(start, start.terminal);
}

async function startBehindPipes({ command, args, environment, workingDirectory, lifeline, killTree }: ProgramStart) {
  const child = spawn(command, args, {
    cwd: workingDirectory,
    env: { ...environment },
    stdio: [lifeline === true ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  // The lifeline breaks when the command ends first; that is no error.
  child.stdin?.on('error', () => undefined);
  const listeners: ((chunk: Buffer) => void)[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => listeners.forEach((listener) => listener(chunk)));
  }
  const ended = untilClosed(child);
  await once(child, 'spawn');
  const running: SandboxProcess = {
    onOutput: (listener) => listeners.push(listener),
    write: () => undefined,
    kill: () => (killTree === undefined ? child.kill('SIGKILL') : killTree(child)),
    ended,
  };
  return running;
}

async function untilClosed(child: ChildProcess): Promise<ProcessEnd> {
  let grace: NodeJS.Timeout | undefined;
  child.once('exit', () => {
    grace = setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, CLOSE_GRACE_MS);
  });
  await new Promise<void>((done) => {
    child.once('close', () => done());
    // It was never started: whoever waits for `spawn` is told why.
    child.once('error', () => done());
  });
  clearTimeout(grace);
  if (child.signalCode !== null) return { kind: 'killed', signal: child.signalCode };
  return { kind: 'exited', code: child.exitCode ?? -1 };
}

async function startAtTerminal(start: ProgramStart, { columns, rows }: TerminalSize): Promise<SandboxProcess> {
  const { command, args, environment, workingDirectory } = start;
  const terminal = spawnAtTerminal(command, [...args], {
    name: environment['TERM'] ?? 'dumb',
    cols: columns,
    rows,
    env: { ...environment },
    // Bytes, not text: a chunk may end in the middle of a character.
    encoding: null,
    ...(workingDirectory === undefined ? {} : { cwd: workingDirectory }),
  });
  const ended = new Promise<ProcessEnd>((done) => {
    terminal.onExit(({ exitCode, signal }) => {
      done(
        signal === undefined || signal === 0 ? { kind: 'exited', code: exitCode } : { kind: 'killed', signal: nameOf(signal) },
      );
    });
  });
  return {
    onOutput: (listener) =>
      terminal.onData((chunk: string | Buffer) => listener(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk))),
    write: (text) => terminal.write(text),
    kill: () => {
      try {
        terminal.kill('SIGKILL');
      } catch {
        // It ended in between.
      }
    },
    ended,
  };
}

function nameOf(signal: number): string {
  return Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? `signal ${signal}`;
}
