/** Follows a task on the terminal until it ends or the person leaves, then tells what it came to. */
import type { TaskResult } from '../../workflows/activity-interfaces.ts';
import { raiseCommand } from '../../workflows/domain/budget.ts';
import type { CheckReport } from '../../workflows/domain/task-check.ts';
import { describeCheck } from '../../workflows/domain/task-check.ts';
import { approveCommand } from '../../workflows/domain/task-progress.ts';
import type { TaskEvent } from '../../workflows/domain/task-status.ts';
import { formatCost, tellEvent } from '../story.ts';
import { countOf } from '../count-of.ts';
import type { TaskClient } from '../task-client.ts';
import { askOnInterrupt } from './ask-on-interrupt.ts';
import { EXIT } from './exit-codes.ts';
import { note, print, printJson } from './terminal.ts';

export interface Following {
  readonly taskId: string;
  readonly json: boolean;
}

const STYLES = {
  'route-planned': undefined,
  'workspace-opened': undefined,
  'attempt-started': undefined,
  'attempt-failed': 'red',
  waiting: 'yellow',
  parked: 'yellow',
  'budget-used-up': 'yellow',
  'budget-raised': undefined,
  'turn-answered': undefined,
  'tool-started': 'dim',
  'tool-ended': 'dim',
  'approval-requested': 'yellow',
  'approval-ended': undefined,
  'approvals-changed': undefined,
  'agent-started': undefined,
  'agent-ended': undefined,
  compacted: 'yellow',
  'message-received': undefined,
  interrupted: 'yellow',
  'rolled-back': 'yellow',
  'workspace-moved': 'yellow',
  finishing: 'dim',
  'check-started': 'dim',
  'check-ended': undefined,
  'task-ended': undefined,
} as const satisfies Record<TaskEvent['kind'], 'red' | 'yellow' | 'dim' | undefined>;

/** null: the person left, and the task goes on. */
export async function followToEnd(client: TaskClient, { taskId, json }: Following): Promise<TaskResult | null> {
  const interrupts = askOnInterrupt(() => client.cancel(taskId));
  try {
    let last = 0;
    const onUnanswered = (problem: string): void => note(problem, 'yellow');
    for await (const event of client.follow(taskId, { signal: interrupts.left, onUnanswered })) {
      if (json) printJson(event);
      else printEvent(event, { last, taskId });
      last = event.sequence;
    }
    if (!interrupts.left.aborted) return await Promise.race([client.result(taskId), whenAborted(interrupts.left)]);
    return null;
  } finally {
    interrupts.dispose();
    if (interrupts.left.aborted) tellLeft(taskId);
  }
}

/** The exit code of a command that followed a task, or a contest, to this end. */
export function exitCodeOf(result: Pick<TaskResult, 'state'> | null): number {
  if (result === null) return EXIT.leftRunning;
  switch (result.state) {
    case 'completed':
      return EXIT.completed;
    case 'failed':
      return EXIT.failed;
    case 'cancelled':
      return EXIT.cancelled;
  }
}

/** The end as a person reads it: answer, changes, cost, and where to look. */
export function tellResult(result: TaskResult, uiLink: string | null): void {
  if (result.output !== '') print(`\n${result.output}`);
  if (result.diff !== '') print(`\n${result.diff.trimEnd()}`);
  if (result.diffPath !== undefined) {
    print(`\nthe diff is at ${result.diffPath} on the worker's host; anyport tasks diff ${result.taskId} shows it from anywhere`);
  }
  if (result.leftOut !== undefined)
    print(`not in the diff, being too large or unreadable: ${result.leftOut.join(', ')}`, 'yellow');
  if (result.leftBehind !== undefined)
    print(`left behind in sessions of managed agents: ${result.leftBehind.join('; ')}`, 'yellow');
  tellClosing(result, uiLink);
}

/** How it ended, what it took, and where to look. */
export function tellClosing(result: TaskResult, uiLink: string | null): void {
  const { inputTokens, outputTokens } = result.usage;
  print('');
  print(describeEnd(result), result.state === 'completed' ? 'green' : 'red');
  print(
    `${countOf(result.turns, 'turn')}, ${countOf(result.attempts.length, 'model call')}, ${inputTokens} tokens in, ${outputTokens} out, ` +
      `${formatCost(result.paid.usdMicros)}${suspicions(result)}`,
  );
  if (result.check !== undefined) print(`check: ${describeCheck(result.check)}${lastLineOf(result.check)}`);
  if (uiLink !== null) print(`Temporal UI: ${uiLink}`);
}

function lastLineOf({ excerpt }: CheckReport): string {
  return excerpt === undefined ? '' : `: ${excerpt}`;
}

function describeEnd({ taskId, state, reason }: TaskResult): string {
  return `task ${taskId} ${state === 'cancelled' ? 'was cancelled' : state}${reason === undefined ? '' : `: ${reason}`}`;
}

function suspicions({ suspectedTwice: { count, usdMicros }, toolEffectsTwice }: TaskResult): string {
  const atMost = usdMicros === 0 ? '' : ` (at most ${formatCost(usdMicros)})`;
  const paid = count === 0 ? '' : `; ${count} may have been billed without giving an answer${atMost}`;
  const effects = toolEffectsTwice === 0 ? '' : `; ${toolEffectsTwice} tool calls were started more than once`;
  return paid + effects;
}

export interface EventPlace {
  /** The number of the last event that was printed. */
  readonly last: number;
  readonly taskId: string;
  /** Stands before each line, where several tasks are followed. */
  readonly prefix?: string;
}

export function printEvent(event: TaskEvent, { last, taskId, prefix = '' }: EventPlace): void {
  // The status keeps the newest 100 events; who comes later reads the rest in the Temporal UI.
  if (event.sequence > last + 1) print(`${prefix}…        ${event.sequence - last - 1} earlier events`, 'dim');
  print(prefix + tellEvent(event), STYLES[event.kind]);
  if (event.kind === 'approval-requested') {
    print(`${prefix}         let it run: ${approveCommand(taskId, event.callId)} (or "deny")`, 'yellow');
  }
  if (event.kind === 'budget-used-up') print(`${prefix}         let it go on: ${raiseCommand(taskId, event.exceeded)}`, 'yellow');
}

export function tellLeft(taskId: string): void {
  note(`task ${taskId} goes on. Follow it: anyport tasks watch ${taskId} · stop it: anyport tasks cancel ${taskId}`);
}

export function whenAborted(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(null), { once: true }));
}
