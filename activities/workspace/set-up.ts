/**
 * What a repository does not hold and a task needs all the same, such as installed packages: made by scripts, in the sandbox, when a
 * workspace is opened or moved. Only ignored files are their result; whatever else they changed is undone by whoever restores the
 * checkpoint afterwards.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandResult, Sandbox } from '../sandbox/sandbox.ts';
import type { TaskSandboxes } from '../sandbox/task-sandboxes.ts';
import type { WorkspaceRecord } from '../store/task-store.ts';
import { splitList } from './byte-path.ts';
import { gitOfCheckpoints } from './checkpoint-repository.ts';
import { createQueues } from './one-by-one.ts';
import { createSetUpCache } from './set-up-cache.ts';
import type { SetUpPlan, SetUpSettings } from './set-up-plan.ts';
import { planSetUp } from './set-up-plan.ts';
import { WorkspaceError } from './workspace-error.ts';
import { folderOfTree } from './workspace-folder.ts';

export interface SetUpDependencies {
  readonly settings: SetUpSettings;
  /** Absolute. */
  readonly dataDirectory: string;
  readonly sandboxOf: TaskSandboxes;
  /** Told what an operator should know and no task fails of. */
  alert(message: string): void;
}

export interface SetUpRun {
  readonly signal: AbortSignal;
  /** `false` where a model has changed the files already: what it may have prepared is for no other task. */
  readonly mayKeep: boolean;
}

/** Gives whether anything was done. @throws WorkspaceError `set-up-failed` with the script's last lines */
export type SetUp = (workspace: WorkspaceRecord, run: SetUpRun) => Promise<boolean>;

/** The activity that opens a workspace ends after 15 minutes; packing the result needs some of them. */
const TIMEOUT_MS = 10 * 60_000;
const SHOWN_LINES = 20;
const SHOWN_CHARACTERS = 2_000;

export function createSetUp({ settings, dataDirectory, sandboxOf, alert }: SetUpDependencies): SetUp {
  const cache = createSetUpCache(join(dataDirectory, 'set-up-cache'), settings.cacheMaxBytes);
  const inTurn = createQueues();

  async function make(plan: SetUpPlan, workspace: WorkspaceRecord, { signal, mayKeep }: SetUpRun): Promise<void> {
    for (const command of plan.commands) await runScript(sandboxOf(workspace), { command, workspace, signal });
    if (!mayKeep) return;
    try {
      await cache.keep(plan.key, workspace.directory, await listIgnored(workspace));
    } catch (error) {
      alert(`the result of a set-up is not kept for other tasks: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async function takeOrMake(plan: SetUpPlan, workspace: WorkspaceRecord, run: SetUpRun): Promise<void> {
    if (!(await cache.take(plan.key, workspace.directory))) return make(plan, workspace, run);
    const { maintenance: command } = settings;
    if (command !== undefined) await runScript(sandboxOf(workspace), { command, workspace, signal: run.signal });
  }

  return async (workspace, run) => {
    const plan = await planSetUp(settings, workspace);
    if (plan === undefined) return false;
    // Of two tasks at once the second one waits, and then takes what the first one made.
    await inTurn(plan.key, () => takeOrMake(plan, workspace, run));
    return true;
  };
}

interface Script {
  readonly command: string;
  readonly workspace: WorkspaceRecord;
  readonly signal: AbortSignal;
}

async function runScript(sandbox: Sandbox, { command, workspace, signal }: Script): Promise<void> {
  const { directory } = workspace;
  const argv = [existsSync('/bin/bash') ? '/bin/bash' : '/bin/sh', '-c', command];
  const result = await sandbox.run({ argv, workspace: directory, workingDirectory: directory, timeoutMs: TIMEOUT_MS, signal });
  signal.throwIfAborted();
  if (result.end.kind === 'exited' && result.end.code === 0) return;
  throw new WorkspaceError(
    'set-up-failed',
    `the set-up of the workspace, "${command}", ${describeEnd(result.end)}; its last lines:\n${lastLines(result.output)}`,
  );
}

function describeEnd(end: CommandResult['end']): string {
  switch (end.kind) {
    case 'exited':
      return `ended with code ${end.code}`;
    case 'killed':
      return `was killed by ${end.signal}`;
    case 'timed-out':
      return `took longer than ${TIMEOUT_MS / 60_000} minutes`;
    case 'cancelled':
      return 'was stopped';
  }
}

function lastLines(output: string): string {
  return output.trimEnd().split('\n').slice(-SHOWN_LINES).join('\n').slice(-SHOWN_CHARACTERS);
}

async function listIgnored({ directory }: WorkspaceRecord) {
  const { checkpoints, tree } = folderOfTree(directory);
  const list = ['ls-files', '-z', '--others', '--ignored', '--exclude-standard', '--directory'];
  return splitList(await gitOfCheckpoints(checkpoints, tree)(list));
}
