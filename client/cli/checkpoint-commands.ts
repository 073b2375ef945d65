/** `anyport tasks checkpoints | diff | restore | apply | branch`: what a task did to its files, while it runs and after its end. */
import Table from 'cli-table3';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { CheckpointSummary, WorkspaceOverview } from '../../workflows/domain/workspace-report.ts';
import { countOf } from '../count-of.ts';
import { TaskClientError } from '../task-client-error.ts';
import type { TaskClient } from '../task-client.ts';
import type { Applied } from './apply-diff.ts';
import { applyDiff } from './apply-diff.ts';
import { checkWorkspace } from './check-workspace.ts';
import type { ConnectionFlags } from './connection-options.ts';
import { addConnectionOptions, withTaskClient } from './connection-options.ts';
import { EXIT } from './exit-codes.ts';
import { makeBranch } from './make-branch.ts';
import { note, print, printBytes, printJson } from './terminal.ts';
import { workOf } from './work-of.ts';
import { assertNewFolder, writeTree } from './write-tree.ts';

interface CheckpointFlags extends ConnectionFlags {
  readonly checkpoint?: number;
}

type DiffFlags = ConnectionFlags & { readonly from?: number; readonly to?: number; readonly stat?: true };
type RestoreFlags = CheckpointFlags & { readonly to: string };
type WorkspaceFlags = CheckpointFlags & { readonly workspace?: string };

const LAST = 'default: the last one';

export function addCheckpointCommands(tasks: Command): void {
  addConnectionOptions(
    tasks
      .command('checkpoints')
      .description('the states of its files that are kept, one after every step that changed something')
      .argument('<task-id>')
      .option('--json', 'one JSON object per line'),
  ).action((taskId: string, flags: ConnectionFlags & { json?: true }) =>
    ofWork(taskId, flags, async (client, id) => tellCheckpoints(await client.workspace(id), flags.json === true)),
  );
  addConnectionOptions(
    tasks
      .command('diff')
      .description('what it changed, as a patch that "git apply" takes')
      .argument('<task-id>')
      .option('--from <n>', 'since this checkpoint; default: 0, how it began', parseSequence)
      .option('--to <n>', `up to this checkpoint; ${LAST}`, parseSequence)
      .option('--stat', 'how much in which file, instead of the changes'),
  ).action((taskId: string, flags: DiffFlags) => ofWork(taskId, flags, (client, id) => diff(client, id, flags)));
  addConnectionOptions(
    tasks
      .command('restore')
      .description('write the files of a checkpoint into a new folder')
      .argument('<task-id>')
      .option('--checkpoint <n>', LAST, parseSequence)
      .requiredOption('--to <dir>', 'a folder that is not there yet, or empty'),
  ).action((taskId: string, flags: RestoreFlags) => ofWork(taskId, flags, (client, id) => restore(client, id, flags)));
  addTakeOver(
    tasks.command('apply').description('take its changes over into a checkout, not staged').argument('<task-id>'),
  ).action((taskId: string, flags: WorkspaceFlags) => ofWork(taskId, flags, (client, id) => apply(client, id, flags)));
  addTakeOver(
    tasks
      .command('branch')
      .description('make a branch with its changes as one commit; neither HEAD nor index are touched')
      .argument('<task-id>')
      .argument('<name>', 'of a branch that is not there yet'),
  ).action((taskId: string, name: string, flags: WorkspaceFlags) =>
    ofWork(taskId, flags, (client, id) => branch(client, { taskId: id, name }, flags)),
  );
}

function ofWork(
  taskId: string,
  flags: ConnectionFlags,
  work: (client: TaskClient, taskId: string) => Promise<void>,
): Promise<void> {
  return withTaskClient(flags, async (client) => work(client, await workOf(client, taskId)));
}

function addTakeOver(command: Command): Command {
  return addConnectionOptions(
    command
      .option('--checkpoint <n>', LAST, parseSequence)
      .option('--workspace <dir>', "a checkout; default: the task's own repository"),
  );
}

function tellCheckpoints({ checkpoints }: WorkspaceOverview, json: boolean): void {
  if (json) {
    for (const checkpoint of checkpoints) printJson(withText(checkpoint));
    return;
  }
  if (checkpoints.length === 0) return note('no checkpoint yet');
  // The table's own colours would be stripped with the untrusted ones.
  const head = ['checkpoint', 'turn', 'after', 'taken (UTC)', 'files changed', 'bytes stored'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const checkpoint of checkpoints) {
    const { sequence, turn, atMs, changedFiles, packBytes } = checkpoint;
    const taken = new Date(atMs).toISOString().slice(0, 19).replace('T', ' ');
    table.push([sequence, turn > 0 ? turn : '', stepOf(checkpoint), taken, changedFiles, packBytes]);
  }
  print(table.toString());
  tellLeftOut(checkpoints.at(-1));
}

function stepOf({ sequence, turn, tool }: CheckpointSummary): string {
  if (tool !== null) return tool;
  if (sequence === 0) return 'opening';
  return turn < 0 ? 'the end' : '';
}

function withText({ leftOut, emptyFolders, ...rest }: CheckpointSummary) {
  return {
    ...rest,
    leftOut: leftOut.map(({ path, ...file }) => ({ ...file, path: textOf(path) })),
    emptyFolders: emptyFolders.map(textOf),
  };
}

const REASONS = { 'too-large': 'too large', unreadable: 'unreadable', name: 'of a name that git refuses' } as const;

function tellLeftOut(checkpoint: CheckpointSummary | undefined): void {
  for (const { path, bytes, reason } of checkpoint?.leftOut ?? [])
    note(`not in the last checkpoint: ${textOf(path)} (${countOf(bytes, 'byte')}), ${REASONS[reason]}`, 'yellow');
}

async function diff(client: TaskClient, taskId: string, flags: DiffFlags): Promise<void> {
  const overview = await client.workspace(taskId);
  const to = checkpointOf(overview, taskId, flags.to);
  const from = checkpointOf(overview, taskId, flags.from ?? 0);
  const form = flags.stat === true ? 'stat' : 'patch';
  printBytes(await client.workspaceDiff(taskId, { from: from.sequence, to: to.sequence, form }));
  tellLeftOut(to);
}

async function restore(client: TaskClient, taskId: string, flags: RestoreFlags): Promise<void> {
  await assertNewFolder(flags.to);
  const overview = await client.workspace(taskId);
  const checkpoint = checkpointOf(overview, taskId, flags.checkpoint);
  const pack = await client.checkpointFiles(taskId, checkpoint.sequence);
  const folder = await writeTree(flags.to, { checkpoint, pack });
  print(`checkpoint ${checkpoint.sequence} of task ${taskId} is in ${folder}`, 'green');
  tellLeftOut(checkpoint);
}

async function apply(client: TaskClient, taskId: string, flags: WorkspaceFlags): Promise<void> {
  const overview = await client.workspace(taskId);
  const { sequence: to } = checkpointOf(overview, taskId, flags.checkpoint);
  const repository = await repositoryOf(overview, flags);
  const applied = await applyDiff(repository, { taskId, diff: await client.workspaceDiff(taskId, { from: 0, to }) });
  process.exitCode = tellApplied(applied, repository);
}

function tellApplied(applied: Applied, repository: string): number {
  switch (applied.kind) {
    case 'nothing':
      print('the task changed nothing: there is nothing to apply');
      return EXIT.completed;
    case 'applied':
      print(`applied to ${repository} (not staged)`, 'green');
      return EXIT.completed;
    case 'refused':
      note(`the changes were not applied to ${repository}: ${applied.problem}`, 'red');
      if (applied.savedAs !== null)
        note(`they are in ${applied.savedAs}: take them over with "git apply --3way ${applied.savedAs}"`);
      return EXIT.failed;
  }
}

async function branch(
  client: TaskClient,
  { taskId, name }: { taskId: string; name: string },
  flags: WorkspaceFlags,
): Promise<void> {
  const overview = await client.workspace(taskId);
  const { sequence: to } = checkpointOf(overview, taskId, flags.checkpoint);
  const repository = await repositoryOf(overview, flags);
  const commit = await makeBranch(repository, {
    name,
    parent: overview.baseCommit,
    message: `Changes of task ${taskId}\n`,
    diff: () => client.workspaceDiff(taskId, { from: 'commit', to }),
  });
  print(`branch ${name} is at ${commit}`, 'green');
}

/** @throws UsageError when it is no checkout */
async function repositoryOf({ repository }: WorkspaceOverview, { workspace }: WorkspaceFlags): Promise<string> {
  return (await checkWorkspace({ directory: workspace ?? repository, includeUncommitted: true })).repository;
}

/** @throws TaskClientError `not-found`, which says which there are */
function checkpointOf({ checkpoints }: WorkspaceOverview, taskId: string, sequence?: number): CheckpointSummary {
  const found = sequence === undefined ? checkpoints.at(-1) : checkpoints.find((each) => each.sequence === sequence);
  if (found !== undefined) return found;
  if (checkpoints.length === 0)
    throw new TaskClientError('not-found', `task ${taskId} has no checkpoint: its workspace is only being opened`);
  throw new TaskClientError(
    'not-found',
    `task ${taskId} has no checkpoint ${sequence}; it has 0 to ${checkpoints.at(-1)?.sequence}, see "anyport tasks checkpoints ${taskId}"`,
  );
}

function parseSequence(text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) throw new InvalidArgumentError(`"${text}" is no checkpoint: use a whole number, 0 or more.`);
  return Number(text);
}

/** Of a path that has one character for each byte. */
function textOf(path: string): string {
  return Buffer.from(path, 'latin1').toString('utf8');
}
