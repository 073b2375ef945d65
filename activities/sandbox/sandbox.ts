/** What confines the processes of a task. A container or a remote sandbox can implement it later. */

/** What is run, and where. */
export interface ConfinedCommand {
  /** The command and its arguments; no shell is added. */
  readonly argv: readonly string[];
  /** Absolute path of the workspace's root, the only writable place but the temporary folder. */
  readonly workspace: string;
  /** Absolute path at or under `workspace`. */
  readonly workingDirectory: string;
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
  readonly end:
    | { readonly kind: 'exited'; readonly code: number }
    | { readonly kind: 'killed'; readonly signal: string }
    | { readonly kind: 'timed-out' }
    | { readonly kind: 'cancelled' };
}

/** Kept in memory of one command's output; more than a model is ever shown. */
export const OUTPUT_LIMIT_BYTES = 1024 * 1024;

export interface Sandbox {
  readonly name: 'bubblewrap' | 'none';
  run(request: CommandRequest): Promise<CommandResult>;
}

/** Whether a sandbox works here, found by running something in it, and if not what to do. */
export type SandboxProbe =
  | { readonly kind: 'usable'; readonly detail: string }
  | { readonly kind: 'unusable'; readonly reason: string; readonly remedy: string };
