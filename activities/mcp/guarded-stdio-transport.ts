/**
 * A server as a process of ours, by its standard input and output. The official client's own transport starts a bare child: what that started
 * stays behind, as does the child itself when this worker is killed. So it runs under the guard of commands, with a lifeline.
 */
import { deserializeMessage, serializeMessage } from '@modelcontextprotocol/sdk/shared/stdio.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LineReader } from './line-reader.ts';

export interface StdioServerOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly workingDirectory: string;
  /** Everything that it gets. */
  readonly environment: Readonly<Record<string, string>>;
  /** A line of its standard error. */
  readonly onStderr: (line: string) => void;
}

const GUARD = fileURLToPath(new URL('../sandbox/guard.mjs', import.meta.url));
const LIFELINE = 3;
/** A server that heeds the end of its input is gone in milliseconds. */
const GOODBYE_MS = 2_000;
/** The guard kills a tree in milliseconds; one that cannot, on a machine without memory, is killed itself. */
const KILL_MS = 3_000;
/** As the guard says it of a command that it cannot run. */
const CANNOT_RUN = 127;

export class GuardedStdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #options: StdioServerOptions;
  #child: ChildProcess | undefined;

  constructor(options: StdioServerOptions) {
    this.#options = options;
  }

  /** How it ended, when it has. */
  get ended(): string | undefined {
    const { exitCode, signalCode } = this.#child ?? {};
    if (exitCode === CANNOT_RUN) return 'its command cannot be run';
    if (typeof signalCode === 'string') return `it was killed by ${signalCode}`;
    return typeof exitCode === 'number' ? `it ended with code ${exitCode}` : undefined;
  }

  async start(): Promise<void> {
    const { command, args, workingDirectory, environment, onStderr } = this.#options;
    const child = spawn(process.execPath, [GUARD, 'server', randomUUID(), command, ...args], {
      cwd: workingDirectory,
      env: environment,
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    // Each breaks when the other end goes first; that is told by the end of the process.
    for (const stream of child.stdio) stream?.on('error', () => undefined);
    const lines = new LineReader((line) => this.#receive(line));
    child.stdout.on('data', (chunk: Buffer) => {
      if (!lines.read(chunk)) this.#fail('a message of the server is too long');
    });
    createInterface({ input: child.stderr }).on('line', onStderr);
    child.once('exit', () => {
      // What it wrote last is still to be read; a process that escaped and holds its output must not keep us.
      const timer = setTimeout(() => child.stdout.destroy(), GOODBYE_MS);
      child.once('close', () => clearTimeout(timer));
    });
    child.once('close', () => this.onclose?.());
    await once(child, 'spawn');
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const input = this.#child?.stdin;
    if (input?.writable !== true) throw new Error('the server is gone');
    await new Promise<void>((done, fail) => {
      input.write(serializeMessage(message), (error) => (error ? fail(error) : done()));
    });
  }

  /** Lets it go by itself first. */
  async close(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.stdin?.end();
    await Promise.race([gone, pause(GOODBYE_MS, undefined, { ref: false })]);
    this.#kill();
    await Promise.race([gone, pause(KILL_MS, undefined, { ref: false })]);
    child.kill('SIGKILL');
  }

  #receive(line: string): void {
    if (line.trim() === '') return;
    let message: JSONRPCMessage;
    try {
      message = deserializeMessage(line);
    } catch {
      // Some servers say what is not for us.
      this.onerror?.(new Error('a line of the server is no message'));
      return;
    }
    this.onmessage?.(message);
  }

  #fail(reason: string): void {
    this.onerror?.(new Error(reason));
    this.#kill();
  }

  #kill(): void {
    this.#child?.stdio[LIFELINE]?.destroy();
  }
}
