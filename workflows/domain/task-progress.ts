/** How a task's status follows from its story: every event moves it on, and nothing else does. */
import type { TaskBudget } from './budget.ts';
import { describeExceeded, raiseCommand } from './budget.ts';
import type { PendingApproval, TaskEvent, TaskEventBody, TaskState, TaskStatus } from './task-status.ts';
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
  'approval-requested': 'waiting',
  'approval-ended': 'running-tools',
  'approvals-changed': null,
  'agent-started': null,
  'agent-ended': null,
  compacted: null,
  'message-received': null,
  interrupted: null,
  'rolled-back': null,
  'workspace-moved': null,
  finishing: 'finishing',
  'check-started': null,
  'check-ended': null,
} as const satisfies Record<Exclude<TaskEventBody['kind'], 'task-ended'>, TaskState | null>;

/** The status after an event at `atMs`. */
export function advance(status: TaskStatus, body: TaskEventBody, atMs: number): TaskStatus {
  const { waitingFor: before, approvals: asked, ...rest } = status;
  const event: TaskEvent = { sequence: (status.events.at(-1)?.sequence ?? 0) + 1, atMs, ...body };
  const approvals = pendingAfter(asked ?? [], body);
  return {
    ...rest,
    state: stateAfter(status, body, approvals),
    turn: 'turn' in body ? body.turn : status.turn,
    // A raise is told whenever it comes; it ends no wait that has an end of its own.
    ...(endsNoWait(body, before) && before !== undefined ? { waitingFor: before } : {}),
    ...changesOf(status, body),
    ...(approvals.length === 0 ? {} : { approvals, waitingFor: waitForApproval(status.taskId, approvals) }),
    events: [...status.events, event].slice(-NEWEST_EVENTS),
  };
}

/** Other calls of the same answer may go on while one waits for a person. */
function stateAfter(status: TaskStatus, body: TaskEventBody, approvals: readonly PendingApproval[]): TaskState {
  if (body.kind === 'task-ended') return body.state;
  return approvals.length > 0 ? 'waiting' : (STATE_AFTER[body.kind] ?? status.state);
}

function endsNoWait({ kind }: TaskEventBody, wait: TaskStatus['waitingFor']): boolean {
  return (kind === 'budget-raised' && wait?.untilMs !== undefined) || kind === 'message-received' || kind === 'approvals-changed';
}

function pendingAfter(before: readonly PendingApproval[], body: TaskEventBody): readonly PendingApproval[] {
  if (body.kind === 'approval-requested') {
    const { kind: _kind, ...asked } = body;
    return [...before, asked];
  }
  return body.kind === 'approval-ended' ? before.filter(({ callId }) => callId !== body.callId) : before;
}

/** The one that was asked for first; the card lists the others. */
function waitForApproval(taskId: string, [first]: readonly PendingApproval[]): NonNullable<TaskStatus['waitingFor']> {
  if (first === undefined) return { reason: 'approval' };
  const { callId, tool, about, reason, untilMs } = first;
  const until = untilMs === undefined ? {} : { untilMs };
  return { reason: `approval of ${tool}: ${about} (${reason})`, ...until, command: approveCommand(taskId, callId) };
}

/** Model-made call ids of other forms are left out of a command line: the only pending call needs none. */
export function approveCommand(taskId: string, callId: string): string {
  return /^[A-Za-z0-9._-]{1,64}$/.test(callId)
    ? `anyport tasks approve ${taskId} --call ${callId}`
    : `anyport tasks approve ${taskId}`;
}

type Changes = {
  readonly [Kind in TaskEventBody['kind']]?: (
    status: TaskStatus,
    body: Extract<TaskEventBody, { kind: Kind }>,
  ) => Partial<TaskStatus>;
};

/** Events that are not here move the state and the story on, and nothing else. */
const CHANGES: Changes = {
  'attempt-started': (_status, { deployment }) => ({ deployment }),
  'attempt-failed': (status, { suspenseUsdMicros: suspense }) =>
    suspense === undefined ? {} : { suspenseUsdMicros: (status.suspenseUsdMicros ?? 0) + suspense },
  'turn-answered': (status, body) => ({
    ...answeredAfter(status, body),
    ...sessionAfter(body),
    ...leftBehindAfter(status, body),
  }),
  compacted: answeredAfter,
  'tool-ended': (status, { plan }) => ({ toolCalls: (status.toolCalls ?? 0) + 1, ...(plan === undefined ? {} : { plan }) }),
  'route-planned': (_status, body) => ({ ...routeOf(body), ...budgetOf(body) }),
  'budget-raised': (_status, body) => budgetOf(body),
  waiting: (_status, { reason, untilMs }) => ({ waitingFor: { reason, untilMs } }),
  parked: (_status, { reason, untilMs }) => ({ waitingFor: { reason, untilMs } }),
  'budget-used-up': ({ taskId }, { exceeded }) => ({
    waitingFor: { reason: describeExceeded(exceeded), command: raiseCommand(taskId, exceeded) },
  }),
};

function changesOf<Kind extends TaskEventBody['kind']>(
  status: TaskStatus,
  body: Extract<TaskEventBody, { kind: Kind }> & { readonly kind: Kind },
): Partial<TaskStatus> {
  return CHANGES[body.kind]?.(status, body) ?? {};
}

function answeredAfter(
  status: TaskStatus,
  { usage, costUsdMicros }: Extract<TaskEventBody, { kind: 'turn-answered' | 'compacted' }>,
): Partial<TaskStatus> {
  return {
    usage: addUsage(status.usage, usage),
    costUsdMicros: status.costUsdMicros + costUsdMicros,
    turnsAnswered: (status.turnsAnswered ?? 0) + 1,
  };
}

function sessionAfter({ session }: Extract<TaskEventBody, { kind: 'turn-answered' }>): Partial<TaskStatus> {
  return session === undefined ? {} : { session };
}

/** A session that is lost leaves what it made itself, besides what those before it left. */
function leftBehindAfter(
  { leftBehind: before = [] }: TaskStatus,
  { leftBehind = [] }: Extract<TaskEventBody, { kind: 'turn-answered' }>,
): Partial<TaskStatus> {
  return leftBehind.length === 0 ? {} : { leftBehind: [...new Set([...before, ...leftBehind])] };
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
