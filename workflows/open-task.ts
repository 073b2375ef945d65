/** How a task begins: its route, its workspace, its first items. Route first: a task that nobody may serve fails before anything is opened. */
import { proxyActivities } from '@temporalio/workflow';
import type {
  OpenWorkspaceActivities,
  OpenWorkspaceResult,
  PlanRouteResult,
  RouteDecision,
  TaskActivities,
  TaskRequest,
} from './activity-interfaces.ts';
import { OPEN_TASK_ACTIVITY, WORKSPACE_ACTIVITY } from './activity-options.ts';
import type { TaskBudget } from './domain/budget.ts';
import { newSpending } from './domain/budget.ts';
import type { TaskId } from './domain/ids.ts';
import { planRouteInput } from './domain/plan-route-input.ts';
import { HEALTHY } from './domain/route-health.ts';
import type { TaskCheck } from './domain/task-check.ts';
import { TASKS_QUEUE } from './domain/task-queues.ts';
import type { ItemId } from './domain/transcript.ts';
import type { LoopLimits, LoopState } from './loop-state.ts';
import { newLoopState } from './loop-state.ts';
import { storeFor } from './task-effects.ts';
import type { TaskStory } from './task-story.ts';

/** What is settled once, before the first turn. */
export interface OpenedTask {
  readonly limits: LoopLimits;
  /** null: a task without files. */
  readonly workspaceQueue: string | null;
  /** Whose share of an endpoint's queue its model calls take; absent for the default tenant. */
  readonly tenant?: string;
  /** As raised so far; absent: without limits. */
  readonly budget?: TaskBudget;
  readonly check?: TaskCheck;
}

export interface Opening {
  /** The task whose files an agent begins with, or the contest of a contender. */
  readonly from?: TaskId | undefined;
  readonly story: TaskStory;
  /** Told at once: from then on the workspace must be given back, whatever comes. */
  hasWorkspace(queue: string): void;
}

export interface Opened {
  readonly opened: OpenedTask;
  readonly loop: LoopState;
  /** What was said to it before and nobody has read. */
  readonly unread?: readonly ItemId[];
}

/** Enough for a day's work of an agent; a task that runs in circles ends here. */
const DEFAULT_MAX_TURNS = 250;

export async function openTask(request: TaskRequest, opening: Opening): Promise<Opened> {
  const planned = await planRoute(request, opening.story);
  const { budget, health = HEALTHY } = planned;
  const queue =
    request.workspace === undefined ? null : await openWorkspace({ ...request, workspace: request.workspace }, opening);
  const openActivities = proxyActivities<TaskActivities>({
    ...OPEN_TASK_ACTIVITY,
    taskQueue: TASKS_QUEUE,
    summary: 'write down the prompt',
  });
  const { head } = await openActivities.openTask({ request });
  const characters = request.prompt.length + (request.instructions?.length ?? 0);
  const spending = budget === undefined ? {} : { spending: newSpending(Date.now(), { characters }) };
  return {
    opened: settled(request, planned, queue),
    loop: { ...newLoopState(head), routeHealth: health, ...spending },
  };
}

/** A task that had come to its end goes on from there, with a route, a budget and turns of its own. */
export async function reopenTask(opening: Opening): Promise<Opened> {
  const { request, head, results, turn, unread = [] } = await storeFor('read what the task came to').reopenTask();
  const planned = await planRoute({ ...request, prompt: '' }, opening.story);
  const { budget, health = HEALTHY } = planned;
  const queue = request.workspace === undefined ? null : await moveWorkspaceBack(opening);
  const { limits, ...opened } = settled(request, planned, queue);
  const spending = budget === undefined ? {} : { spending: newSpending(Date.now(), { characters: 0 }) };
  return {
    opened: { ...opened, limits: { ...limits, maxTurns: turn + limits.maxTurns } },
    loop: { ...newLoopState(head), results, turn, routeHealth: health, ...spending },
    unread,
  };
}

function settled(
  request: ReopenedRequest,
  { route, policy, budget }: PlanRouteResult,
  workspaceQueue: string | null,
): OpenedTask {
  const { check, maxTurns = DEFAULT_MAX_TURNS, outputSchema, tenant } = request;
  return {
    limits: {
      route,
      maxTurns,
      ...(policy === undefined ? {} : { policy }),
      ...(outputSchema === undefined ? {} : { hasOutputSchema: true as const }),
    },
    workspaceQueue,
    ...(tenant === undefined ? {} : { tenant }),
    ...(budget === undefined ? {} : { budget }),
    ...(check === undefined ? {} : { check }),
  };
}

type ReopenedRequest = Omit<TaskRequest, 'prompt' | 'instructions'>;

async function openWorkspace(request: WorkspaceRequest, opening: Opening): Promise<string> {
  const { queue, baseCommit } = await openFiles(request, opening.from);
  opening.hasWorkspace(queue);
  opening.story.tell({ kind: 'workspace-opened', baseCommit });
  return queue;
}

type WorkspaceRequest = TaskRequest & { readonly workspace: string };

/** Files for the calling workflow's own task: those of its repository, or of the task that they are copied from. */
export function openFiles(request: WorkspaceRequest, from?: TaskId): Promise<OpenWorkspaceResult> {
  return workspaceActivities('open the workspace').openWorkspace({
    repository: request.workspace,
    includeUncommitted: request.includeUncommitted ?? false,
    sandbox: request.sandbox ?? 'bubblewrap',
    ...(request.folder === undefined ? {} : { folder: request.folder }),
    ...(request.tenant === undefined ? {} : { tenant: request.tenant }),
    ...(request.network === undefined ? {} : { network: request.network }),
    ...(from === undefined ? {} : { from }),
  });
}

async function moveWorkspaceBack(opening: Opening): Promise<string> {
  const { queue } = await workspaceActivities('make the workspace again').moveWorkspace({ from: '' });
  opening.hasWorkspace(queue);
  opening.story.tell({ kind: 'workspace-moved', reason: 'the task goes on after its end' });
  return queue;
}

function workspaceActivities(summary: string) {
  return proxyActivities<OpenWorkspaceActivities>({ ...WORKSPACE_ACTIVITY, taskQueue: TASKS_QUEUE, summary });
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
export function budgetOf(request: TaskRequest, { policy, budget }: PlanRouteResult): { readonly budget?: TaskBudget } {
  const merged = { ...budget, ...request.budget };
  return policy === undefined || Object.keys(merged).length === 0 ? {} : { budget: merged };
}
