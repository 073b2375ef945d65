/** What the Temporal UI shows of a contest while it runs; each contender's own page has its card. */
import { describeSpending } from './domain/budget.ts';
import type { ContenderReport, ContenderStanding, ContestStatus } from './domain/contest.ts';
import { formatUsd } from './domain/price.ts';
import { describeStat } from './domain/task-result.ts';
import { describeCheck } from './domain/task-check.ts';
import { code } from './task-card.ts';

export function contestCard(status: ContestStatus): string {
  const { state, model, contenders, costUsdMicros, budget, baseCommit, reason } = status;
  const ended = contenders.filter(isReport).length;
  return [
    `**${state}** · ${ended} of ${contenders.length} contenders ended · ${code(model)}`,
    '',
    ...(baseCommit === undefined ? [] : [`- begins at: ${code(baseCommit.slice(0, 12))}`]),
    `- spent: ${code(formatUsd(costUsdMicros))} by those that have ended`,
    ...(budget === undefined ? [] : [`- budget of all together: ${code(describeSpending(budget, {}))}`]),
    ...(reason === undefined ? [] : [`- reason: ${code(reason)}`]),
    '',
    '| contender | state | check | diff | cost | place |',
    '|---|---|---|---|---|---|',
    ...contenders.map(rowOf),
  ].join('\n');
}

function rowOf(contender: ContenderStanding): string {
  const name = code(contender.taskId);
  if (!isReport(contender)) return `| ${name} | ${contender.state} | | | | |`;
  const { state, check, diffStat, costUsdMicros } = contender;
  const checked = check === undefined ? '' : code(describeCheck(check));
  const diff = diffStat === undefined ? '' : code(describeStat(diffStat));
  const place = 'place' in contender ? `${contender.place}: ${code(contender.because)}` : '';
  return `| ${name} | ${state} | ${checked} | ${diff} | ${code(formatUsd(costUsdMicros))} | ${place} |`;
}

function isReport(contender: ContenderStanding): contender is ContenderReport {
  return contender.state !== 'to-start' && contender.state !== 'running';
}
