/** How a task's status follows from its story: every event moves it on, and nothing else does. */
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

/** The status after an event at `atMs`. */
export function advance(status: TaskStatus, body: TaskEventBody, atMs: number): TaskStatus {
  const { waitingFor: _ended, ...rest } = status;
  const event: TaskEvent = { sequence: (status.events.at(-1)?.sequence ?? 0) + 1, atMs, ...body };
  const events = [...status.events, event].slice(-NEWEST_EVENTS);
  const state = stateAfter(body) ?? status.state;
  const next = { ...rest, state, events, turn: 'turn' in body ? body.turn : status.turn };
  switch (body.kind) {
    case 'route-planned':
      return { ...next, model: body.model, route: body.deployments };
    case 'attempt-started':
      return { ...next, deployment: body.deployment };
    case 'turn-answered':
      return {
        ...next,
        usage: addUsage(status.usage, body.usage),
        costUsdMicros: status.costUsdMicros + body.costUsdMicros,
      };
    case 'waiting':
    case 'parked':
      return { ...next, waitingFor: { reason: body.reason, untilMs: body.untilMs } };
    case 'workspace-opened':
    case 'attempt-failed':
    case 'tool-started':
    case 'tool-ended':
    case 'finishing':
    case 'task-ended':
      return next;
  }
}

/** `undefined`: the state stays. */
function stateAfter(body: TaskEventBody): TaskState | undefined {
  switch (body.kind) {
    case 'attempt-started':
      return 'calling-model';
    case 'waiting':
    case 'parked':
    case 'finishing':
      return body.kind;
    case 'tool-started':
      return 'running-tools';
    case 'task-ended':
      return body.state;
    case 'route-planned':
    case 'workspace-opened':
    case 'attempt-failed':
    case 'turn-answered':
    case 'tool-ended':
      return undefined;
  }
}
