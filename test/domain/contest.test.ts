import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TaskBudget } from '../../workflows/domain/budget.ts';
import type { Contender } from '../../workflows/domain/contest.ts';
import {
  contenderShare,
  moveOn,
  newContenders,
  nextContender,
  reportOfResult,
  totalsOf,
} from '../../workflows/domain/contest.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import { aContender, aResult, aUsage } from '../support/builders.ts';

const CONTEST = toTaskId('c');

/** Starts and ends contenders as `choices` say, until all have ended. */
function runContest(count: number, atOnce: number, choices: readonly number[]) {
  let contenders = newContenders(count);
  const started: number[] = [];
  let mostRunning = 0;
  for (let step = 0; step < count; step += 1) {
    for (let next = nextContender(contenders, atOnce); next !== undefined; next = nextContender(contenders, atOnce)) {
      started.push(next);
      contenders = moveOn(contenders, { kind: 'running', number: next, share: null });
    }
    const running = contenders.filter(({ kind }) => kind === 'running');
    mostRunning = Math.max(mostRunning, running.length);
    const ending = running[(choices[step % choices.length] ?? 0) % Math.max(1, running.length)];
    if (ending === undefined) break;
    contenders = moveOn(contenders, { kind: 'ended', number: ending.number, report: aContender({ number: ending.number }) });
  }
  return { contenders, started, mostRunning };
}

describe('a contest, whichever of its contenders end first,', () => {
  test('starts each once, in their order, and never more at once than it may', () => {
    const sizes = fc
      .integer({ min: 2, max: 8 })
      .chain((count) => fc.tuple(fc.constant(count), fc.integer({ min: 1, max: count })));
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(), { minLength: 1, maxLength: 8 }), ([count, atOnce], choices) => {
        const { contenders, started, mostRunning } = runContest(count, atOnce, choices);

        expect(started).toEqual(Array.from({ length: count }, (_, index) => index + 1));
        expect(mostRunning).toBe(Math.min(count, atOnce));
        expect(contenders.every(({ kind }) => kind === 'ended')).toBe(true);
      }),
    );
  });
});

describe('the budget of a contest', () => {
  const budget: TaskBudget = { costUsd: 4, tokens: 4_000, turns: 40, toolCalls: 41, wallClockMs: 60_000 };

  test('is divided evenly, but for time, which all use up at once', () => {
    expect(contenderShare(budget, newContenders(4))).toEqual({
      costUsd: 1,
      tokens: 1_000,
      turns: 10,
      toolCalls: 10,
      wallClockMs: 60_000,
    });
  });

  test('is never promised to more contenders than it is for', () => {
    const limits = fc.record({ tokens: fc.integer({ min: 10, max: 10_000 }), turns: fc.integer({ min: 8, max: 500 }) });
    fc.assert(
      fc.property(limits, fc.integer({ min: 2, max: 8 }), (limit, count) => {
        let contenders = newContenders(count);
        for (let number = 1; number <= count; number += 1) {
          const share = contenderShare(limit, contenders);
          if (share === undefined) return;
          contenders = moveOn(contenders, { kind: 'running', number, share });
        }

        const shares = contenders.flatMap((each) => (each.kind === 'running' && each.share !== null ? [each.share] : []));
        expect(shares.reduce((sum, { tokens = 0 }) => sum + tokens, 0)).toBeLessThanOrEqual(limit.tokens);
        expect(shares.reduce((sum, { turns = 0 }) => sum + turns, 0)).toBeLessThanOrEqual(limit.turns);
      }),
    );
  });

  test('goes on to later contenders where an earlier one has not used its share', () => {
    const report = aContender({ number: 1, costUsdMicros: 400_000, turns: 4, toolCalls: 1, usage: aUsage({ inputTokens: 400 }) });
    const contenders = moveOn(newContenders(4), { kind: 'ended', number: 1, report });

    expect(contenderShare(budget, contenders)).toMatchObject({ costUsd: 1.2, tokens: 1_200, turns: 12, toolCalls: 13 });
  });

  test('has no share where too little is left for anything', () => {
    expect(contenderShare({ turns: 3 }, newContenders(4))).toBeUndefined();
  });

  test('counts what an ended contender used beyond its share', () => {
    const spent: Contender = { kind: 'ended', number: 1, report: aContender({ number: 1, turns: 40 }) };

    expect(contenderShare({ turns: 40 }, moveOn(newContenders(2), spent))).toBeUndefined();
  });
});

describe('what a contest keeps of a contender', () => {
  test('is bounded, whatever its task came to', () => {
    const long = 'x'.repeat(200_000);
    const result = aResult({ state: 'failed', reason: long, output: long, diff: long });

    expect(JSON.stringify(reportOfResult({ contest: CONTEST, number: 8 }, result)).length).toBeLessThan(2_000);
  });

  test('counts its agents', () => {
    const agents = [
      { agent: 'a', taskId: 'c-1.a', state: 'completed', spent: { usdMicros: 50, tokens: 5, toolCalls: 2 } },
    ] as const;
    const result = aResult({ paid: { usdMicros: 200, byCloud: {}, byEndpoint: {} }, toolCalls: 3, agents });

    expect(reportOfResult({ contest: CONTEST, number: 1 }, result)).toMatchObject({
      taskId: 'c-1',
      costUsdMicros: 250,
      toolCalls: 5,
    });
  });

  test('adds up to what all of them cost', () => {
    const reports = [aContender({ costUsdMicros: 1, suspenseUsdMicros: 5 }), aContender({ number: 2, costUsdMicros: 2 })];

    expect(totalsOf(reports)).toMatchObject({ costUsdMicros: 3, suspenseUsdMicros: 5 });
  });
});
