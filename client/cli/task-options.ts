/** The flags of every command that starts one task and follows it, and what they make of its request. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { SandboxChoice, TaskRequest } from '../../workflows/activity-interfaces.ts';
import type { TaskBudget } from '../../workflows/domain/budget.ts';
import type { FailoverKind } from '../../workflows/domain/tenant-policy.ts';
import { FAILOVER_KINDS } from '../../workflows/domain/tenant-policy.ts';
import type { TaskClient } from '../task-client.ts';
import type { ApprovalFlags } from './approval-options.ts';
import { addApprovalOptions, toApprovals } from './approval-options.ts';
import { addBudgetOptions, toBudget } from './budget-options.ts';
import type { ConnectionFlags } from './connection-options.ts';
import { addConnectionOptions } from './connection-options.ts';
import { parseCount } from './parse-count.ts';
import { print, printJson } from './terminal.ts';

export interface TaskFlags extends ConnectionFlags, ApprovalFlags {
  readonly model: string;
  readonly json?: true;
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
  /** Only ever `false` when it was given. */
  readonly network?: boolean;
  readonly residency?: readonly string[];
  readonly clouds?: readonly string[];
  readonly failover?: FailoverKind;
  readonly zeroRetention?: true;
  readonly subAgents?: true;
  readonly managed?: true;
  readonly agent?: string;
}

export function addTaskOptions(command: Command): Command {
  const own = command
    .option('--model <name>', 'the model, whoever serves it', 'gpt-6.1-sol')
    .option('--task-id <id>', 'your own id: the same id again joins the running task')
    .option('--tenant <name>', 'for whom')
    .option('--instructions <text>', 'extra instructions to the model')
    .option('--max-turns <n>', 'fail after so many turns', parseCount)
    .addOption(new Option('--sandbox <kind>', 'what confines its commands').choices(['bubblewrap', 'none']))
    .option('--no-network', 'its commands reach no host, whatever the operator allows')
    .option('--residency <geos>', "process and store it there alone, such as eu,us; narrows the tenant's policy", parseList)
    .option('--clouds <names>', 'these clouds alone, such as azure,aws', parseList)
    .addOption(new Option('--failover <kind>', 'where it may go on when a cloud fails').choices(FAILOVER_KINDS))
    .option('--managed', "the loop runs in a cloud's own service of agents, at an endpoint with such a service")
    .option('--agent <id>', 'with --managed: an agent that is saved there, in place of the configured one')
    .option('--sub-agents', 'it may have other agents work for it, each in a copy of its workspace')
    .option('--zero-retention', 'only where nothing that is sent is kept');
  return addConnectionOptions(addApprovalOptions(addBudgetOptions(own)));
}

/** What the flags ask for, without those that were not given. */
export function askedBy(flags: TaskFlags): object {
  const { model, tenant, instructions, maxTurns, sandbox, subAgents, managed, agent } = flags;
  const network = flags.network === false ? 'none' : undefined;
  const own = { budget: budgetOf(flags), policy: policyOf(flags), approvals: toApprovals(flags) };
  return onlyGiven({ model, tenant, instructions, maxTurns, ...own, sandbox, network, subAgents, managed, agent });
}

/** Starts the task and says so; gives its id. */
export async function startTask(client: TaskClient, request: TaskRequest, flags: TaskFlags): Promise<string> {
  const { taskId } = await client.start(request, flags.taskId === undefined ? {} : { taskId: flags.taskId });
  const uiLink = client.uiLink(taskId);
  if (flags.json === true) {
    printJson({ kind: 'task-started', taskId, uiLink });
    return taskId;
  }
  print(`task ${taskId}`, 'bold');
  if (uiLink !== null) print(`Temporal UI: ${uiLink}\n`);
  return taskId;
}

export function onlyGiven(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** `undefined`: no flag was given. Whether the tenant allows it is known to the workers. */
function policyOf({ residency, clouds, failover, zeroRetention }: TaskFlags): object | undefined {
  const given = onlyGiven({ residency, clouds, failover, zeroRetention });
  return Object.keys(given).length === 0 ? undefined : given;
}

function parseList(text: string): readonly string[] {
  return text.split(',').map((part) => part.trim());
}

function budgetOf(flags: TaskFlags): TaskBudget | undefined {
  const { budgetUsd: usd, budgetTokens: tokens, budgetTurns: turns, budgetToolCalls: toolCalls, budgetMinutes: minutes } = flags;
  return toBudget(onlyGiven({ usd, tokens, turns, toolCalls, minutes }));
}
