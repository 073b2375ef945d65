/** The workflow of one task: plans its route, opens its workspace, runs the loop, and reports how it ended, whatever the end. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  continueAsNew,
  isCancellation,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  OpenWorkspaceActivities,
  PlanRouteResult,
  RouteDecision,
  TaskActivities,
  TaskRequest,
  TaskResult,
} from './activity-interfaces.ts';
import { STORE_ACTIVITY, WORKSPACE_ACTIVITY } from './activity-options.ts';
import type { LoopEnd, LoopLimits, LoopState } from './agent-loop.ts';
import { newLoopState, runAgentLoop } from './agent-loop.ts';
import { reportRequestedSignal, reportToBatch } from './batch-report.ts';
import { closeTask } from './close-task.ts';
import type { TaskBudget } from './domain/budget.ts';
import { newSpending } from './domain/budget.ts';
import type { BatchId, TaskId } from './domain/ids.ts';
import { taskIdOfWorkflow } from './domain/ids.ts';
import { HEALTHY } from './domain/route-health.ts';
import { planRouteInput } from './domain/plan-route-input.ts';
import { TASKS_QUEUE } from './domain/task-queues.ts';
import { newStatus } from './domain/task-progress.ts';
import type { TaskStatus } from './domain/task-status.ts';
import type { TaskEnding } from './domain/turn.ts';
import { takeRaises } from './raise-budget.ts';
import { createTaskEffects } from './task-effects.ts';
import type { TaskStory } from './task-story.ts';
import { openTaskStory } from './task-story.ts';

/** How a task begins: asked for directly, as a line of a batch, or going on from an earlier run of the same task. */
export type AgentTaskInput =
  | { readonly kind: 'request'; readonly request: TaskRequest }
  | { readonly kind: 'batch-line'; readonly batchId: BatchId; readonly line: number }
  | { readonly kind: 'continued'; readonly task: ContinuedTask };

/** What a task takes along into its next run. */
interface ContinuedTask {
  readonly opened: OpenedTask;
  readonly loop: LoopState;
  readonly status: TaskStatus;
  readonly batch: BatchLine | null;
}

/** What is settled once, before the first turn. */
interface OpenedTask {
  readonly limits: LoopLimits;
  /** null: a task without files. */
  readonly workspaceQueue: string | null;
  /** Whose share of an endpoint's queue its model calls take; absent for the default tenant. */
  readonly tenant?: string;
  /** As raised so far; absent: without limits. */
  readonly budget?: TaskBudget;
}

interface BatchLine {
  readonly batchId: BatchId;
  readonly line: number;
}

/** What is known of a running task when it ends in the middle of something. */
interface Progress {
  opened: OpenedTask | null;
  workspaceQueue: string | null;
  loop: LoopState | null;
  hasEnded: boolean;
}

/** Enough for a day's work of an agent; a task that runs in circles ends here. */
const DEFAULT_MAX_TURNS = 250;

/** Activities of the task store, under a line for the UI. */
function storeFor(summary: string) {
  return proxyActivities<TaskActivities>({ ...STORE_ACTIVITY, taskQueue: TASKS_QUEUE, summary });
}

/**
 * Runs one task to its end. Completed: returns its result. Failed: fails with type `TaskFailed` and the result in the details.
 * Cancelled: ends as cancelled; the result is had by the `result` query.
 */
export async function agentTask(input: AgentTaskInput): Promise<TaskResult> {
  const taskId = taskIdOfWorkflow(workflowInfo().workflowId);
  const batch = batchLineOf(input);
  const story = openTaskStory(beginOf(input, taskId));
  // Its delivery is the whole answer: a batch learns from it that this task has not ended.
  setHandler(reportRequestedSignal, () => undefined);
  const progress: Progress = {
    opened: input.kind === 'continued' ? input.task.opened : null,
    workspaceQueue: input.kind === 'continued' ? input.task.opened.workspaceQueue : null,
    loop: input.kind === 'continued' ? input.task.loop : null,
    hasEnded: false,
  };
  const stopped = stopOnCancel(progress);
  takeRaises({
    budget: () => (progress.opened === null ? undefined : (progress.opened.budget ?? null)),
    hasEnded: () => progress.hasEnded,
    raise(budget) {
      if (progress.opened !== null) progress.opened = { ...progress.opened, budget };
      story.tell({ kind: 'budget-raised', budget });
    },
  });
  const end = await runToEnd(input, progress, story);
  if (end.kind === 'continue-as-new' && progress.opened !== null) {
    const task = { opened: progress.opened, loop: end.state, status: story.status(), batch };
    await continueAsNew<typeof agentTask>({ kind: 'continued', task });
  }
  progress.hasEnded = true;
  const ending: TaskEnding = end.kind === 'ended' ? end.ending : { kind: 'cancelled' };
  return CancellationScope.nonCancellable(async () => {
    await stopped();
    story.tell({ kind: 'finishing' });
    const result = await closeTask({ ending, loop: progress.loop, workspaceQueue: progress.workspaceQueue });
    story.end(result);
    if (batch !== null) await reportToBatch(batch.batchId, { line: batch.line, state: result.state });
    return settle(result);
  });
}

/**
 * A cancel reaches a running activity by Temporal only with its next heartbeat; until then the cloud generates, and bills. The task
 * store brings it at once. Gives what to wait for before the task closes. Tasks planned with policy 1 replay without it.
 */
function stopOnCancel(progress: Progress): () => Promise<void> {
  let stopping: Promise<void> | undefined;
  CancellationScope.current().cancelRequested.catch(() => {
    if (progress.opened?.limits.policy === undefined) return;
    stopping = CancellationScope.nonCancellable(() => storeFor('stop what runs').stopTask());
  });
  return async () => stopping;
}

async function runToEnd(input: AgentTaskInput, progress: Progress, story: TaskStory): Promise<LoopEnd> {
  try {
    progress.opened ??= await openTask(await requestOf(input), progress, story);
    const { opened, loop } = progress;
    if (loop === null) throw ApplicationFailure.nonRetryable('a task was opened without a transcript', 'BrokenInvariant');
    const effects = createTaskEffects({
      policy: opened.limits.policy,
      tenant: opened.tenant,
      toolQueue: opened.workspaceQueue ?? TASKS_QUEUE,
      budget: () => progress.opened?.budget ?? null,
      tell: (event) => story.tell(event),
      remember: (state) => {
        progress.loop = state;
      },
    });
    return await runAgentLoop(loop, opened.limits, effects);
  } catch (error) {
    return { kind: 'ended', ending: endingOf(error) };
  }
}

/** Route first: a task that nobody may serve fails before anything is opened. */
async function openTask(request: TaskRequest, progress: Progress, story: TaskStory): Promise<OpenedTask> {
  const { route, policy, budget, health = HEALTHY } = await planRoute(request, story);
  if (request.workspace !== undefined) {
    const { openWorkspace } = proxyActivities<OpenWorkspaceActivities>({
      ...WORKSPACE_ACTIVITY,
      taskQueue: TASKS_QUEUE,
      summary: 'open the workspace',
    });
    const workspace = await openWorkspace({
      repository: request.workspace,
      includeUncommitted: request.includeUncommitted ?? false,
      sandbox: request.sandbox ?? 'bubblewrap',
    });
    progress.workspaceQueue = workspace.queue;
    story.tell({ kind: 'workspace-opened', baseCommit: workspace.baseCommit });
  }
  const { head } = await storeFor('write down the prompt').openTask({ request });
  const characters = request.prompt.length + (request.instructions?.length ?? 0);
  const spending = budget === undefined ? {} : { spending: newSpending(Date.now(), { characters }) };
  progress.loop = { ...newLoopState(head), routeHealth: health, ...spending };
  return {
    limits: { route, maxTurns: request.maxTurns ?? DEFAULT_MAX_TURNS, ...(policy === undefined ? {} : { policy }) },
    workspaceQueue: progress.workspaceQueue,
    ...(request.tenant === undefined ? {} : { tenant: request.tenant }),
    ...(budget === undefined ? {} : { budget }),
  };
}

async function planRoute(request: TaskRequest, story: TaskStory): Promise<PlanRouteResult> {
  const planned = await storeFor(`plan the route of ${request.model}`).planRoute(planRouteInput(request));
  const { budget: _tenants, ...rest } = planned;
  const budget = budgetOf(request, planned);
  const deployments = planned.route.deployments.map(({ id }) => id);
  story.tell({ kind: 'route-planned', model: request.model, deployments, ...excludedOf(planned), ...budget });
  return { ...rest, ...budget };
}

/** Routes planned before there were dated facts say nothing that a story could tell. */
function excludedOf({ decision }: PlanRouteResult): {
  readonly excluded?: Readonly<Record<string, string>>;
  readonly decision?: string;
} {
  const { id, excluded } = decision as Partial<RouteDecision>; // as old histories have it
  if (id === undefined || excluded === undefined) return {};
  return { decision: id, ...(Object.keys(excluded).length === 0 ? {} : { excluded }) };
}

/** Tasks planned with policy 1 were begun before there were budgets. */
function budgetOf(request: TaskRequest, { policy, budget }: PlanRouteResult): { readonly budget?: TaskBudget } {
  const merged = { ...budget, ...request.budget };
  return policy === undefined || Object.keys(merged).length === 0 ? {} : { budget: merged };
}

function requestOf(input: AgentTaskInput): Promise<TaskRequest> {
  switch (input.kind) {
    case 'request':
      return Promise.resolve(input.request);
    case 'batch-line':
      return storeFor(`read line ${input.line} of the batch`).readBatchLine({ batchId: input.batchId, line: input.line });
    case 'continued':
      throw ApplicationFailure.nonRetryable('a continued task was never opened', 'BrokenInvariant');
  }
}

function beginOf(input: AgentTaskInput, taskId: TaskId): TaskStatus {
  switch (input.kind) {
    case 'request':
      return newStatus({ taskId, model: input.request.model });
    case 'batch-line':
      return newStatus({ taskId, model: '' });
    case 'continued':
      return input.task.status;
  }
}

function batchLineOf(input: AgentTaskInput): BatchLine | null {
  switch (input.kind) {
    case 'request':
      return null;
    case 'batch-line':
      return { batchId: input.batchId, line: input.line };
    case 'continued':
      return input.task.batch;
  }
}

/** A failure that an activity described ends the task; an error of this code fails the workflow task and waits for a mend. */
function endingOf(error: unknown): TaskEnding {
  if (isCancellation(error)) return { kind: 'cancelled' };
  if (error instanceof ActivityFailure) return { kind: 'failed', reason: error.cause?.message ?? error.message };
  if (error instanceof ApplicationFailure) return { kind: 'failed', reason: error.message };
  throw error;
}

function settle(result: TaskResult): TaskResult {
  switch (result.state) {
    case 'completed':
      return result;
    case 'cancelled':
      throw new CancelledFailure('the task was cancelled', [result]);
    case 'failed':
      throw ApplicationFailure.create({
        type: 'TaskFailed',
        message: result.reason ?? 'the task failed',
        nonRetryable: true,
        details: [result],
      });
  }
}
