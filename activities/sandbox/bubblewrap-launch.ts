/** How a confined command is started: the program, its arguments and its environment, and what to give back when it has ended. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { bubblewrapArguments } from './bubblewrap-arguments.ts';
import type { ConfinedCommand } from './sandbox.ts';

/** One command, ready to be spawned. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Called once, after the program's end or when it could not be started. */
  release(): Promise<void>;
}

export interface Launcher {
  prepare(command: ConfinedCommand): Promise<Launch>;
}

/** Options of later versions (0.8 of 2023 has all of them). */
const NEWER_OPTIONS = ['--disable-userns', '--size'];
/** `bwrap --help` answers in milliseconds. */
const HELP_TIMEOUT_MS = 5_000;

export function createBubblewrapLauncher(): Launcher {
  let options: Promise<ReadonlySet<string>> | undefined;
  return {
    async prepare(command) {
      options ??= readOptions();
      return {
        command: 'bwrap',
        args: bubblewrapArguments(command, await options),
        environment: { PATH: process.env['PATH'] ?? '' },
        release: () => Promise.resolve(),
      };
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
