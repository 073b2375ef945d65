/** How a confined command is started: the program, its arguments and its environment, and what to give back when it has ended. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Invocation } from '../command-user.ts';
import { commandUser } from '../command-user.ts';
import type { BubblewrapCommand } from './bubblewrap-arguments.ts';
import { bubblewrapArguments } from './bubblewrap-arguments.ts';
import type { CommandLimits } from './command-limits.ts';
import type { ControlGroups } from './control-groups.ts';
import { createNamelessFile } from './nameless-file.ts';
import { ownTree } from './own-tree.ts';
import type { StartRequest } from './sandbox.ts';
import { systemCallFilter } from './system-call-filter.ts';

/** One command, ready to be spawned. */
export interface Launch extends Invocation {
  readonly environment: Readonly<Record<string, string>>;
  /** Called once, after the program's end or when it could not be started. @returns what the reader of its output should know, in words */
  release(): Promise<readonly string[]>;
}

export interface Launcher {
  prepare(command: BubblewrapCommand & Pick<StartRequest, 'onOutput'>): Promise<Launch>;
}

/** Options of later versions (0.8 of 2023 has all of them). */
const NEWER_OPTIONS = ['--disable-userns', '--size'];
/** `bwrap --help` answers in milliseconds. */
const HELP_TIMEOUT_MS = 5_000;

/** After the gate's. */
const FILTER = 4;
/**
 * Enters the control groups that come before `--`, as the process that bubblewrap then is: all below it is in them too. Before them comes
 * the file of the filter, or nothing. A system without memory is to end commands before their worker.
 */
const ENTER =
  'echo 1000 2>/dev/null >/proc/self/oom_score_adj; filter=$1; shift; while [ "$1" != -- ]; do echo 0 >"$1" || exit 126; shift; done; shift; ' +
  `[ -z "$filter" ] || exec ${FILTER}<"$filter" || exit 126; exec "$@"`;

export function createBubblewrapLauncher(groups: ControlGroups, limits: CommandLimits): Launcher {
  let options: Promise<ReadonlySet<string>> | undefined;
  let filter: string | undefined;
  return {
    async prepare(command) {
      options ??= readOptions();
      const known = await options;
      filter ??= filterFile();
      const user = commandUser();
      if (user.kind === 'none') throw new Error(`commands cannot be confined here: ${user.reason}; ${user.remedy}`);
      await ownTree(command.workspace);
      const filtered = filter === '' ? [] : ['--seccomp', String(FILTER)];
      const args = [...filtered, ...bubblewrapArguments(command, { options: known, isOtherUser: user.kind === 'own' })];
      const { entrances, end } = groups.create(limits);
      return {
        command: '/bin/sh',
        args: ['-c', ENTER, 'sh', filter, ...entrances, '--', 'bwrap', ...args],
        environment: { PATH: process.env['PATH'] ?? '' },
        release: end,
      };
    },
  };
}

/** `''`: this machine's system calls are not known to us. */
function filterFile(): string {
  const program = systemCallFilter();
  return program === undefined ? '' : createNamelessFile(program);
}

/** @throws Error with ENOENT when there is no bubblewrap */
async function readOptions(): Promise<ReadonlySet<string>> {
  try {
    const { stdout, stderr } = await promisify(execFile)('bwrap', ['--help'], { timeout: HELP_TIMEOUT_MS });
    const words = new Set(`${stdout}${stderr}`.split(/\s+/));
    return new Set(NEWER_OPTIONS.filter((option) => words.has(option)));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw error;
    return new Set();
  }
}
