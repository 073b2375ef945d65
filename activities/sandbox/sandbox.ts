/** What confines the processes of a task. A container or a remote sandbox can implement it later. */

/** What is run, and where. */
export interface ConfinedCommand {
  /** The command and its arguments; no shell is added. */
  readonly argv: readonly string[];
  /** Absolute path of the workspace's root, the only writable place but the temporary folder. */
  readonly workspace: string;
  /** Absolute path at or under `workspace`. */
  readonly workingDirectory: string;
  /** At a terminal of its own, which can be written to; else standard input is empty, and output comes by a pipe. */
  readonly terminal?: TerminalSize;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export type ProcessEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: string };

/** A running command with all that it started. */
export interface SandboxProcess {
  /** Told of stdout and stderr, in order of arrival. To be called at once: what came before is not told again. */
  onOutput(listener: (chunk: Buffer) => void): void;
  /** To the terminal; without one it is lost. */
  write(text: string): void;
  /** Kills the command and every process below it. */
  kill(): void;
  /** Settles when the process has ended and its output is read; what outlived it is dead by then. Never rejects. */
  readonly ended: Promise<ProcessEnd>;
}

export interface CommandRequest extends ConfinedCommand {
  readonly timeoutMs: number;
  /** Aborting kills the whole process tree. */
  readonly signal: AbortSignal;
}

/** `output` is stdout and stderr in order of arrival, at most `OUTPUT_LIMIT_BYTES`: the head and the tail when there was more. */
export interface CommandResult {
  readonly output: string;
  readonly outputBytes: number;
  readonly wallTimeMs: number;
  readonly end: ProcessEnd | { readonly kind: 'timed-out' } | { readonly kind: 'cancelled' };
}

/** Kept in memory of one command's output; more than a model is ever shown. */
export const OUTPUT_LIMIT_BYTES = 1024 * 1024;

export interface Sandbox {
  readonly name: 'bubblewrap' | 'none';
  /** Whether a command reaches beyond this host. */
  readonly hasNetwork: boolean;
  /** @throws Error when the sandbox's program itself cannot be started */
  start(command: ConfinedCommand): Promise<SandboxProcess>;
}

/** Whether a sandbox works here, found by running something in it, and if not what to do. */
export type SandboxProbe =
  | { readonly kind: 'usable'; readonly detail: string }
  | { readonly kind: 'unusable'; readonly reason: string; readonly remedy: string };
