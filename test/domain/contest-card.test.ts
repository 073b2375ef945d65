import { describe, expect, test } from 'vitest';
import { contestCard } from '../../workflows/contest-card.ts';
import type { ContestStatus } from '../../workflows/domain/contest.ts';
import { rankContenders } from '../../workflows/domain/rank-contenders.ts';
import { aContender, MODEL } from '../support/builders.ts';

function aContest(overrides: Partial<ContestStatus> = {}): ContestStatus {
  return {
    taskId: 'contest',
    state: 'running',
    model: MODEL,
    atOnce: 2,
    baseCommit: 'a'.repeat(40),
    contenders: [
      aContender({ number: 1, check: { outcome: 'failed', exitCode: 1, wallTimeMs: 1 } }),
      { number: 2, taskId: 'contest-2', state: 'running' },
      { number: 3, taskId: 'contest-3', state: 'to-start' },
    ],
    costUsdMicros: 1_000,
    ...overrides,
  };
}

describe('the card of a contest', () => {
  test('says how far each contender is, and what those that have ended made', () => {
    expect(contestCard(aContest({ budget: { turns: 30 } })).split('\n')).toEqual([
      '**running** · 1 of 3 contenders ended · `gpt-6.1-sol`',
      '',
      '- begins at: `aaaaaaaaaaaa`',
      '- spent: `$0.0010` by those that have ended',
      '- budget of all together: `30 turns`',
      '',
      '| contender | state | check | diff | cost | place |',
      '|---|---|---|---|---|---|',
      '| `contest-1` | completed | `failed (exit code 1)` | `1 file +1 -0` | `$0.0010` |  |',
      '| `contest-2` | running | | | | |',
      '| `contest-3` | to-start | | | | |',
    ]);
  });

  test('has the places and their reasons at the end', () => {
    const contenders = rankContenders([
      aContender({ number: 1, state: 'failed', reason: 'a filter' }),
      aContender({ number: 2 }),
    ]);

    const card = contestCard(aContest({ state: 'completed', contenders }));

    expect(card).toContain('| 1: `the only one that completed` |');
    expect(card).toContain('| 2: `it failed: a filter` |');
  });

  test('cannot be given markup by what a cloud said', () => {
    const reason = '`x` | [link](https://example.invalid) <img> $a$';
    const contenders = rankContenders([aContender({ state: 'failed', reason })]);

    const row =
      contestCard(aContest({ state: 'failed', reason, contenders }))
        .split('\n')
        .at(-1) ?? '';

    expect(row.split('|')).toHaveLength(8);
    expect(row).toContain("`it failed: 'x' / [link](https://example.invalid)");
  });
});
