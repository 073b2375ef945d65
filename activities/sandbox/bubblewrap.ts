/** Commands in Linux namespaces of their own: no network, few files, no other processes, and nothing outlives the worker. */
import { createBubblewrapLauncher } from './bubblewrap-launch.ts';
import type { Sandbox, SandboxProcess } from './sandbox.ts';
import { startProcess } from './start-process.ts';

export function createBubblewrapSandbox(): Sandbox {
  const launcher = createBubblewrapLauncher();
  return {
    name: 'bubblewrap',
    hasNetwork: false,
    async start(request) {
      const { command, args, environment, release } = await launcher.prepare(request);
      let running: SandboxProcess;
      try {
        // It is killed by SIGKILL: its namespace, and so every process in it, goes with it.
        running = await startProcess({ command, args, environment, terminal: request.terminal });
      } catch (error) {
        await release();
        throw error;
      }
      void running.ended.then(release);
      return running;
    },
  };
}
