import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../client/cli/main.ts', import.meta.url));

export interface CommandOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Called with each piece of standard output; may interrupt the command. */
  readonly onOutput?: (stdout: string, interrupt: () => void) => void;
}

/** Runs the command as a person's shell does, without a terminal. */
export function runAnyport(args: readonly string[], options: RunOptions = {}): Promise<CommandOutcome> {
  return runProgram([MAIN, ...args], options);
}

/** The same with the program that the command would start, such as `workers/route.ts`: one process less. */
export function runProgram(args: readonly string[], options: RunOptions = {}): Promise<CommandOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        ANYPORT_DATA: '/nonexistent',
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
        ...options.environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      options.onOutput?.(stdout, () => child.kill('SIGINT'));
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** The JSON lines of an output. */
export function jsonLines(stdout: string): readonly Record<string, unknown>[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}
