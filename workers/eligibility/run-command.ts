/** Runs one command to its exit code: wrong use and a mistake in the configuration are told in words, without a stack. */
import { CommanderError } from 'commander';
import { TaskStoreError } from '../../activities/store/task-store.ts';
import { ConfigError } from '../config-error.ts';
import { describeProblem } from '../describe-problem.ts';
import { note, tolerateClosedPipe } from './print.ts';

/** The command's own of `client/cli/exit-codes.ts`, which workers do not import: a script knows one list of them. */
export const EXIT = {
  /** Somebody may serve; nothing is wrong. */
  fine: 0,
  /** Nobody may serve; the operator's facts have a mistake; something broke. */
  refused: 1,
  wrongUse: 2,
} as const;
export type Exit = (typeof EXIT)[keyof typeof EXIT];

/** What was asked makes no sense here. The message says what, which value, and what to do. */
export class WrongUse extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WrongUse';
  }
}

/** Sets the process's exit code and lets it come to its end, so that all of its output is written. */
export async function runCommand(name: string, command: () => void | Promise<void>): Promise<void> {
  tolerateClosedPipe();
  try {
    await command();
  } catch (error) {
    process.exitCode = exitOf(error);
    // Commander has printed its own words already, also those of --help.
    if (!(error instanceof CommanderError)) note(`${name}: ${describeProblem(error)}`);
  }
}

function exitOf(error: unknown): Exit {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.wrongUse;
  const isTheirs = error instanceof WrongUse || error instanceof ConfigError || error instanceof TaskStoreError;
  return isTheirs ? EXIT.wrongUse : EXIT.refused;
}
