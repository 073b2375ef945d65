/** Commands in Linux namespaces of their own: no network, few files, no other processes, and nothing outlives the worker. */
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { bubblewrapArguments } from './bubblewrap-arguments.ts';
import { runProcess } from './run-process.ts';
import type { Sandbox } from './sandbox.ts';

/** Options of later versions (0.8 of 2023 has all of them). */
const NEWER_OPTIONS = ['--disable-userns', '--size'];
/** `bwrap --help` answers in milliseconds. */
const HELP_TIMEOUT_MS = 5_000;

export function createBubblewrapSandbox(): Sandbox {
  let options: Promise<ReadonlySet<string>> | undefined;
  return {
    name: 'bubblewrap',
    async run(request) {
      options ??= readOptions();
      const args = bubblewrapArguments(request, await options);
      return runProcess(() => {
        // It is killed by SIGKILL: its namespace, and so every process in it, goes with it.
        const child = spawn('bwrap', args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] } });
        return { child, killTree: () => child.kill('SIGKILL') };
      }, request);
    },
  };
}

async function readOptions(): Promise<ReadonlySet<string>> {
  try {
    const { stdout, stderr } = await promisify(execFile)('bwrap', ['--help'], { timeout: HELP_TIMEOUT_MS });
    const words = new Set(`${stdout}${stderr}`.split(/\s+/));
    return new Set(NEWER_OPTIONS.filter((option) => words.has(option)));
  } catch {
    return new Set();
  }
}
