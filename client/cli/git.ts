/** Runs git for a person's own checkout: never a shell, never a prompt. */
import { spawn } from 'node:child_process';

export interface GitOutcome {
  readonly code: number;
  readonly output: string;
  readonly problem: string;
}

export interface GitInput {
  /** Standard input. */
  readonly input?: string | Uint8Array;
  readonly environment?: Readonly<Record<string, string>>;
}

/** @throws Error when there is no git at all */
export function runGit(directory: string, args: readonly string[], given: GitInput = {}): Promise<GitOutcome> {
  return new Promise((resolve, reject) => {
    const git = spawn('git', ['-C', directory, ...args], {
      env: { ...process.env, GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C', ...given.environment },
    });
    const output: Buffer[] = [];
    const problem: Buffer[] = [];
    git.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    git.stderr.on('data', (chunk: Buffer) => problem.push(chunk));
    git.on('error', (error) => reject(new Error('git could not be run: is it installed and on PATH?', { cause: error })));
    git.on('close', (code) => {
      resolve({
        code: code ?? 1,
        output: Buffer.concat(output).toString(),
        problem: Buffer.concat(problem).toString().trim(),
      });
    });
    // A git that ends before it has read everything says why in its exit code.
    git.stdin.on('error', () => undefined);
    git.stdin.end(given.input ?? '');
  });
}
