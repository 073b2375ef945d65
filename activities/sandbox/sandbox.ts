/** What confines the processes of a task. A container or a remote sandbox can implement it later. */

import type { KeptOutput } from './output-spool.ts';

/** In characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** What is run, and where. */
export interface ConfinedCommand {
  /** The command and its arguments; no shell is added. */
  readonly argv: readonly string[];
  /** Absolute path of the workspace's root, the only writable place but the temporary folder. */
  readonly workspace: string;
  /** Absolute path at or under `workspace`. */
  readonly workingDirectory: string;
  /** Absolute path of a folder for outputs that are longer than what is kept in memory. Absent: their middle is lost. */
  readonly outputFolder?: string;
  /** A pseudo-terminal of its own, where it can be written to. Absent: pipes, and an empty standard input. */
  readonly terminal?: TerminalSize;
  /** It needs no network: it has none, also where the sandbox has one. */
  readonly isOffline?: true;
}

export interface CommandRequest extends ConfinedCommand {
  readonly timeoutMs: number;
  /** Aborting kills the whole process tree. */
  readonly signal: AbortSignal;
}

export interface StartRequest extends ConfinedCommand {
  /** The whole process tree is killed after this time. Absent: it lives until it ends or is killed. */
  readonly timeoutMs?: number;
  /** Gets stdout and stderr in order of arrival. */
  readonly onOutput: (chunk: Buffer) => void;
}

export type ProcessEnd =
  | { readonly kind: 'exited'; readonly code: number }
  /** What ran the command was killed by someone else, for instance by a system without memory. */
  | { readonly kind: 'killed'; readonly signal: string }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'cancelled' };

/** A process that was started and goes on by itself. */
export interface SandboxProcess {
  /** Settles after the last output was given; never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** Types in the terminal. @returns false when there is none, or the process has ended */
  write(text: string): boolean;
  /** Kills the whole process tree; its end is `cancelled` then. */
  kill(): void;
}

/** `output` is stdout and stderr in order of arrival, at most `OUTPUT_LIMIT_BYTES`: the head and the tail when there was more. */
export interface CommandResult {
  readonly output: string;
  /** Where all of it is, when there was more. */
  readonly kept?: KeptOutput;
  readonly outputBytes: number;
  readonly wallTimeMs: number;
  readonly end: ProcessEnd;
}

/** Kept in memory of one command's output; more than a model is ever shown. */
export const OUTPUT_LIMIT_BYTES = 1024 * 1024;

export interface Sandbox {
  readonly name: 'bubblewrap' | 'none';
  /** Whether a command may reach beyond this host, be it a few hosts alone. */
  readonly hasNetwork: boolean;
  /** Runs a command to its end. @throws Error when what runs it cannot be started */
  run(request: CommandRequest): Promise<CommandResult>;
  /** Starts a command and lets it go on. It dies with this worker. @throws Error when what runs it cannot be started */
  start(request: StartRequest): Promise<SandboxProcess>;
}

/** Whether a sandbox works here, found by running something in it, and if not what to do. */
export type SandboxProbe =
  | {
      readonly kind: 'usable';
      /** What holds, in a line. */
      readonly detail: string;
      /** What does not, though commands are confined. */
      readonly weakness?: { readonly words: string; readonly remedy: string };
    }
  | { readonly kind: 'unusable'; readonly reason: string; readonly remedy: string };
