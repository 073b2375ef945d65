/** A task's events as lines for people. Pure: where they are printed, and in which colours, is the printer's matter. */
import { describeExceeded, describeSpending } from '../workflows/domain/budget.ts';
import { endpointOf } from '../workflows/domain/ids.ts';
import { describeCheck } from '../workflows/domain/task-check.ts';
import type { TaskEvent } from '../workflows/domain/task-status.ts';
import { toPrintable } from '../workflows/domain/tool-call.ts';
import { countOf } from './count-of.ts';

/** Longer texts are cut: a story is one line per event. */
const LINE_CHARACTERS = 140;
/** Width of "turn 12  ", so that what happens within a turn stands below it. */
const TURN_COLUMN = 9;

/** One event in one line; what models and clouds said is cut and made printable. */
export function tellEvent(event: TaskEvent): string {
  if (isAboutWaiting(event)) return tellWait(event);
  if (isAboutPeople(event)) return tellPeople(event);
  return 'turn' in event ? tellTurn(event) : tellTask(event);
}

type Other = Exclude<TaskEvent, Waiting | People>;

function tellTurn(event: Extract<Other, { turn: number }>): string {
  switch (event.kind) {
    case 'attempt-started':
      return inTurn(event.turn, `${endpointOf(event.deployment)} is asked${reasonOf(event.reason)}`);
    case 'attempt-failed':
      return inTurn(event.turn, `${endpointOf(event.deployment)} failed: ${line(event.failure)}`);
    case 'turn-answered':
      return inTurn(event.turn, describeAnswer(event));
    case 'compacted':
      return inTurn(event.turn, `${endpointOf(event.deployment)} summed up the conversation, which had become too long`);
    case 'tool-started':
      return inTurn(event.turn, `  ${line(event.tool)} ${line(event.excerpt)}`.trimEnd());
    case 'tool-ended':
      return inTurn(event.turn, `  ${line(event.tool)}: ${event.outcome}${reasonOf(event.why)}`);
  }
}

function tellTask(event: Exclude<Other, { turn: number }>): string {
  switch (event.kind) {
    case 'route-planned':
      return describeRoute(event);
    case 'workspace-opened':
      return `files    a worktree of its own at ${event.baseCommit.slice(0, 12)}`;
    case 'agent-started':
      return `agent    ${line(event.agent)} begins as task ${line(event.taskId)}`;
    case 'agent-ended':
      return `agent    ${line(event.agent)}: ${event.state}`;
    case 'workspace-moved':
      return `files    made again from the last checkpoint: ${line(event.reason)}`;
    case 'finishing':
      return 'end      taking the result';
    case 'check-started':
      return `check    ${line(event.command)}`;
    case 'check-ended':
      return `check    ${line(describeCheck(event))}`;
    case 'task-ended':
      return describeEnd(event);
  }
}

function describeRoute({ model, deployments, excluded = {} }: Extract<TaskEvent, { kind: 'route-planned' }>): string {
  const not = Object.entries(excluded).map(([deployment, codes]) => `${deployment.split('/', 1)[0]} ${codes}`);
  const without = not.length === 0 ? '' : line(`; not eligible: ${not.join(', ')}`);
  return `route    ${model} at ${deployments.map(endpointOf).join(', then ')}${without}`;
}

type Waiting = Extract<TaskEvent, { kind: 'waiting' | 'parked' | 'budget-used-up' | 'budget-raised' }>;

function isAboutWaiting(event: TaskEvent): event is Waiting {
  const { kind } = event;
  return kind === 'waiting' || kind === 'parked' || kind === 'budget-used-up' || kind === 'budget-raised';
}

function tellWait(event: Waiting): string {
  switch (event.kind) {
    case 'waiting':
      return inTurn(event.turn, `waits until ${clock(event.untilMs)}: ${line(event.reason)}`);
    case 'parked':
      return inTurn(event.turn, `parked until ${clock(event.untilMs)}: ${line(event.reason)}`);
    case 'budget-used-up':
      return inTurn(event.turn, `paused: ${describeExceeded(event.exceeded)}`);
    case 'budget-raised':
      return `budget   raised: ${describeSpending(event.budget, {})}`;
  }
}

type People = Extract<
  TaskEvent,
  {
    kind: 'approval-requested' | 'approval-ended' | 'approvals-changed' | 'message-received' | 'interrupted' | 'rolled-back';
  }
>;

const PEOPLE = {
  'approval-requested': true,
  'approval-ended': true,
  'approvals-changed': true,
  'message-received': true,
  interrupted: true,
  'rolled-back': true,
} as const satisfies Record<People['kind'], true>;

function isAboutPeople(event: TaskEvent): event is People {
  return Object.hasOwn(PEOPLE, event.kind);
}

function tellPeople(event: People): string {
  switch (event.kind) {
    case 'approval-requested':
      return inTurn(event.turn, `  ${line(event.tool)} waits for approval: ${line(event.about)} (${line(event.reason)})`);
    case 'approval-ended':
      return inTurn(event.turn, `  ${line(event.tool)}: ${event.answer}${byWhom(event)}`);
    case 'approvals-changed':
      return `approval asks from now on: ${event.mode}${byWhom(event)}`;
    case 'message-received':
      return `message  ${event.mode}: ${line(event.excerpt) || 'without words'}`;
    case 'interrupted':
      return inTurn(event.turn, 'interrupted by a message');
    case 'rolled-back':
      return inTurn(event.turn, `rolled back to the end of turn ${event.toTurn}`);
  }
}

function byWhom({ by, rule }: { readonly by?: string; readonly rule?: string }): string {
  const remembered = rule === undefined ? '' : `; from now on: ${line(rule)}`;
  return `${by === undefined ? '' : ` by ${line(by)}`}${remembered}`;
}

/** Micro-dollars as a person reads them; small sums keep their digits. */
export function formatCost(usdMicros: number): string {
  return `$${(usdMicros / 1e6).toFixed(usdMicros < 10_000 ? 6 : 4)}`;
}

function describeAnswer(event: Extract<TaskEvent, { kind: 'turn-answered' }>): string {
  const calls = event.toolCalls === 0 ? '' : `, ${countOf(event.toolCalls, 'tool call')}`;
  const said = event.excerpt === '' ? '' : `: ${line(event.excerpt)}`;
  const left =
    event.leftBehind === undefined ? '' : `; left behind in a session that is over: ${event.leftBehind.map(line).join(', ')}`;
  return `${endpointOf(event.deployment)} answered (${event.usage.outputTokens} tokens${calls}, ${formatCost(event.costUsdMicros)})${said}${left}`;
}

function describeEnd({ state, reason }: Extract<TaskEvent, { kind: 'task-ended' }>): string {
  return `end      ${state}${reason === undefined ? '' : `: ${line(reason)}`}`;
}

function reasonOf(reason: string | undefined): string {
  return reason === undefined ? '' : ` (${line(reason)})`;
}

function inTurn(turn: number, text: string): string {
  return `turn ${turn}`.padEnd(TURN_COLUMN) + text;
}

function line(text: string): string {
  return toPrintable(text.toWellFormed(), LINE_CHARACTERS);
}

/** UTC, as the Temporal UI can show it too. */
function clock(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(11, 19)} UTC`;
}
