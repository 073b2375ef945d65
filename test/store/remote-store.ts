/** Task stores that live in other processes, as those of several workers do, and that can be killed like one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TaskStoreError } from '../../activities/store/task-store.ts';
import type { TaskStore } from '../../activities/store/task-store.ts';

/** Everything but what a store says of itself. */
type StoreMethod = Exclude<keyof TaskStore, 'reach'>;

export interface StoreCall {
  readonly method: StoreMethod | 'ready' | 'open';
  readonly parameters: readonly unknown[];
}

export interface Reply {
  readonly value?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
}

export interface StoreProcess {
  readonly pid: number;
  /** Resolves when it waits for calls. */
  ready(): Promise<unknown>;
  /** Opens a file there in place of the one before, and gives the store whose every call is made there, in the order of the calls. */
  open(file: string): Promise<TaskStore>;
  /** `kill -9`; calls without a reply are rejected. Resolves when it is dead. */
  kill(): Promise<void>;
}

type Settle = (reply: Reply) => void;

const PROGRAM = fileURLToPath(new URL('store-process.ts', import.meta.url));
/** Every one of them: what is missing here does not compile. */
const METHODS = {
  putItems: true,
  getItem: true,
  appendToTranscript: true,
  readTranscript: true,
  putSettings: true,
  getSettings: true,
  startAttempt: true,
  updateAttempt: true,
  listAttempts: true,
  startToolCall: true,
  readToolCall: true,
  finishToolCall: true,
  listToolCalls: true,
  putWorkspace: true,
  getWorkspace: true,
  claimWorkspace: true,
  putCheckpoint: true,
  findCheckpoint: true,
  listCheckpoints: true,
  putPackPart: true,
  getPackPart: true,
  putBatchLines: true,
  getBatchLine: true,
  putMessage: true,
  putAgentSession: true,
  listAgentSessions: true,
  openActivity: true,
  closeActivity: true,
  listOpenActivities: true,
  requestStop: true,
  listStopRequests: true,
  forgetOpenActivities: true,
  readShared: true,
  compareAndSetShared: true,
  close: true,
} as const satisfies Record<StoreMethod, true>;

/** `through` is a program that ends in starting the rest of its arguments: `setpriv`, `prlimit`. */
export function startStoreProcess(through: readonly string[] = []): StoreProcess {
  const [command, ...args] = [...through, process.execPath, PROGRAM];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const dead = once(child, 'close');
  const waiting: Settle[] = [];
  child.stdin.on('error', () => undefined); // it was killed: what waits is told below
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(fromLine(line) as Reply));
  child.once('close', () => waiting.splice(0).forEach((settle) => settle({ error: { name: 'Error', message: 'killed' } })));
  const call = async (method: StoreCall['method'], parameters: readonly unknown[]): Promise<unknown> => {
    const { promise, resolve } = Promise.withResolvers<Reply>();
    waiting.push(resolve);
    child.stdin.write(`${toLine({ method, parameters })}\n`);
    const { value, error } = await promise;
    if (error === undefined) return value;
    throw error.name === 'TaskStoreError' ? new TaskStoreError(error.message) : new Error(error.message);
  };
  const names = Object.keys(METHODS) as StoreMethod[]; // as the table above is typed
  const methods = names.map((method) => [method, (...parameters: readonly unknown[]) => call(method, parameters)]);
  return {
    pid: child.pid ?? 0,
    ready: () => call('ready', []),
    open: async (file) => {
      await call('open', [file]);
      return { reach: 'machine', ...Object.fromEntries(methods) } as TaskStore; // every method of it, by the table above
    },
    kill: async () => {
      child.kill('SIGKILL');
      await dead;
    },
  };
}

/** JSON knows no bytes. */
export function toLine(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part instanceof Uint8Array ? { base64: Buffer.from(part).toString('base64') } : part,
  );
}

export function fromLine(line: string): unknown {
  return JSON.parse(line, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && 'base64' in part
      ? new Uint8Array(Buffer.from(String(part.base64), 'base64'))
      : part,
  );
}
