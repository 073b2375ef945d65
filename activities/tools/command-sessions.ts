/** The commands that go on between the calls of their tasks, on this worker alone: they die with it, and are lost to any other. */
import { randomInt } from 'node:crypto';
import type { TaskId } from '../../workflows/domain/ids.ts';
import type { Sandbox, StartRequest } from '../sandbox/sandbox.ts';
import { CommandSession } from './command-session.ts';

/**
 * Ids are never given twice, neither here nor by the worker after this one, without any record of them: two of 2^30 numbers
 * are not the same within the life of a task. The upper half says that a session is outside of the sandbox, so that what
 * a call may do is known from its input alone.
 */
const LOWEST_ID = 100_000;
const LOWEST_ESCALATED_ID = 2 ** 30;
const HIGHEST_ID = 2 ** 31 - 1;

/** A server, a watcher and a few shells are usual; 16 MiB of waiting output are kept for them. */
const MAX_PER_TASK = 16;
/** Longer than most approvals and builds take; what is left running without purpose should not burn a host's time for days. */
const IDLE_MS = 3_600_000;
/** Reasons for calls that come late. */
const MAX_REMEMBERED = 256;

export interface SessionLimits {
  readonly maxPerTask?: number;
  readonly idleMs?: number;
}

export interface NewSession extends Omit<StartRequest, 'onOutput'> {
  readonly taskId: TaskId;
  readonly sandbox: Sandbox;
  readonly isEscalated: boolean;
}

export type StartedSession =
  | { readonly kind: 'started'; readonly session: CommandSession; /** Ended to make room. */ readonly displaced?: number }
  | { readonly kind: 'refused'; readonly reason: string };

export type FoundSession =
  | { readonly kind: 'found'; readonly session: CommandSession }
  | { readonly kind: 'gone'; readonly reason: string };

type Place =
  | { readonly kind: 'claimed'; readonly displaced?: CommandSession }
  | { readonly kind: 'refused'; readonly reason: string };

interface TaskSessions {
  readonly open: Map<number, CommandSession>;
  /** Why sessions that it had are gone. */
  readonly gone: Map<number, string>;
  /** Those that are being started. */
  readonly starting: Set<Promise<CommandSession>>;
  isClosed: boolean;
}

export class CommandSessions {
  readonly #limits: Required<SessionLimits>;
  readonly #tasks = new Map<TaskId, TaskSessions>();
  #isClosed = false;

  constructor({ maxPerTask = MAX_PER_TASK, idleMs = IDLE_MS }: SessionLimits = {}) {
    this.#limits = { maxPerTask, idleMs };
  }

  /** @throws Error when what runs the command cannot be started */
  async start(command: NewSession): Promise<StartedSession> {
    const task = this.#taskOf(command.taskId);
    const place = this.#claimPlace(task);
    if (place.kind === 'refused') return place;
    // In the same tick as the claim: two calls at once may not have the same place.
    const starting = this.#launch(command, place.displaced);
    task.starting.add(starting);
    const session = await starting.finally(() => task.starting.delete(starting));
    task.open.set(session.id, session);
    if (this.#isClosed || task.isClosed) {
      await session.stop('cancelled');
      return { kind: 'refused', reason: 'The command was ended at once, because the task or its worker comes to an end.' };
    }
    return { kind: 'started', session, ...(place.displaced === undefined ? {} : { displaced: place.displaced.id }) };
  }

  /** No task finds another's. */
  find(taskId: TaskId, id: number): FoundSession {
    const task = this.#tasks.get(taskId);
    const session = task?.open.get(id);
    if (session !== undefined) return { kind: 'found', session };
    return { kind: 'gone', reason: `There is no session ${id}: ${task?.gone.get(id) ?? LOST}` };
  }

  /** After its end was told. */
  forget(taskId: TaskId, { id }: CommandSession): void {
    const task = this.#tasks.get(taskId);
    if (task?.open.delete(id) === true) remember(task, id, 'it has ended, and that was told together with its last output.');
  }

  /** Kills all that a task left running, also what is being started just now. Settles when no process is left. */
  async endAll(taskId: TaskId): Promise<void> {
    const task = this.#tasks.get(taskId);
    if (task === undefined) return;
    task.isClosed = true;
    this.#tasks.delete(taskId);
    await Promise.allSettled(task.starting);
    await Promise.all([...task.open.values()].map((session) => session.discard()));
  }

  /** Kills everything; for a worker that stops. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#tasks.keys()].map((taskId) => this.endAll(taskId)));
  }

  #taskOf(taskId: TaskId): TaskSessions {
    const known = this.#tasks.get(taskId);
    if (known !== undefined) return known;
    const task: TaskSessions = { open: new Map(), gone: new Map(), starting: new Set(), isClosed: false };
    this.#tasks.set(taskId, task);
    return task;
  }

  async #launch(
    { taskId: _taskId, sandbox, isEscalated, ...command }: NewSession,
    displaced?: CommandSession,
  ): Promise<CommandSession> {
    await displaced?.discard();
    const { timeoutMs, terminal, outputFolder } = command;
    const session = new CommandSession({
      id: newId(isEscalated),
      isEscalated,
      hasTerminal: terminal !== undefined,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      idleMs: this.#limits.idleMs,
      ...(outputFolder === undefined ? {} : { outputFolder }),
    });
    session.attach(await sandbox.start({ ...command, onOutput: session.onOutput }));
    return session;
  }

  /** Takes the place of the session that was called the longest ago; one that has ended already goes first, and one that a call waits for never. */
  #claimPlace(task: TaskSessions): Place {
    const { maxPerTask } = this.#limits;
    if (task.open.size + task.starting.size < maxPerTask) return { kind: 'claimed' };
    const [oldest] = [...task.open.values()]
      .filter(({ isBusy }) => !isBusy)
      .sort((a, b) => Number(b.hasEnded) - Number(a.hasEnded) || a.lastCallAt - b.lastCallAt);
    if (oldest === undefined)
      return { kind: 'refused', reason: `${maxPerTask} commands of this task run already, the most there may be. Wait for one.` };
    task.open.delete(oldest.id);
    remember(task, oldest.id, `it was ended to make room for another command, since a task has at most ${maxPerTask} sessions.`);
    return { kind: 'claimed', displaced: oldest };
  }
}

const LOST =
  'it has ended, or it was lost because its host or worker was replaced. Look at the state of the workspace, and start the command again ' +
  'with exec_command if it is still needed.';

/** Whether a session of this id runs outside of the sandbox, wherever it is or was. */
export function isEscalatedId(id: number): boolean {
  return id >= LOWEST_ESCALATED_ID;
}

function newId(isEscalated: boolean): number {
  return isEscalated ? randomInt(LOWEST_ESCALATED_ID, HIGHEST_ID) : randomInt(LOWEST_ID, LOWEST_ESCALATED_ID);
}

function remember(task: TaskSessions, id: number, reason: string): void {
  task.gone.set(id, reason);
  const [oldest] = task.gone.keys();
  if (task.gone.size > MAX_REMEMBERED && oldest !== undefined) task.gone.delete(oldest);
}
