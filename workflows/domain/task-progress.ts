/** How a task's status follows from its story: every event moves it on, and nothing else does. */
import type { TaskBudget } from './budget.ts';
import { describeExceeded, raiseCommand } from './budget.ts';
import type { TaskEvent, TaskEventBody, TaskState, TaskStatus } from './task-status.ts';
import { addUsage, NO_USAGE } from './usage.ts';

/** Kept of the story; what is older is in the attempts and tool calls of the task store. */
const NEWEST_EVENTS = 100;

/** What the story tells that is no event: who the task is. */
export interface TaskIdentity {
  readonly taskId: string;
  readonly model: string;
}

/** The status of a task before its first event. */
export function newStatus({ taskId, model }: TaskIdentity): TaskStatus {
  return {
    taskId,
    state: 'planning',
    model,
    turn: 0,
    deployment: null,
    route: [],
    usage: NO_USAGE,
    costUsdMicros: 0,
    events: [],
  };
}

/** What a task does after an event; null: what it did before. `task-ended` says it itself. */
const STATE_AFTER = {
  'route-planned': null,
  'workspace-opened': null,
  'attempt-started': 'calling-model',
  'attempt-failed': null,
  waiting: 'waiting',
  parked: 'parked',
  'budget-used-up': 'waiting',
  'budget-raised': null,
  'turn-answered': null,
  'tool-started': 'running-tools',
  'tool-ended': null,
  finishing: 'finishing',
} as const satisfies Record<Exclude<TaskEventBody['kind'], 'task-ended'>, TaskState | null>;

/** The status after an event at `atMs`. */
export function advance(status: TaskStatus, body: TaskEventBody, atMs: number): TaskStatus {
  const { waitingFor: before, ...rest } = status;
  const event: TaskEvent = { sequence: (status.events.at(-1)?.sequence ?? 0) + 1, atMs, ...body };
  return {
    ...rest,
    state: (body.kind === 'task-ended' ? body.state : STATE_AFTER[body.kind]) ?? status.state,
    turn: 'turn' in body ? body.turn : status.turn,
    // A raise is told whenever it comes; it ends no wait that has an end of its own.
    ...(body.kind === 'budget-raised' && before?.untilMs !== undefined ? { waitingFor: before } : {}),
    ...changesOf(status, body),
    events: [...status.events, event].slice(-NEWEST_EVENTS),
  };
}

function changesOf(status: TaskStatus, body: TaskEventBody): Partial<TaskStatus> {
  if (body.kind === 'attempt-started') return { deployment: body.deployment };
  if (body.kind === 'turn-answered') {
    return {
      usage: addUsage(status.usage, body.usage),
      costUsdMicros: status.costUsdMicros + body.costUsdMicros,
      turnsAnswered: (status.turnsAnswered ?? 0) + 1,
    };
  }
  if (body.kind === 'tool-ended') return { toolCalls: (status.toolCalls ?? 0) + 1 };
  if (body.kind === 'attempt-failed' && body.suspenseUsdMicros !== undefined) {
    return { suspenseUsdMicros: (status.suspenseUsdMicros ?? 0) + body.suspenseUsdMicros };
  }
  if (body.kind === 'route-planned') return { ...routeOf(body), ...budgetOf(body) };
  if (body.kind === 'budget-raised') return budgetOf(body);
  return waitingFor(status, body);
}

function routeOf({
  model,
  deployments,
  excluded,
  decision,
}: Extract<TaskEventBody, { kind: 'route-planned' }>): Partial<TaskStatus> {
  return {
    model,
    route: deployments,
    ...(excluded === undefined ? {} : { excluded }),
    ...(decision === undefined ? {} : { decision }),
  };
}

function budgetOf({ budget }: { readonly budget?: TaskBudget }): Pick<TaskStatus, 'budget'> {
  return budget === undefined ? {} : { budget };
}

function waitingFor({ taskId }: TaskStatus, body: TaskEventBody): Pick<TaskStatus, 'waitingFor'> {
  if (body.kind === 'waiting' || body.kind === 'parked') return { waitingFor: { reason: body.reason, untilMs: body.untilMs } };
  if (body.kind !== 'budget-used-up') return {};
  return { waitingFor: { reason: describeExceeded(body.exceeded), command: raiseCommand(taskId, body.exceeded) } };
}
