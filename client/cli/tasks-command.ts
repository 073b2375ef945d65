/** `anyport tasks`: list, show, watch, cancel and raise-budget; the others are in files of their own. */
import Table from 'cli-table3';
import type { Command } from 'commander';
import { Option } from 'commander';
import { describeSpending } from '../../workflows/domain/budget.ts';
import { toPrintable } from '../../workflows/domain/tool-call.ts';
import type { TaskStatus } from '../../workflows/domain/task-status.ts';
import type { TaskStanding, TaskSummary } from '../list-tasks.ts';
import { TASK_STANDINGS } from '../list-tasks.ts';
import { formatCost, tellEvent } from '../story.ts';
import type { TaskClient } from '../task-client.ts';
import type { BudgetFlags } from './budget-options.ts';
import { addRaiseOptions, toBudget } from './budget-options.ts';
import { addCheckpointCommands } from './checkpoint-commands.ts';
import type { ConnectionFlags } from './connection-options.ts';
import { addConnectionOptions, withTaskClient } from './connection-options.ts';
import { showContest, watchContest } from './contest-commands.ts';
import { EXIT_CODES_HELP } from './exit-codes.ts';
import { exitCodeOf, followToEnd, tellResult } from './follow-to-end.ts';
import { addPeopleCommands } from './people-commands.ts';
import { orNull } from './or-null.ts';
import { parseCount } from './parse-count.ts';
import { note, print, printJson } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** A line of most terminals, and some. */
const SHOWN_CHARACTERS = 160;

interface ListFlags extends ConnectionFlags {
  readonly state?: TaskStanding;
  readonly batch?: string;
  readonly limit: number;
  readonly json?: true;
}

interface JsonFlags extends ConnectionFlags {
  readonly json?: true;
}

export function addTasksCommand(program: Command): void {
  const tasks = program.command('tasks').description('Tasks on this Temporal server.');
  addRaiseBudgetCommand(tasks);
  addPeopleCommands(tasks);
  addCheckpointCommands(tasks);
  addConnectionOptions(
    tasks
      .command('list')
      .description('the newest tasks first')
      .addOption(new Option('--state <state>', 'only these').choices([...TASK_STANDINGS]))
      .option('--batch <id>', 'only the tasks of this batch')
      .option('--limit <n>', 'at most so many', parseCount, 20)
      .option('--json', 'one JSON object per line'),
  ).action((flags: ListFlags) => withTaskClient(flags, (client) => list(client, flags)));
  addConnectionOptions(
    tasks.command('show').description('what a task is doing, or came to').argument('<task-id>').option('--json', 'as JSON'),
  ).action((taskId: string, flags: JsonFlags) => withTaskClient(flags, (client) => show(client, taskId, flags.json === true)));
  addConnectionOptions(
    tasks
      .command('watch')
      .description('follow a task to its end')
      .argument('<task-id>')
      .option('--json', 'one JSON object per line: the events, at last the result')
      .addHelpText('after', EXIT_CODES_HELP),
  ).action((taskId: string, flags: JsonFlags) => withTaskClient(flags, (client) => watch(client, taskId, flags.json === true)));
  addConnectionOptions(tasks.command('cancel').description('stop a task; what it has is kept').argument('<task-id>')).action(
    (taskId: string, flags: ConnectionFlags) =>
      withTaskClient(flags, async (client) => {
        await client.cancel(taskId);
        print(`task ${taskId} is asked to stop`);
      }),
  );
}

/** Values, not additions: the same command twice is one raise. */
function addRaiseBudgetCommand(tasks: Command): void {
  const command = tasks
    .command('raise-budget')
    .description('raise what a task may use up to the given values; a task that waits for it goes on')
    .argument('<task-id>');
  addConnectionOptions(addRaiseOptions(command)).action((taskId: string, flags: ConnectionFlags & BudgetFlags) => {
    const raise = toBudget(flags);
    if (raise === undefined) throw new UsageError('name what to raise: --usd, --tokens, --turns, --tool-calls or --minutes');
    return withTaskClient(flags, async (client) => {
      const budget = await client.raiseBudget(taskId, raise);
      print(`task ${taskId} may use up ${describeSpending(budget, {})}`);
    });
  });
}

async function list(client: TaskClient, { state, batch, limit, json }: ListFlags): Promise<void> {
  const tasks = await client.list({
    limit,
    ...(state === undefined ? {} : { standing: state }),
    ...(batch === undefined ? {} : { batchId: batch }),
  });
  if (json === true) {
    for (const { standing, ...task } of tasks) printJson({ ...task, state: standing });
    return;
  }
  if (tasks.length === 0) note('no task');
  else print(toTable(tasks));
}

function toTable(tasks: readonly TaskSummary[]): string {
  // The table's own colours would be stripped with the untrusted ones.
  const table = new Table({ head: ['task', 'state', 'started (UTC)', 'took'], style: { head: [], border: [] } });
  for (const task of tasks)
    table.push([
      task.isContest === true ? `${task.taskId} (contest)` : task.taskId,
      task.standing,
      toSecond(task.startedAt),
      duration(task),
    ]);
  return table.toString();
}

function toSecond(date: Date): string {
  return date.toISOString().slice(0, 19).replace('T', ' ');
}

function duration({ startedAt, endedAt }: TaskSummary): string {
  return endedAt === undefined ? '' : `${((endedAt.getTime() - startedAt.getTime()) / 1000).toFixed(1)} s`;
}

async function show(client: TaskClient, taskId: string, json: boolean): Promise<void> {
  const task = await client.standing(taskId);
  if (task.isContest === true) return showContest(client, task, json);
  const status = await orNull(client.status(taskId), 'no-worker');
  const result = task.standing === 'running' ? null : await orNull(client.result(taskId));
  if (json) {
    printJson({ ...task, state: task.standing, uiLink: client.uiLink(taskId), status, result });
    return;
  }
  print(`task ${taskId}: ${task.standing}, started ${toSecond(task.startedAt)} UTC`, 'bold');
  for (const event of status?.events ?? []) print(tellEvent(event));
  if (result !== null) tellResult(result, client.uiLink(taskId));
  else if (status !== null) tellStatus(status, client.uiLink(taskId));
}

function tellStatus(status: TaskStatus, uiLink: string | null): void {
  print(`\n${status.state} in turn ${status.turn}, ${formatCost(status.costUsdMicros)} so far${perhaps(status)}`);
  for (const { callId, tool, about } of status.approvals ?? [])
    print(`waits for approval: ${toPrintable(`${callId} ${tool} ${about}`, SHOWN_CHARACTERS)}`, 'yellow');
  const { reason, command } = status.waitingFor ?? {};
  if (command !== undefined) print(`${reason}\nlet it go on: ${command}`, 'yellow');
  print(`Temporal UI: ${uiLink ?? 'its address is not known here (ANYPORT_TEMPORAL_UI)'}`);
}

function perhaps({ suspenseUsdMicros: suspense }: TaskStatus): string {
  return suspense === undefined ? '' : `, and ${formatCost(suspense)} that may have been billed without an answer`;
}

async function watch(client: TaskClient, taskId: string, json: boolean): Promise<void> {
  if ((await client.standing(taskId)).isContest === true) return watchContest(client, taskId, json);
  const result = await followToEnd(client, { taskId, json });
  if (result !== null) {
    if (json) printJson(result);
    else tellResult(result, client.uiLink(taskId));
  }
  process.exitCode = exitCodeOf(result);
}
