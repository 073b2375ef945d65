/** No confinement, for hosts and tasks where that was asked for: commands have the worker's rights, but not its environment. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { commandEnvironment } from './command-environment.ts';
import type { RunningProcess } from './run-process.ts';
import { runProcess } from './run-process.ts';
import type { CommandRequest, Sandbox } from './sandbox.ts';

const GUARD = fileURLToPath(new URL('guard.mjs', import.meta.url));
/** The guard kills a tree in milliseconds; one that cannot, on a machine without memory, is killed itself. */
const GUARD_GRACE_MS = 3_000;

export function createUnconfinedSandbox(): Sandbox {
  return { name: 'none', run: (request) => runProcess(() => start(request), request) };
}

function start({ argv, workingDirectory }: CommandRequest): RunningProcess {
  const path = process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin';
  const child = spawn(process.execPath, [GUARD, randomUUID(), ...argv], {
    cwd: workingDirectory,
    env: commandEnvironment(path, tmpdir()),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // The lifeline breaks when the command ends first; that is no error.
  child.stdin.on('error', () => undefined);
  return {
    child,
    killTree: () => {
      child.stdin.destroy();
      const timer = setTimeout(() => child.kill('SIGKILL'), GUARD_GRACE_MS);
      child.once('exit', () => clearTimeout(timer));
    },
  };
}
