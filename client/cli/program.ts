/** Reads the arguments, runs one command, and turns every error into words and an exit code. */
import { Command, CommanderError } from 'commander';
import { DoorError } from '../http/door-error.ts';
import { TaskClientError } from '../task-client-error.ts';
import { TaskRequestError } from '../task-request.ts';
import { addBatchCommand } from './batch-command.ts';
import { addEndpointsCommand } from './endpoints-command.ts';
import { EXIT, EXIT_CODES_HELP } from './exit-codes.ts';
import { addProcessCommands } from './process-command.ts';
import { addReviewCommand } from './review-command.ts';
import { addRunCommand } from './run-command.ts';
import { addServeCommand } from './serve-command.ts';
import { addTasksCommand } from './tasks-command.ts';
import { note, tolerateClosedPipe } from './terminal.ts';
import { UsageError } from './usage-error.ts';

const program = new Command('anyport')
  .description('Durable OpenAI agent tasks that finish on whichever cloud may serve them.')
  .enablePositionalOptions()
  .exitOverride()
  .addHelpText('after', EXIT_CODES_HELP);
addRunCommand(program);
addReviewCommand(program);
addTasksCommand(program);
addBatchCommand(program);
addEndpointsCommand(program);
addServeCommand(program);
addProcessCommands(program);

tolerateClosedPipe();
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error);
}

function reportError(error: unknown): number {
  // Commander has printed its own words already, also those of --help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.wrongUse;
  if (isWrongUse(error)) {
    note(`anyport: ${error.message}`, 'red');
    return EXIT.wrongUse;
  }
  if (error instanceof TaskClientError || error instanceof DoorError) note(`anyport: ${error.message}`, 'red');
  else note(`anyport: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, 'red');
  return EXIT.failed;
}

function isWrongUse(error: unknown): error is Error {
  if (error instanceof TaskClientError) return error.problem === 'invalid-file';
  // A RangeError is an id or a number that is none.
  return error instanceof UsageError || error instanceof TaskRequestError || error instanceof RangeError;
}
