/** Commands of tasks that go on between two tool calls, on this host: a server, a REPL, a long build. They die with their task, and with us. */
import { randomInt } from 'node:crypto';
import type { TaskId } from '../../workflows/domain/ids.ts';
import { OutputBuffer } from '../sandbox/output-buffer.ts';
import type { ConfinedCommand, ProcessEnd, Sandbox, SandboxProcess } from '../sandbox/sandbox.ts';

/** What a session has to say since it was last asked. */
export interface SessionReport {
  readonly output: string;
  /** `undefined`: it goes on. */
  readonly end: ProcessEnd | { readonly kind: 'timed-out' | 'idle' } | undefined;
}

export interface CommandSession {
  readonly id: number;
  readonly hasTerminal: boolean;
  write(text: string): void;
  /** Waits until the command ends, `waitMs` are over or nobody waits any more; gives what it printed since the last report. */
  report(waitMs: number, signal: AbortSignal): Promise<SessionReport>;
  /** Kills it with all it started, and settles when that is done. */
  end(): Promise<void>;
}

export interface SessionStart {
  readonly taskId: TaskId;
  readonly sandbox: Sandbox;
  readonly command: ConfinedCommand;
  /** The command is killed after this. */
  readonly lifeMs: number;
}

export interface CommandSessions {
  /** @throws Error when the command cannot be started */
  start(start: SessionStart): Promise<CommandSession>;
  find(taskId: TaskId, id: number): CommandSession | undefined;
  /** Ends every session of a task. */
  endAll(taskId: TaskId): Promise<void>;
  /** Ends all of them: the worker stops. */
  close(): Promise<void>;
}

/** More are forgotten ones: the one that was left alone for longest makes room. */
const MOST_PER_TASK = 16;
/** A session that nobody asks about for so long is forgotten. */
const IDLE_MS = 30 * 60_000;
/** Drawn at random from so many, so that an id of a worker before us means nothing here. */
const IDS = 1_000_000_000;
const SHORTEST_ID = 10_000;

export function createCommandSessions(): CommandSessions {
  const tasks = new Map<TaskId, Map<number, LiveSession>>();

  async function makeRoom(sessions: Map<number, LiveSession>): Promise<void> {
    if (sessions.size < MOST_PER_TASK) return;
    const [oldest] = [...sessions.values()].sort((left, right) => left.askedAtMs - right.askedAtMs);
    await oldest?.end();
  }

  async function endAll(taskId: TaskId): Promise<void> {
    await Promise.all([...(tasks.get(taskId)?.values() ?? [])].map((session) => session.end()));
    tasks.delete(taskId);
  }

  return {
    async start({ taskId, sandbox, command, lifeMs }) {
      const sessions = tasks.get(taskId) ?? new Map<number, LiveSession>();
      tasks.set(taskId, sessions);
      await makeRoom(sessions);
      const running = await sandbox.start(command);
      const id = freeId(sessions);
      const session = new LiveSession({ id, running, hasTerminal: command.terminal !== undefined, lifeMs });
      sessions.set(id, session);
      void session.told.then(() => sessions.delete(id));
      return session;
    },
    find: (taskId, id) => tasks.get(taskId)?.get(id),
    endAll,
    async close() {
      await Promise.all([...tasks.keys()].map(endAll));
    },
  };
}

function freeId(sessions: ReadonlyMap<number, unknown>): number {
  for (;;) {
    const id = randomInt(SHORTEST_ID, IDS);
    if (!sessions.has(id)) return id;
  }
}

interface LiveSessionOptions {
  readonly id: number;
  readonly running: SandboxProcess;
  readonly hasTerminal: boolean;
  readonly lifeMs: number;
}

class LiveSession implements CommandSession {
  readonly id: number;
  readonly hasTerminal: boolean;
  /** Settles when its end was reported, or it was ended. */
  readonly told: Promise<void>;
  askedAtMs = Date.now();
  readonly #running: SandboxProcess;
  readonly #lifeTimer: NodeJS.Timeout;
  #idleTimer: NodeJS.Timeout;
  #buffer = new OutputBuffer();
  #end: SessionReport['end'];
  #stopped: 'timed-out' | 'idle' | undefined;
  #tell: () => void = () => undefined;

  constructor({ id, running, hasTerminal, lifeMs }: LiveSessionOptions) {
    this.id = id;
    this.hasTerminal = hasTerminal;
    this.#running = running;
    this.told = new Promise((told) => {
      this.#tell = told;
    });
    running.onOutput((chunk) => this.#buffer.write(chunk));
    this.#lifeTimer = setTimeout(() => this.#stop('timed-out'), lifeMs).unref();
    this.#idleTimer = setTimeout(() => this.#stop('idle'), IDLE_MS).unref();
    void running.ended.then((end) => {
      this.#end = this.#stopped === undefined ? end : { kind: this.#stopped };
      clearTimeout(this.#lifeTimer);
      clearTimeout(this.#idleTimer);
    });
  }

  write(text: string): void {
    this.#running.write(text);
  }

  async report(waitMs: number, signal: AbortSignal): Promise<SessionReport> {
    this.askedAtMs = Date.now();
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.#stop('idle'), IDLE_MS).unref();
    await untilOver(this.#running.ended, waitMs, signal);
    const output = this.#buffer.toString();
    this.#buffer = new OutputBuffer();
    if (this.#end !== undefined) {
      clearTimeout(this.#idleTimer);
      this.#tell();
    }
    return { output, end: this.#end };
  }

  async end(): Promise<void> {
    this.#running.kill();
    await this.#running.ended;
    this.#tell();
  }

  #stop(why: 'timed-out' | 'idle'): void {
    this.#stopped ??= why;
    this.#running.kill();
  }
}

async function untilOver(ended: Promise<unknown>, waitMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;
  const over = new Promise<void>((done) => {
    timer = setTimeout(done, waitMs);
    stop = done;
    signal.addEventListener('abort', stop, { once: true });
  });
  await Promise.race([ended, over]);
  clearTimeout(timer);
  if (stop !== undefined) signal.removeEventListener('abort', stop);
}
