/** No confinement, for hosts and tasks where that was asked for: commands have the worker's rights, but not its environment. */
import { tmpdir } from 'node:os';
import { commandUser } from '../command-user.ts';
import type { CommandLimits } from './command-limits.ts';
import { commandEnvironment } from './command-environment.ts';
import { disownTree } from './own-tree.ts';
import { runToEnd, watchProcess } from './run-process.ts';
import type { Sandbox, SandboxProcess, StartRequest } from './sandbox.ts';
import { spawnGuarded } from './spawned-process.ts';

export function createUnconfinedSandbox({ outputBytes }: CommandLimits): Sandbox {
  const start = (request: StartRequest): Promise<SandboxProcess> => startUnconfined(request, outputBytes);
  return { name: 'none', hasNetwork: true, start, run: (request) => runToEnd(start, request) };
}

async function startUnconfined(request: StartRequest, maxOutputBytes: number): Promise<SandboxProcess> {
  const { argv, workspace, workingDirectory, terminal } = request;
  const [command = '', ...args] = argv;
  const usual = commandEnvironment(process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin', tmpdir());
  const environment = { ...usual, ...trusting(workspace) };
  const program = { command, args, environment, workingDirectory };
  await disownTree(workspace);
  const spawned = spawnGuarded(terminal === undefined ? program : { ...program, terminal });
  const running = await watchProcess(spawned, { ...request, maxOutputBytes });
  return { ...running, ended: afterwards(running.ended, workspace) };
}

/** git refuses root a tree that belongs to somebody else. */
function trusting(tree: string): Record<string, string> {
  if (commandUser().kind !== 'own') return {};
  return { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: tree };
}

/** A command in the sandbox may have taken the tree over while this one made files in it. */
async function afterwards(ended: SandboxProcess['ended'], workspace: string): SandboxProcess['ended'] {
  const end = await ended;
  await disownTree(workspace);
  return end;
}
