/** A contest as a person reads it: its contenders by place, why each has its place, and what the winner made. */
import Table from 'cli-table3';
import type { ContenderStanding, ContestResult, ContestStatus, RankedContender } from '../../workflows/domain/contest.ts';
import { describeStat } from '../../workflows/domain/task-result.ts';
import { describeCheck } from '../../workflows/domain/task-check.ts';
import { formatCost } from '../story.ts';
import { print } from './terminal.ts';

/** The end: the winner's answer and changes, the table of all, what they cost, and where to look. */
export function tellContest(result: ContestResult, uiLink: string | null): void {
  const { winner, output, diff, diffPath, leftOut, contenders, usage, costUsdMicros, suspenseUsdMicros } = result;
  if (output !== '') print(`\n${output}`);
  if (diff !== '') print(`\n${diff.trimEnd()}`);
  if (diffPath !== undefined && winner !== undefined)
    print(`\nthe diff is at ${diffPath} on the worker's host; anyport tasks diff ${winner.taskId} shows it from anywhere`);
  if (leftOut !== undefined) print(`not in the diff, being too large or unreadable: ${leftOut.join(', ')}`, 'yellow');
  print(`\n${toTable(contenders)}`);
  for (const { place, taskId: contender, because } of contenders) print(`${place}. ${contender}: ${because}`);
  print(`\n${describeEnd(result)}`, result.state === 'completed' ? 'green' : 'red');
  const suspense =
    suspenseUsdMicros === 0 ? '' : `, and ${formatCost(suspenseUsdMicros)} that may have been billed without an answer`;
  print(`${usage.inputTokens} tokens in, ${usage.outputTokens} out, ${formatCost(costUsdMicros)} together${suspense}`);
  const [best] = contenders;
  if (best !== undefined && best.hasResult) print(`each is a task: anyport tasks show|diff|apply|branch ${best.taskId}`);
  if (uiLink !== null) print(`Temporal UI: ${uiLink}`);
}

/** How far it is. */
export function tellContestStatus(status: ContestStatus, uiLink: string | null): void {
  print(toTable(status.contenders));
  print(`\n${status.state}, ${formatCost(status.costUsdMicros)} by those that have ended`);
  print(`Temporal UI: ${uiLink ?? 'its address is not known here (ANYPORT_TEMPORAL_UI)'}`);
}

function describeEnd({ taskId, state, reason, winner, contenders }: ContestResult): string {
  if (winner !== undefined) return `contest ${taskId} completed: contender ${winner.number} of ${contenders.length} won`;
  return `contest ${taskId} ${state === 'cancelled' ? 'was cancelled' : state}${reason === undefined ? '' : `: ${reason}`}`;
}

const HEAD = ['place', 'contender', 'state', 'check', 'changes', 'turns', 'cost'];

function toTable(contenders: readonly (ContenderStanding | RankedContender)[]): string {
  // The table's own colours would be stripped with the untrusted ones.
  const table = new Table({ head: HEAD, style: { head: [], border: [] } });
  for (const contender of contenders) table.push(rowOf(contender));
  return table.toString();
}

function rowOf(contender: ContenderStanding): string[] {
  if (!('hasResult' in contender)) return ['', contender.taskId, contender.state, '', '', '', ''];
  const { taskId, state, check, diffStat, turns, costUsdMicros } = contender;
  const place = 'place' in contender ? String(contender.place) : '';
  const checked = check === undefined ? '' : describeCheck(check);
  return [
    place,
    taskId,
    state,
    checked,
    diffStat === undefined ? '' : describeStat(diffStat),
    String(turns),
    formatCost(costUsdMicros),
  ];
}
