/** `anyport run`: starts a task, follows it, and takes its changes over when asked to. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { readFile } from 'node:fs/promises';
import type { TaskRequest, TaskResult } from '../../workflows/activity-interfaces.ts';
import { CONTENDERS } from '../../workflows/domain/contest.ts';
import type { TaskClient } from '../task-client.ts';
import { parseTaskRequest } from '../task-request.ts';
import { checkWorkspace } from './check-workspace.ts';
import { withTaskClient } from './connection-options.ts';
import { EXIT, EXIT_CODES_HELP } from './exit-codes.ts';
import { exitCodeOf, followToEnd, tellResult } from './follow-to-end.ts';
import { parseCount } from './parse-count.ts';
import { runContest } from './run-contest.ts';
import { takeOver } from './take-over.ts';
import type { TaskFlags } from './task-options.ts';
import { addTaskOptions, askedBy, onlyGiven, startTask } from './task-options.ts';
import { printJson } from './terminal.ts';
import { UsageError } from './usage-error.ts';

interface RunFlags extends TaskFlags {
  readonly workspace?: string;
  readonly apply?: true;
  readonly detach?: true;
  readonly includeUncommitted?: true;
  readonly outputSchema?: string;
  readonly check?: string;
  readonly attempts?: number;
  readonly atOnce?: number;
}

export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .description('Run a task and follow it. With a workspace it reads, changes and runs code in a worktree of its own.')
    .argument('<prompt>', 'what to do')
    .option('--workspace <dir>', "a git repository on the worker's host, or the folder in one that the task is about")
    .option('--include-uncommitted', "take the workspace's uncommitted changes along")
    .option('--apply', "take the task's changes over into the workspace when it completes")
    .option(
      '--check <command>',
      'run on the files that it leaves: whether they are good, by exit code 0; --apply takes good ones alone',
    )
    .option('--attempts <n>', 'have 2 to 8 contenders do it, each in files of its own, and take the best', parseAttempts)
    .option('--at-once <n>', 'how many contenders run at once; default: all', parseCount)
    .option('--json', 'one JSON object per line: the events, at last the result')
    .option('--output-schema <file>', 'a JSON schema that the answer must fit')
    .option('--detach', 'start it and return; see "anyport tasks watch"')
    .addHelpText('after', EXIT_CODES_HELP);
  addTaskOptions(command).action(async (prompt: string, flags: RunFlags) => {
    process.exitCode = await run(prompt, flags);
  });
}

async function run(prompt: string, flags: RunFlags): Promise<number> {
  assertFits(flags);
  const request = await toRequest(prompt, flags);
  const { attempts, atOnce, taskId: id } = flags;
  const [json, detach, apply] = [flags.json === true, flags.detach === true, flags.apply === true];
  return withTaskClient(flags, async (client) => {
    if (attempts !== undefined) {
      const options = { contenders: attempts, ...onlyGiven({ atOnce, taskId: id }) };
      return runContest(client, request, { options, json, detach, apply });
    }
    const taskId = await startTask(client, request, flags);
    if (detach) return EXIT.completed;
    const result = await followToEnd(client, { taskId, json });
    if (result === null) return EXIT.leftRunning;
    const applied = !apply || (await takeOver(request.workspace ?? '.', result, json));
    tellEnd(client, result, json);
    return applied ? exitCodeOf(result) : EXIT.failed;
  });
}

/** @throws UsageError when flags are given that make no sense together */
function assertFits({ apply, workspace, detach, check, attempts, atOnce }: RunFlags): void {
  const problems: readonly (readonly [boolean, string])[] = [
    [apply === true && workspace === undefined, '--apply needs a --workspace to apply the changes to'],
    [apply === true && detach === true, '--apply needs the end of the task, and --detach does not wait for it: use one of them'],
    [
      check !== undefined && workspace === undefined,
      '--check needs a --workspace: it runs on the files that the task leaves there',
    ],
    [
      attempts !== undefined && workspace === undefined,
      '--attempts needs a --workspace: contenders are compared by what they make of it',
    ],
    [atOnce !== undefined && attempts === undefined, '--at-once is about the contenders of --attempts: name how many there are'],
    [
      atOnce !== undefined && attempts !== undefined && atOnce > attempts,
      `--at-once is ${atOnce}, and there are ${attempts} contenders: write at most that`,
    ],
  ];
  const found = problems.find(([applies]) => applies);
  if (found !== undefined) throw new UsageError(found[1]);
}

function parseAttempts(text: string): number {
  const { least, most } = CONTENDERS;
  const count = /^[0-9]{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= least && count <= most) return count;
  throw new InvalidArgumentError(`"${text}" is not a whole number from ${least} to ${most}; without it there is one.`);
}

async function toRequest(prompt: string, flags: RunFlags): Promise<TaskRequest> {
  const { workspace: directory, includeUncommitted } = flags;
  const outputSchema = flags.outputSchema === undefined ? undefined : await readSchema(flags.outputSchema);
  const check = flags.check === undefined ? undefined : { command: flags.check };
  const given = { prompt, ...askedBy(flags), ...onlyGiven({ includeUncommitted, outputSchema, check }) };
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
