/** What one command in the sandbox may take of its host, with everything that it starts. */
export interface CommandLimits {
  /** Of all its processes together, files in its /tmp included. */
  readonly memoryBytes: number;
  /** Processes and threads at one time. */
  readonly processes: number;
  /** It is killed when it prints more. Without the sandbox, too. */
  readonly outputBytes: number;
}

/**
 * A build with a compiler per processor and a browser beside it need less; a command that leaks or forks without end is stopped by it.
 * No log of a build has 256 MiB; a program that prints without end has them in seconds.
 */
export const DEFAULT_COMMAND_LIMITS: CommandLimits = {
  memoryBytes: 4 * 1024 ** 3,
  processes: 2_048,
  outputBytes: 256 * 1024 ** 2,
};
