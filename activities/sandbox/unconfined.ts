/** No confinement, for hosts and tasks where that was asked for: commands have the worker's rights, but not its environment. */
import { tmpdir } from 'node:os';
import { commandEnvironment } from './command-environment.ts';
import { runToEnd, watchProcess } from './run-process.ts';
import type { Sandbox, SandboxProcess, StartRequest } from './sandbox.ts';
import { spawnGuarded } from './spawned-process.ts';

export function createUnconfinedSandbox(): Sandbox {
  return { name: 'none', hasNetwork: true, start, run: (request) => runToEnd(start, request) };
}

function start(request: StartRequest): Promise<SandboxProcess> {
  const { argv, workingDirectory, terminal } = request;
  const [command = '', ...args] = argv;
  const environment = commandEnvironment(process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin', tmpdir());
  const program = { command, args, environment, workingDirectory };
  return watchProcess(spawnGuarded(terminal === undefined ? program : { ...program, terminal }), request);
}
