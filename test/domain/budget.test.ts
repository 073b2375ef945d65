import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BudgetKind, TaskBudget } from '../../workflows/domain/budget.ts';
import {
  BUDGET_KINDS,
  BUDGET_RANGES,
  describeExceeded,
  exceeds,
  newSpending,
  raiseCommand,
  reasonAgainstRaise,
  spendingAfter,
} from '../../workflows/domain/budget.ts';
import { NO_USAGE } from '../../workflows/domain/usage.ts';

const SPENT = { ...newSpending(0, { characters: 0 }), turns: 0, nowMs: 0 };

const amount = (kind: BudgetKind) => {
  const { least, most, isWhole } = BUDGET_RANGES[kind];
  return isWhole ? fc.integer({ min: least, max: most }) : fc.double({ min: least, max: most, noNaN: true });
};
const aBudget = fc.record(
  { costUsd: amount('costUsd'), tokens: amount('tokens'), turns: amount('turns'), toolCalls: amount('toolCalls') },
  { requiredKeys: [] },
);

describe('a budget', () => {
  test('is never passed by a step that it has room for', () => {
    const steps = fc.array(fc.record({ tokens: fc.nat(1_000), usdMicros: fc.nat(50_000) }), { maxLength: 40 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 100 }), (all, tokens, cents) => {
        const budget: TaskBudget = { tokens, costUsd: cents / 100 };
        let spent = SPENT;
        for (const step of all) {
          if (exceeds(budget, spent, step).length > 0) continue;
          const usage = { ...NO_USAGE, inputTokens: step.tokens };
          spent = { ...spent, ...spendingAfter(spent, { usage, costUsdMicros: step.usdMicros }) };
        }

        expect(spent.tokens).toBeLessThanOrEqual(tokens);
        expect(spent.usdMicros).toBeLessThanOrEqual(cents * 10_000);
      }),
    );
  });

  test('has room for a step that uses up the very last of it', () => {
    const spent = { ...SPENT, usdMicros: 100_000, suspenseUsdMicros: 0 };

    expect(exceeds({ costUsd: 0.3 }, spent, { usdMicros: 200_000 })).toEqual([]);
    expect(exceeds({ costUsd: 0.3 }, spent, { usdMicros: 200_001 })).toHaveLength(1);
  });

  test('stops nothing where it is not limited', () => {
    expect(exceeds({}, { ...SPENT, tokens: 1e9, usdMicros: 1e12, turns: 9, nowMs: 1e12 }, { turns: 1, usdMicros: 1 })).toEqual(
      [],
    );
  });

  test('takes a tool call for no more than a tool call', () => {
    const spent = { ...SPENT, usdMicros: 2_000_000, toolCalls: 3 };

    expect(exceeds({ costUsd: 1, toolCalls: 4 }, spent, { toolCalls: 1 })).toEqual([]);
    expect(exceeds({ costUsd: 1, toolCalls: 3 }, spent, { toolCalls: 1 }).map(({ kind }) => kind)).toEqual(['toolCalls']);
  });

  test('of time is used up when the time is, without what was waited', () => {
    const spent = { ...SPENT, startedAtMs: 1_000, pausedMs: 500, nowMs: 2_499 };

    expect(exceeds({ wallClockMs: 1_000 }, spent, {})).toEqual([]);
    expect(exceeds({ wallClockMs: 1_000 }, { ...spent, nowMs: 2_500 }, {})).toHaveLength(1);
  });
});

describe('a raise', () => {
  const CURRENT: TaskBudget = { costUsd: 1, turns: 5 };

  test.each([
    [{ costUsd: 2, turns: 6 }, 'taken'],
    [{ costUsd: 1 }, 'taken'],
    [{ costUsd: 0.5 }, 'costUsd is 1 now, and a budget only goes up'],
    [{ tokens: 5 }, 'tokens is not limited'],
    [{ turns: 6.5 }, 'turns is a whole number from 1 to 10000'],
    [{ turns: 1e9 }, 'turns is a whole number from 1 to 10000'],
    [{ costUsd: '2' }, 'costUsd is a number from'],
    [{ costUsd: Number.NaN }, 'costUsd is a number from'],
    [{ costUsd: Infinity }, 'costUsd is a number from'],
    [{ dollars: 2 }, '"dollars" is no budget: there are costUsd'],
    [{}, 'names at least one of'],
    [null, 'a raise is an object'],
    [[7], 'a raise is an object'],
    ['more', 'a raise is an object'],
  ])('to %j is taken or refused in words', (raise, words) => {
    expect(reasonAgainstRaise(CURRENT, raise) ?? 'taken').toContain(words);
  });

  test('is refused by a task that has no budget', () => {
    expect(reasonAgainstRaise(null, { costUsd: 2 })).toContain('no budget');
  });

  test('never lowers anything, whatever is asked for', () => {
    fc.assert(
      fc.property(aBudget, aBudget, (current: TaskBudget, raise: TaskBudget) => {
        fc.pre(reasonAgainstRaise(current, raise) === undefined);
        const after: TaskBudget = { ...current, ...raise };
        for (const kind of BUDGET_KINDS) expect(after[kind] ?? 0).toBeGreaterThanOrEqual(current[kind] ?? 0);
      }),
    );
  });

  test('as the card proposes it is taken, and has room for the next step', () => {
    fc.assert(
      fc.property(
        fc.nat(100_000),
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 1, max: 100 }),
        (spentMicros, next, cents) => {
          const current = { costUsd: cents / 100 };
          const spent = { ...SPENT, usdMicros: spentMicros };
          const exceeded = exceeds(current, spent, { usdMicros: next });
          fc.pre(exceeded.length > 0);

          const proposed = Number(/--usd ([0-9.]+)$/.exec(raiseCommand('t-1', exceeded))?.[1]);

          expect(reasonAgainstRaise(current, { costUsd: proposed })).toBeUndefined();
          expect(exceeds({ costUsd: proposed }, spent, { usdMicros: next })).toEqual([]);
        },
      ),
    );
  });
});

test('what is used up, and how to go on, is said in words', () => {
  const spent = { ...SPENT, usdMicros: 900_000, suspenseUsdMicros: 50_000, turns: 5, startedAtMs: 0, nowMs: 120_000 };
  const exceeded = exceeds({ costUsd: 1, turns: 5, wallClockMs: 60_000 }, spent, { turns: 1, usdMicros: 60_000 });

  expect(describeExceeded(exceeded)).toBe(
    'the budget of dollars is used up: $0.9500 of $1.0000 spent, $0.0500 of it perhaps; the next step may take $0.0600. ' +
      'the budget of turns is used up: 5 of 5 spent; the next step may take 1. ' +
      'the budget of time is used up: 2.0 min of 1.0 min spent',
  );
  expect(raiseCommand('t-1', exceeded)).toBe('anyport tasks raise-budget t-1 --usd 2 --turns 10 --minutes 2');
});
