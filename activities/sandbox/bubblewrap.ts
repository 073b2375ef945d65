/** Commands in Linux namespaces of their own: no network, few files, no other processes, and nothing outlives the worker. */
import { spawn } from 'node:child_process';
import { createBubblewrapLauncher } from './bubblewrap-launch.ts';
import { runProcess } from './run-process.ts';
import type { Sandbox } from './sandbox.ts';

export function createBubblewrapSandbox(): Sandbox {
  const launcher = createBubblewrapLauncher();
  return {
    name: 'bubblewrap',
    async run(request) {
      const { command, args, environment, release } = await launcher.prepare(request);
      try {
        return await runProcess(() => {
          // It is killed by SIGKILL: its namespace, and so every process in it, goes with it.
          const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
          return { child, killTree: () => child.kill('SIGKILL') };
        }, request);
      } finally {
        await release();
      }
    },
  };
}
