import { ApplicationFailure } from '@temporalio/activity';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { OpenWorkspaceInput, OpenWorkspaceResult } from '../workflows/activity-interfaces.ts';
import type { TaskId } from '../workflows/domain/ids.ts';
import { DEFAULT_TENANT, hostQueue } from '../workflows/domain/task-queues.ts';
import { activitySignal } from './activity-signal.ts';
import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { SandboxPolicy } from './sandbox/choose-sandbox.ts';
import { collectContext } from './conversation/collect-context.ts';
import { chooseSandbox } from './sandbox/choose-sandbox.ts';
import type { EgressRule } from './sandbox/egress-rules.ts';
import type { SandboxProbe } from './sandbox/sandbox.ts';
import type { TaskStore, WorkspaceRecord } from './store/task-store.ts';
import { closeWorkspace } from './workspace/close-workspace.ts';
import { workspaceDirectory } from './workspace/move-workspace.ts';
import { openWorkspace } from './workspace/open-workspace.ts';
import type { SetUp } from './workspace/set-up.ts';
import { WorkspaceError } from './workspace/workspace-error.ts';
import { folderOfTree } from './workspace/workspace-folder.ts';
import type { WorkspaceKeeper } from './workspace/workspace-keeper.ts';

export interface OpenWorkspaceDependencies {
  readonly store: TaskStore;
  readonly hostId: string;
  readonly dataDirectory: string;
  readonly sandboxPolicy: SandboxPolicy;
  readonly sandboxProbe: SandboxProbe;
  /** What commands of a tenant's tasks may reach. */
  allowedFor(tenant: string): readonly EgressRule[];
  readonly keeper: WorkspaceKeeper;
  readonly setUp: SetUp;
}

/** The activity `openWorkspace`: refuses before it copies, and gives the same workspace when it is asked again. */
export function createOpenWorkspace(dependencies: OpenWorkspaceDependencies) {
  return (input: OpenWorkspaceInput): Promise<OpenWorkspaceResult> =>
    withHeartbeat(async () => {
      try {
        const { hostId, baseCommit } = await openForTask(dependencies, input);
        return { queue: hostQueue(hostId), baseCommit };
      } catch (error) {
        throw toActivityFailure(error);
      }
    });
}

/** A worker that died in the middle left a record without the rest, which is made up for by its host. */
async function openForTask(dependencies: OpenWorkspaceDependencies, input: OpenWorkspaceInput): Promise<WorkspaceRecord> {
  const { store, hostId, keeper } = dependencies;
  const taskId = currentTaskId();
  const workspace = (await store.getWorkspace(taskId)) ?? (await claim(dependencies, taskId, input));
  if (workspace.hostId !== hostId) return workspace;
  await keeper.begin(taskId, workspace);
  await prepare(dependencies, taskId, workspace);
  return workspace;
}

async function claim(
  dependencies: OpenWorkspaceDependencies,
  taskId: TaskId,
  input: OpenWorkspaceInput,
): Promise<WorkspaceRecord> {
  const { store, hostId, dataDirectory, sandboxPolicy, sandboxProbe } = dependencies;
  const chosen = chooseSandbox(sandboxPolicy, input.sandbox, sandboxProbe);
  if (chosen.kind === 'refuse') throw ApplicationFailure.nonRetryable(chosen.reason, 'SandboxRefused');
  const directory = workspaceDirectory(dataDirectory, taskId);
  const { network, ...workspace } = await givingBack(directory, () =>
    input.from === undefined ? openRepository(dependencies, taskId, input) : openFork(dependencies, taskId, input.from),
  );
  const reach = network === undefined || input.network === 'none' ? {} : { network };
  const held = await store.claimWorkspace(taskId, null, { ...workspace, ...reach, hostId, sandbox: chosen.sandbox });
  if (held.hostId !== hostId) await closeWorkspace(directory);
  return held;
}

type Opened = Omit<WorkspaceRecord, 'hostId' | 'sandbox'>;

async function openRepository(
  { store, dataDirectory, keeper, allowedFor }: OpenWorkspaceDependencies,
  taskId: TaskId,
  { repository, includeUncommitted, folder, tenant = DEFAULT_TENANT }: OpenWorkspaceInput,
): Promise<Opened> {
  const directory = workspaceDirectory(dataDirectory, taskId);
  const opened = await openWorkspace({ repository, includeUncommitted, directory });
  const base = await keeper.shipBase(opened);
  const context = await collectContext(store, { taskId, workspace: opened.directory, repository, folder });
  const allow = allowedFor(tenant);
  return { ...opened, ...base, ...context, repository, ...(allow.length === 0 ? {} : { network: { tenant, allow } }) };
}

/** Items are a task's own: the project's instructions are given to the agent, too. It reaches what the other task does. */
async function openFork({ store, keeper }: OpenWorkspaceDependencies, taskId: TaskId, from: TaskId): Promise<Opened> {
  const { hostId: _host, sandbox: _sandbox, ...forked } = await keeper.fork(taskId, from);
  const items = await Promise.all((forked.contextItems ?? []).map((item) => store.getItem(from, item)));
  return items.length === 0 ? forked : { ...forked, contextItems: await store.putItems(taskId, items) };
}

/** Once. */
async function prepare({ keeper, setUp }: OpenWorkspaceDependencies, taskId: TaskId, workspace: WorkspaceRecord): Promise<void> {
  const { root, prepared } = folderOfTree(workspace.directory);
  if (existsSync(prepared)) return;
  const run = { signal: activitySignal(), mayKeep: true };
  const didSomething = await givingBack(root, () => setUp(workspace, run));
  if (didSomething) await keeper.restore(taskId, workspace);
  await writeFile(prepared, '');
}

/** A refusal gives the disk back, since the task ends with it. */
async function givingBack<Result>(directory: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof WorkspaceError) await closeWorkspace(directory);
    throw error;
  }
}
