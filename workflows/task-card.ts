/** What the Temporal UI shows of a task while it runs: a card in markdown, made anew with every event of its story. */
import { describeSpending } from './domain/budget.ts';
import { endpointOf } from './domain/ids.ts';
import { formatUsd } from './domain/price.ts';
import type { TaskEvent, TaskStatus } from './domain/task-status.ts';
import { toPrintable } from './domain/tool-call.ts';

/** Rows of the table of attempts; the whole list is in the task's result. */
const NEWEST_ATTEMPTS = 8;
const SHOWN_CHARACTERS = 160;

/** The card of a task. What models, clouds and callers wrote is cut to one printable line and cannot become markup. */
export function taskCard(status: TaskStatus): string {
  const lines = [
    `**${status.state}** · turn ${status.turn} · ${status.model === '' ? 'model not read yet' : code(status.model)}`,
    '',
    `- deployment: ${status.deployment === null ? 'none yet' : code(status.deployment)}`,
    ...sessionOf(status),
    `- route: ${status.route.map(code).join(', ') || 'not planned yet'}`,
    ...excludedOf(status),
    `- spent: ${code(formatUsd(status.costUsdMicros))} · ${status.usage.inputTokens} tokens in, ${status.usage.outputTokens} out`,
    ...suspenseOf(status),
    ...budgetOf(status),
    ...planOf(status),
    ...leftBehindOf(status),
  ];
  if (status.waitingFor !== undefined) {
    const { reason, untilMs, command } = status.waitingFor;
    const until = untilMs === undefined ? '' : ` until ${new Date(untilMs).toISOString()}`;
    lines.push(`- waiting${until}: ${code(reason)}`);
    if (command !== undefined) lines.push(`- let it go on: ${code(command)}`);
  }
  lines.push(...approvalsOf(status));
  return [...lines, ...lastStep(status.events), ...attemptTable(status.events)].join('\n');
}

/** What is configured and may not serve, with the codes that an operator searches for. */
function excludedOf({ excluded = {}, decision = '' }: TaskStatus): readonly string[] {
  const told = Object.entries(excluded).map(([deployment, codes]) => code(`${deployment}: ${codes}`));
  return told.length === 0
    ? []
    : [`- not eligible: ${told.join(', ')}`, `- why: ${code(`anyport route --decision ${decision}`)}`];
}

function planOf({ plan }: TaskStatus): readonly string[] {
  if (plan === undefined) return [];
  const now = plan.current === undefined ? '' : `, now ${code(plan.current)}`;
  return [`- plan: ${plan.done} of ${plan.total} steps done${now}`];
}

/** By the name under which its service shows it. */
function sessionOf({ session }: TaskStatus): readonly string[] {
  return session === undefined ? [] : [`- session: ${code(session)}`];
}

/** Of sessions that are over: whoever looks for it, looks in vain. */
function leftBehindOf({ leftBehind = [] }: TaskStatus): readonly string[] {
  return leftBehind.map((what) => `- left behind in a session that is over: ${code(what)}`);
}

/** The first one is what the task waits for; the others are listed. */
function approvalsOf({ approvals = [] }: TaskStatus): readonly string[] {
  return approvals.slice(1).map(({ callId, tool, about }) => `- also waits: ${code(`${callId} ${tool}: ${about}`)}`);
}

function suspenseOf({ suspenseUsdMicros: suspense }: TaskStatus): readonly string[] {
  return suspense === undefined ? [] : [`- in suspense: ${code(formatUsd(suspense))} may have been billed without an answer`];
}

function budgetOf(status: TaskStatus): readonly string[] {
  const { budget, costUsdMicros, suspenseUsdMicros = 0, usage, turnsAnswered: turns = 0, toolCalls = 0 } = status;
  if (budget === undefined) return [];
  const costUsd = (costUsdMicros + suspenseUsdMicros) / 1e6;
  const tokens = usage.inputTokens + usage.outputTokens;
  return [`- budget: ${code(describeSpending(budget, { costUsd, tokens, turns, toolCalls }))}`];
}

/** The newest first: the UI cuts the end of a long card. */
function attemptTable(events: readonly TaskEvent[]): readonly string[] {
  const rows = events.flatMap(attemptRow).slice(-NEWEST_ATTEMPTS).toReversed();
  return rows.length === 0 ? [] : ['', '| turn | endpoint | outcome |', '|---|---|---|', ...rows];
}

function attemptRow(event: TaskEvent): readonly string[] {
  if (event.kind === 'attempt-failed') {
    return [`| ${event.turn} | ${code(endpointOf(event.deployment))} | ${code(event.failure)} |`];
  }
  if (event.kind !== 'turn-answered') return [];
  return [`| ${event.turn} | ${code(endpointOf(event.deployment))} | answered${countCalls(event.toolCalls)} |`];
}

function countCalls(count: number): string {
  return count === 0 ? '' : `, ${count} tool ${count === 1 ? 'call' : 'calls'}`;
}

function lastStep(events: readonly TaskEvent[]): readonly string[] {
  const last = events.findLast(({ kind }) => kind === 'tool-started');
  return last?.kind === 'tool-started' ? [`- last tool call: ${code(`${last.tool} ${last.excerpt}`)}`] : [];
}

/**
 * Text from elsewhere stands in code spans alone, where no link, image or emphasis is read; nothing in it can end one. So do
 * dollars: the UI reads what is between two of them as a formula.
 */
export function code(text: string): string {
  const line = toPrintable(text, SHOWN_CHARACTERS).replaceAll('|', '/').replaceAll(/[<>]/g, ' ').replaceAll('`', "'").trim();
  return `\`${line || '-'}\``;
}
