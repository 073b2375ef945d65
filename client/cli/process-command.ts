/** Commands that are programs of their own (`dev`, `worker`, `route`, …): started beside the client, which knows only their path. */
import type { Command } from 'commander';
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { EXIT } from './exit-codes.ts';

interface Program {
  readonly name: string;
  readonly description: string;
  /** Seen from this file. */
  readonly path: string;
}

const PROGRAMS: readonly Program[] = [
  {
    name: 'dev',
    description: 'Run the local stack: Temporal with its UI, a worker, and emulated clouds where no credentials are found.',
    path: '../../workers/dev/main.ts',
  },
  { name: 'worker', description: 'Run a worker.', path: '../../workers/supervisor/main.ts' },
  {
    name: 'doctor',
    description: 'Check Temporal, endpoints, credentials, store and sandbox; say what to do.',
    path: '../../workers/doctor.ts',
  },
  {
    name: 'route',
    description: 'Say who may serve a task on a day, best first, and every reason why the others may not.',
    path: '../../workers/route.ts',
  },
  {
    name: 'catalog',
    description: 'List, show and check the dated facts about what clouds sell.',
    path: '../../workers/catalog.ts',
  },
];

/** Signals that mean "stop"; the program stops its own children in order. */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Adds the commands; their arguments, also `--help`, are the program's. */
export function addProcessCommands(program: Command): void {
  for (const { name, description, path } of PROGRAMS) {
    program
      .command(name)
      .description(description)
      .argument('[args...]')
      .allowUnknownOption()
      .passThroughOptions()
      .helpOption(false)
      .action(async (args: readonly string[]) => {
        process.exitCode = await runProgram(fileURLToPath(new URL(path, import.meta.url)), args);
      });
  }
}

function runProgram(path: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path, ...args], { stdio: 'inherit' });
    const forward = (signal: NodeJS.Signals): void => {
      // On a terminal Ctrl-C reaches the whole group: a second one would count as impatience.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    for (const signal of FORWARDED) process.on(signal, forward);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      for (const forwarded of FORWARDED) process.off(forwarded, forward);
      resolve(code ?? (signal === null ? EXIT.failed : 128 + constants.signals[signal]));
    });
  });
}
