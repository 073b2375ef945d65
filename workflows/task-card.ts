/** What the Temporal UI shows of a task while it runs: a card in markdown, made anew with every event of its story. */
import { endpointOf } from './domain/ids.ts';
import type { TaskEvent, TaskStatus } from './domain/task-status.ts';
import { toPrintable } from './domain/tool-call.ts';

/** Rows of the table of attempts; the whole list is in the task's result. */
const NEWEST_ATTEMPTS = 8;

/** The card of a task. Model output on it is cut to one printable line and cannot end its cell or become markup. */
export function taskCard(status: TaskStatus): string {
  const lines = [
    `**${status.state}** · turn ${status.turn} · ${status.model}`,
    '',
    `- deployment: ${status.deployment === null ? 'none yet' : code(status.deployment)}`,
    `- route: ${status.route.map(code).join(', ') || 'not planned yet'}`,
    `- spent: $${(status.costUsdMicros / 1e6).toFixed(4)} · ${status.usage.inputTokens} tokens in, ${status.usage.outputTokens} out`,
  ];
  if (status.waitingFor !== undefined) {
    const until = new Date(status.waitingFor.untilMs).toISOString();
    lines.push(`- waiting until ${until}: ${cell(status.waitingFor.reason)}`);
  }
  return [...lines, ...attemptTable(status.events), ...lastStep(status.events)].join('\n');
}

function attemptTable(events: readonly TaskEvent[]): readonly string[] {
  const rows = events.flatMap(attemptRow).slice(-NEWEST_ATTEMPTS);
  return rows.length === 0 ? [] : ['', '| turn | endpoint | outcome |', '|---|---|---|', ...rows];
}

function attemptRow(event: TaskEvent): readonly string[] {
  if (event.kind === 'attempt-failed') {
    return [`| ${event.turn} | ${endpointOf(event.deployment)} | ${cell(event.failure)} |`];
  }
  if (event.kind !== 'turn-answered') return [];
  const calls = event.toolCalls === 0 ? 'answered' : `answered, ${event.toolCalls} tool calls`;
  return [`| ${event.turn} | ${endpointOf(event.deployment)} | ${calls} |`];
}

function lastStep(events: readonly TaskEvent[]): readonly string[] {
  const last = events.findLast(({ kind }) => kind === 'tool-started');
  return last?.kind === 'tool-started' ? ['', `last tool call: ${code(`${last.tool} ${last.excerpt}`)}`] : [];
}

function code(text: string): string {
  return `\`${cell(text).replaceAll('`', "'")}\``;
}

function cell(text: string): string {
  return toPrintable(text, 160).replaceAll('|', '/').replaceAll(/[<>]/g, ' ');
}
