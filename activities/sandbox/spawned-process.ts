/** Processes of a sandbox's program: how they are spawned, and how they and all below them are killed. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Launch } from './bubblewrap-launch.ts';
import type { TerminalSize } from './sandbox.ts';

export interface SpawnedProcess {
  readonly child: ChildProcess;
  /** Kills the program and every process below it. */
  readonly killTree: () => void;
  /** Types in the terminal; absent when there is none. */
  readonly type?: (text: string) => void;
}

const GUARD = fileURLToPath(new URL('guard.mjs', import.meta.url));
/**
 * The guard kills a tree in milliseconds, but on a busy machine it may take seconds to start, and what it is just starting would be left
 * behind by one that is killed. Only one that cannot do anything, on a machine without memory, is killed itself.
 */
const GUARD_GRACE_MS = 60_000;

type Program = Pick<Launch, 'command' | 'args' | 'environment'> & {
  readonly workingDirectory?: string;
  readonly terminal?: TerminalSize;
};

/** The file descriptor on which a program that is spawned directly asks to be let in. */
export const GATE = 3;

/** For a program that takes all below it along when it is killed, once it has asked at the gate; before that nobody lets it in. */
export function spawnDirectly({ command, args, environment }: Program): SpawnedProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], env: environment });
  const gate = child.stdio[GATE] as Duplex; // A pipe between processes goes both ways.
  gate.once('data', () => gate.end('\n'));
  // It closes when the program ends before it asked, or was killed by someone else.
  gate.on('error', () => undefined);
  const killTree = (): void => {
    gate.destroy();
    child.kill('SIGKILL');
  };
  return { child, killTree };
}

/** By way of the guard: for a program that leaves others behind, or that needs a terminal. */
export function spawnGuarded({ command, args, environment, workingDirectory, terminal }: Program): SpawnedProcess {
  const form = terminal === undefined ? 'pipes' : `${terminal.columns}x${terminal.rows}`;
  const child = spawn(process.execPath, [GUARD, form, randomUUID(), command, ...args], {
    cwd: workingDirectory,
    env: environment,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // The lifeline breaks when the command ends first; that is no error.
  child.stdin.on('error', () => undefined);
  const killTree = (): void => {
    child.stdin.destroy();
    const timer = setTimeout(() => child.kill('SIGKILL'), GUARD_GRACE_MS);
    child.once('exit', () => clearTimeout(timer));
  };
  return { child, killTree, ...(terminal === undefined ? {} : { type: (text: string) => child.stdin.write(text) }) };
}
