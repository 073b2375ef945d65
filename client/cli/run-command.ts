/** `anyport run`: starts a task, follows it, and takes its changes over when asked to. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { SandboxChoice, TaskRequest, TaskResult } from '../../workflows/activity-interfaces.ts';
import type { ApprovalMode, ApprovalPolicy } from '../../workflows/domain/approval.ts';
import { APPROVAL_MODES, toCommandRule } from '../../workflows/domain/approval.ts';
import type { TaskBudget } from '../../workflows/domain/budget.ts';
import type { FailoverKind } from '../../workflows/domain/tenant-policy.ts';
import { FAILOVER_KINDS } from '../../workflows/domain/tenant-policy.ts';
import type { TaskClient } from '../task-client.ts';
import { parseTaskRequest } from '../task-request.ts';
import { addBudgetOptions, toBudget } from './budget-options.ts';
import { applyDiff } from './apply-diff.ts';
import { checkWorkspace } from './check-workspace.ts';
import type { ConnectionFlags } from './connection-options.ts';
import { addConnectionOptions, withTaskClient } from './connection-options.ts';
import { EXIT, EXIT_CODES_HELP } from './exit-codes.ts';
import { exitCodeOf, followToEnd, tellResult } from './follow-to-end.ts';
import { parseCount } from './parse-count.ts';
import { note, print, printJson } from './terminal.ts';
import { UsageError } from './usage-error.ts';

const MINUTE_MS = 60_000;

interface RunFlags extends ConnectionFlags {
  readonly model: string;
  readonly workspace?: string;
  readonly apply?: true;
  readonly json?: true;
  readonly detach?: true;
  readonly taskId?: string;
  readonly tenant?: string;
  readonly instructions?: string;
  readonly maxTurns?: number;
  readonly budgetUsd?: number;
  readonly budgetTokens?: number;
  readonly budgetTurns?: number;
  readonly budgetToolCalls?: number;
  readonly budgetMinutes?: number;
  readonly sandbox?: SandboxChoice;
  readonly includeUncommitted?: true;
  readonly residency?: readonly string[];
  readonly clouds?: readonly string[];
  readonly failover?: FailoverKind;
  readonly zeroRetention?: true;
  readonly approvals?: ApprovalMode;
  readonly allow?: readonly string[];
  readonly approvalMinutes?: number;
}

export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .description('Run a task and follow it. With a workspace it reads, changes and runs code in a worktree of its own.')
    .argument('<prompt>', 'what to do')
    .option('--workspace <dir>', "a git repository on the worker's host")
    .option('--model <name>', 'the model, whoever serves it', 'gpt-6.1-sol')
    .option('--apply', "take the task's changes over into the workspace when it completes")
    .option('--json', 'one JSON object per line: the events, at last the result')
    .option('--detach', 'start it and return; see "anyport tasks watch"')
    .option('--task-id <id>', 'your own id: the same id again joins the running task')
    .option('--tenant <name>', 'for whom')
    .option('--instructions <text>', 'extra instructions to the model')
    .option('--max-turns <n>', 'fail after so many turns', parseCount)
    .addOption(new Option('--sandbox <kind>', 'what confines its commands').choices(['bubblewrap', 'none']))
    .option('--include-uncommitted', "take the workspace's uncommitted changes along")
    .option('--residency <geos>', "process and store it there alone, such as eu,us; narrows the tenant's policy", parseList)
    .option('--clouds <names>', 'these clouds alone, such as azure,aws', parseList)
    .addOption(new Option('--failover <kind>', 'where it may go on when a cloud fails').choices(FAILOVER_KINDS))
    .option('--zero-retention', 'only where nothing that is sent is kept')
    .addOption(new Option('--approvals <mode>', 'what a person is asked about before it runs').choices(APPROVAL_MODES))
    .option('--allow <command>', 'with --approvals: commands that begin so are not asked about; may be repeated', collect)
    .option('--approval-minutes <n>', 'with --approvals: what nobody answers for so long is denied', parseCount)
    .addHelpText('after', EXIT_CODES_HELP);
  addConnectionOptions(addBudgetOptions(command)).action(async (prompt: string, flags: RunFlags) => {
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
    const { taskId } = await client.start(request, flags.taskId === undefined ? {} : { taskId: flags.taskId });
    const json = flags.json === true;
    tellStarted({ taskId, uiLink: client.uiLink(taskId), json });
    if (flags.detach === true) return EXIT.completed;
    const result = await followToEnd(client, { taskId, json });
    if (result === null) return EXIT.leftRunning;
    const applied = flags.apply !== true || (await apply(request, result, json));
    tellEnd(client, result, json);
    return applied ? exitCodeOf(result) : EXIT.failed;
  });
}

async function toRequest(prompt: string, flags: RunFlags): Promise<TaskRequest> {
  const { workspace: directory, model, tenant, instructions, maxTurns, sandbox, includeUncommitted } = flags;
  const own = { budget: budgetOf(flags), policy: policyOf(flags), approvals: approvalsOf(flags) };
  const request = { prompt, model, tenant, instructions, maxTurns, ...own, sandbox, includeUncommitted };
  const given = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
  if (directory === undefined) return parseTaskRequest(given);
  const workspace = await checkWorkspace({ directory, includeUncommitted: includeUncommitted === true });
  return parseTaskRequest({ ...given, workspace });
}

/** `undefined`: no flag was given. Whether the tenant allows it is known to the workers. */
function policyOf({ residency, clouds, failover, zeroRetention }: RunFlags): object | undefined {
  const given = Object.entries({ residency, clouds, failover, zeroRetention }).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

function approvalsOf({ approvals: mode, allow = [], approvalMinutes }: RunFlags): ApprovalPolicy | undefined {
  if (mode === undefined && (allow.length > 0 || approvalMinutes !== undefined)) {
    throw new UsageError('--allow and --approval-minutes go with --approvals, which says what is asked about');
  }
  if (mode === undefined) return undefined;
  const rules = allow.map((line) => {
    const rule = toCommandRule(line);
    if (rule === undefined) throw new UsageError(`--allow "${line}" is no plain command: write words such as "npm test"`);
    return rule;
  });
  const expiry = approvalMinutes === undefined ? {} : { expireMs: approvalMinutes * MINUTE_MS };
  return { mode, ...(rules.length === 0 ? {} : { rules }), ...expiry };
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function parseList(text: string): readonly string[] {
  return text.split(',').map((part) => part.trim());
}

function budgetOf(flags: RunFlags): TaskBudget | undefined {
  const { budgetUsd: usd, budgetTokens: tokens, budgetTurns: turns, budgetToolCalls: toolCalls, budgetMinutes: minutes } = flags;
  const given = { usd, tokens, turns, toolCalls, minutes };
  return toBudget(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)));
}

function tellStarted({
  taskId,
  uiLink,
  json,
}: {
  readonly taskId: string;
  readonly uiLink: string | null;
  readonly json: boolean;
}): void {
  if (json) {
    printJson({ kind: 'task-started', taskId, uiLink });
    return;
  }
  print(`task ${taskId}`, 'bold');
  if (uiLink !== null) print(`Temporal UI: ${uiLink}\n`);
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
