/** No confinement, for hosts and tasks where that was asked for: commands have the worker's rights, but not its environment. */
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { commandEnvironment } from './command-environment.ts';
import type { Sandbox } from './sandbox.ts';
import { startProcess } from './start-process.ts';

const GUARD = fileURLToPath(new URL('guard.mjs', import.meta.url));
/** The guard kills a tree in milliseconds; one that cannot, on a machine without memory, is killed itself. */
const GUARD_GRACE_MS = 3_000;

export function createUnconfinedSandbox(): Sandbox {
  return {
    name: 'none',
    hasNetwork: true,
    start({ argv, workingDirectory, terminal }) {
      const path = process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin';
      return startProcess({
        command: process.execPath,
        args: [GUARD, randomUUID(), terminal === undefined ? 'pipes' : 'terminal', ...argv],
        environment: commandEnvironment(path, tmpdir()),
        workingDirectory,
        terminal,
        lifeline: true,
        killTree(child) {
          child.stdin?.destroy();
          const timer = setTimeout(() => child.kill('SIGKILL'), GUARD_GRACE_MS);
          child.once('exit', () => clearTimeout(timer));
        },
      });
    },
  };
}
