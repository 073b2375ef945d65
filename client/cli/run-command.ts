/** `anyport run`: starts a task, follows it, and takes its changes over when asked to. */
import type { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import type { TaskRequest, TaskResult } from '../../workflows/activity-interfaces.ts';
import type { TaskClient } from '../task-client.ts';
import { parseTaskRequest } from '../task-request.ts';
import { applyDiff } from './apply-diff.ts';
import { checkWorkspace } from './check-workspace.ts';
import { withTaskClient } from './connection-options.ts';
import { EXIT, EXIT_CODES_HELP } from './exit-codes.ts';
import { exitCodeOf, followToEnd, tellResult } from './follow-to-end.ts';
import type { TaskFlags } from './task-options.ts';
import { addTaskOptions, askedBy, onlyGiven, startTask } from './task-options.ts';
import { note, print, printJson } from './terminal.ts';
import { UsageError } from './usage-error.ts';

interface RunFlags extends TaskFlags {
  readonly workspace?: string;
  readonly apply?: true;
  readonly detach?: true;
  readonly includeUncommitted?: true;
  readonly outputSchema?: string;
}

export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .description('Run a task and follow it. With a workspace it reads, changes and runs code in a worktree of its own.')
    .argument('<prompt>', 'what to do')
    .option('--workspace <dir>', "a git repository on the worker's host, or the folder in one that the task is about")
    .option('--include-uncommitted', "take the workspace's uncommitted changes along")
    .option('--apply', "take the task's changes over into the workspace when it completes")
    .option('--json', 'one JSON object per line: the events, at last the result')
    .option('--output-schema <file>', 'a JSON schema that the answer must fit')
    .option('--detach', 'start it and return; see "anyport tasks watch"')
    .addHelpText('after', EXIT_CODES_HELP);
  addTaskOptions(command).action(async (prompt: string, flags: RunFlags) => {
    process.exitCode = await run(prompt, flags);
  });
}

async function run(prompt: string, flags: RunFlags): Promise<number> {
  if (flags.apply === true && flags.workspace === undefined)
    throw new UsageError('--apply needs a --workspace to apply the changes to');
  if (flags.apply === true && flags.detach === true) {
    throw new UsageError('--apply needs the end of the task, and --detach does not wait for it: use one of them');
  }
  const request = await toRequest(prompt, flags);
  return withTaskClient(flags, async (client) => {
    const taskId = await startTask(client, request, flags);
    const json = flags.json === true;
    if (flags.detach === true) return EXIT.completed;
    const result = await followToEnd(client, { taskId, json });
    if (result === null) return EXIT.leftRunning;
    const applied = flags.apply !== true || (await apply(request, result, json));
    tellEnd(client, result, json);
    return applied ? exitCodeOf(result) : EXIT.failed;
  });
}

async function toRequest(prompt: string, flags: RunFlags): Promise<TaskRequest> {
  const { workspace: directory, includeUncommitted } = flags;
  const outputSchema = flags.outputSchema === undefined ? undefined : await readSchema(flags.outputSchema);
  const given = { prompt, ...askedBy(flags), ...onlyGiven({ includeUncommitted, outputSchema }) };
  if (directory === undefined) return parseTaskRequest(given);
  const { repository, folder } = await checkWorkspace({ directory, includeUncommitted: includeUncommitted === true });
  return parseTaskRequest({ ...given, workspace: repository, ...onlyGiven({ folder }) });
}

/** Whether it is a schema is the request's own question. */
async function readSchema(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    throw new UsageError(`the output schema ${file} cannot be read: name a file with a JSON schema`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`the output schema ${file} is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function tellEnd(client: TaskClient, result: TaskResult, json: boolean): void {
  if (json) printJson(result);
  else tellResult(result, client.uiLink(result.taskId));
}

/** Whether the checkout is as the caller wanted it. In JSON mode the last line belongs to the result, so words go to standard error. */
async function apply(request: TaskRequest, result: TaskResult, json: boolean): Promise<boolean> {
  const say = json ? note : print;
  if (result.state !== 'completed') {
    say(
      `nothing was applied to ${request.workspace}: the task did not complete. Its changes so far are in the result's diff`,
      'yellow',
    );
    return true;
  }
  const applied = await applyDiff(request.workspace ?? '.', result);
  switch (applied.kind) {
    case 'nothing':
      say('the task changed nothing: there is nothing to apply');
      return true;
    case 'applied':
      say(`applied to ${request.workspace} (not staged)`, 'green');
      return true;
    case 'refused':
      note(`the changes were not applied to ${request.workspace}: ${applied.problem}`, 'red');
      if (applied.savedAs !== null)
        note(`they are in ${applied.savedAs}: take them over with "git apply --3way ${applied.savedAs}"`);
      return false;
  }
}
