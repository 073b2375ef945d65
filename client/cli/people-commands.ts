/** `anyport tasks approve`, `deny`, `approvals` and `send`: what people say to a running task. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { userInfo } from 'node:os';
import type { ApprovalMode } from '../../workflows/domain/approval.ts';
import { APPROVAL_MODES } from '../../workflows/domain/approval.ts';
import type { MessageMode } from '../../workflows/domain/task-status.ts';
import { MESSAGE_MODES } from '../../workflows/domain/task-status.ts';
import type { ConnectionFlags } from './connection-options.ts';
import { addConnectionOptions, withTaskClient } from './connection-options.ts';
import { parseCount } from './parse-count.ts';
import { print } from './terminal.ts';
import { UsageError } from './usage-error.ts';

interface AnswerFlags extends ConnectionFlags {
  readonly call?: string;
  readonly by?: string;
}

interface SendFlags extends ConnectionFlags {
  readonly mode: MessageMode;
  readonly toTurn?: number;
  readonly requestId?: string;
}

export function addPeopleCommands(tasks: Command): void {
  addApproveCommand(tasks);
  addDenyCommand(tasks);
  addApprovalsCommand(tasks);
  addSendCommand(tasks);
}

function addApproveCommand(tasks: Command): void {
  const command = tasks
    .command('approve')
    .description('let a tool call run that waits for approval')
    .argument('<task-id>')
    .option('--remember', 'and the like of it, for the rest of the task');
  addConnectionOptions(addAnswerOptions(command)).action((taskId: string, flags: AnswerFlags & { readonly remember?: true }) =>
    withTaskClient(flags, async (client) => {
      const { callId, remembered } = await client.approve(taskId, {
        by: nameOf(flags),
        ...callOf(flags),
        ...(flags.remember === undefined ? {} : { remember: true }),
      });
      const more = remembered === undefined ? '' : `; from now on without asking: ${remembered}`;
      print(`call ${callId} of task ${taskId} is approved${more}`);
    }),
  );
}

function addDenyCommand(tasks: Command): void {
  const command = tasks
    .command('deny')
    .description('have the model told that a call that waits for approval is not run')
    .argument('<task-id>')
    .option('--reason <text>', 'told to the model');
  addConnectionOptions(addAnswerOptions(command)).action((taskId: string, flags: AnswerFlags & { readonly reason?: string }) =>
    withTaskClient(flags, async (client) => {
      const reason = flags.reason === undefined ? {} : { reason: flags.reason };
      const { callId } = await client.deny(taskId, { by: nameOf(flags), ...callOf(flags), ...reason });
      print(`call ${callId} of task ${taskId} is denied`);
    }),
  );
}

function addApprovalsCommand(tasks: Command): void {
  const command = tasks
    .command('approvals')
    .description('change what a running task asks about; calls that wait are judged anew')
    .argument('<task-id>')
    .addOption(new Option('--mode <mode>', 'what is asked about').choices(APPROVAL_MODES).makeOptionMandatory())
    .option('--by <name>', 'who decides; default: the user of this machine');
  addConnectionOptions(command).action((taskId: string, flags: AnswerFlags & { readonly mode: ApprovalMode }) =>
    withTaskClient(flags, async (client) => {
      await client.setApprovals(taskId, { mode: flags.mode, by: nameOf(flags) });
      print(`task ${taskId} asks from now on: ${flags.mode}`);
    }),
  );
}

function addSendCommand(tasks: Command): void {
  const command = tasks
    .command('send')
    .description('say something to a task; one that has ended goes on')
    .argument('<task-id>')
    .argument('[text]', 'what to do; may be left out with --mode rollback')
    .addOption(
      new Option('--mode <mode>', 'when it is read: at the end, before the next turn, at once, or only by an idle task')
        .choices(MESSAGE_MODES)
        .default('enqueue'),
    )
    .option('--to-turn <n>', 'with --mode rollback: the last turn to keep; 0 is the beginning', parseTurn)
    .option('--request-id <id>', 'your own id: the same id again is the same message');
  addConnectionOptions(command).action((taskId: string, text: string | undefined, flags: SendFlags) => {
    if (flags.mode === 'rollback' && flags.toTurn === undefined)
      throw new UsageError('--mode rollback needs --to-turn: the last turn to keep');
    return withTaskClient(flags, async (client) => {
      const { requestId, isRepeated } = await client.send(taskId, {
        mode: flags.mode,
        ...(text === undefined ? {} : { text }),
        ...(flags.toTurn === undefined ? {} : { toTurn: flags.toTurn }),
        ...(flags.requestId === undefined ? {} : { requestId: flags.requestId }),
      });
      print(isRepeated ? `message ${requestId} had come before: nothing was changed` : `message ${requestId} is taken`);
    });
  });
}

function addAnswerOptions(command: Command): Command {
  return command
    .option('--call <id>', 'which call, when several wait')
    .option('--by <name>', 'who decides; default: the user of this machine');
}

function callOf({ call }: AnswerFlags): { readonly callId?: string } {
  return call === undefined ? {} : { callId: call };
}

function nameOf({ by }: AnswerFlags): string {
  return by ?? userInfo().username;
}

function parseTurn(text: string): number {
  return text === '0' ? 0 : parseCount(text);
}
