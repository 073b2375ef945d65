/**
 * Commands in Linux namespaces of their own: no network but by way of a proxy of ours, few files, no other processes, and nothing outlives
 * the worker.
 */
import { existsSync } from 'node:fs';
import type { Launch } from './bubblewrap-launch.ts';
import { createBubblewrapLauncher } from './bubblewrap-launch.ts';
import type { CommandLimits } from './command-limits.ts';
import { findControlGroups } from './control-groups.ts';
import type { OpenEgress } from './egress-launch.ts';
import { withEgress } from './egress-launch.ts';
import { limitNote, runToEnd, watchProcess } from './run-process.ts';
import type { Sandbox, SandboxProcess, StartRequest } from './sandbox.ts';
import { spawnDirectly, spawnGuarded } from './spawned-process.ts';

const BASH = '/bin/bash';
/**
 * Job control puts the command in the terminal's foreground by itself. Bubblewrap stays out of it then: it is in the terminal's first
 * group, and a ctrl-C would end it together with the whole sandbox. (dash has job control as well, but fails when it ends, since the
 * first group lies outside of its process namespace.)
 */
const IN_FOREGROUND = ['-c', 'set -m; "$@"; exit "$?"', 'bash'];

/** Without `openEgress` there is no network. */
export function createBubblewrapSandbox(limits: CommandLimits, openEgress?: OpenEgress): Sandbox {
  const offline = createBubblewrapLauncher(findControlGroups(), limits);
  const launcher = openEgress === undefined ? offline : withEgress(offline, openEgress);
  const start = async (request: StartRequest): Promise<SandboxProcess> => {
    const { release, ...program } = await launcher.prepare(withJobControl(request));
    const { terminal } = request;
    try {
      // It is killed by SIGKILL: its namespace, and so every process in it, goes with it.
      const spawned = terminal === undefined ? spawnDirectly(program) : spawnGuarded({ ...program, terminal });
      const running = await watchProcess(spawned, { ...request, maxOutputBytes: limits.outputBytes });
      return { ...running, ended: afterRelease(running.ended, release, request.onOutput) };
    } catch (error) {
      await release();
      throw error;
    }
  };
  return { name: 'bubblewrap', hasNetwork: openEgress !== undefined, start, run: (request) => runToEnd(start, request) };
}

async function afterRelease(
  ended: SandboxProcess['ended'],
  release: Launch['release'],
  onOutput: StartRequest['onOutput'],
): SandboxProcess['ended'] {
  const end = await ended;
  // What could not be given back must not turn a command's end into a failure.
  const words = await release().catch(() => []);
  for (const line of words) onOutput(limitNote(line));
  return end;
}

function withJobControl(command: StartRequest): StartRequest {
  if (command.terminal === undefined || !existsSync(BASH)) return command;
  return { ...command, argv: [BASH, ...IN_FOREGROUND, ...command.argv] };
}
