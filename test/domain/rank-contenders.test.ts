import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ContenderReport } from '../../workflows/domain/contest.ts';
import { rankContenders } from '../../workflows/domain/rank-contenders.ts';
import { aContender } from '../support/builders.ts';

const outcomes = ['passed', 'failed', 'timed-out', 'not-run'] as const;
const GRADE = { passed: 0, failed: 1, 'timed-out': 1, 'not-run': 2 } as const;

/** Few values each, so that contenders are often equal in all but one thing. */
const contender: fc.Arbitrary<ContenderReport> = fc
  .record({
    state: fc.constantFrom('completed', 'completed', 'failed', 'cancelled'),
    check: fc.option(
      fc.constantFrom(...outcomes).map((outcome) => ({ outcome, wallTimeMs: 1 })),
      { nil: undefined },
    ),
    diffStat: fc.option(fc.record({ files: fc.nat({ max: 2 }), insertions: fc.nat({ max: 2 }), deletions: fc.nat({ max: 2 }) }), {
      nil: undefined,
    }),
    tree: fc.option(fc.constantFrom('tree-a', 'tree-b', 'tree-c'), { nil: undefined }),
    costUsdMicros: fc.nat({ max: 2 }),
    suspenseUsdMicros: fc.nat({ max: 1 }),
    reason: fc.option(fc.string(), { nil: undefined }),
  })
  .map((parts) => aContender(Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined))));

const field = fc
  .array(contender, { minLength: 2, maxLength: 8 })
  .map((contenders) => contenders.map((each, index): ContenderReport => ({ ...each, number: index + 1 })));

const shuffled = field.chain((contenders) =>
  fc.tuple(fc.constant(contenders), fc.shuffledSubarray(contenders, { minLength: contenders.length })),
);

function numbers(contenders: readonly { readonly number: number }[]): readonly number[] {
  return contenders.map(({ number }) => number);
}

describe('the places of contenders', () => {
  test('are the same in whichever order they are given, words included', () => {
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        expect(rankContenders(other)).toEqual(rankContenders(one));
      }),
    );
  });

  test('are numbered from 1, each given once and with a reason', () => {
    fc.assert(
      fc.property(field, (contenders) => {
        const ranked = rankContenders(contenders);

        expect(ranked.map(({ place }) => place)).toEqual(contenders.map((_, index) => index + 1));
        expect(numbers(ranked).toSorted((one, other) => one - other)).toEqual(numbers(contenders));
        for (const { because } of ranked) expect(because).toMatch(/^\S.{3,}$/);
      }),
    );
  });

  test('agree with those of any two of them alone, where trees tell nothing', () => {
    const withoutTrees = field.map((contenders) => contenders.map(({ tree: _tree, ...rest }) => rest));
    fc.assert(
      fc.property(withoutTrees, (contenders) => {
        const ranked = rankContenders(contenders);
        for (const [index, better] of ranked.entries())
          for (const worse of ranked.slice(index + 1)) {
            expect(rankContenders([worse, better])[0]?.number).toBe(better.number);
          }
      }),
    );
  });

  test('go to those that completed first, and among them by their checks', () => {
    fc.assert(
      fc.property(field, (contenders) => {
        const ranked = rankContenders(contenders);
        const completed = ranked.findLastIndex(({ state }) => state === 'completed');

        expect(ranked.slice(0, completed + 1).every(({ state }) => state === 'completed')).toBe(true);
        const grades = ranked.slice(0, completed + 1).map(({ check }) => GRADE[check?.outcome ?? 'not-run']);
        expect(grades).toEqual(grades.toSorted((one, other) => one - other));
      }),
    );
  });

  test('never get worse by a check that passes', () => {
    fc.assert(
      fc.property(field, fc.nat(), (contenders, choice) => {
        const chosen = contenders[choice % contenders.length]?.number;
        const passing = contenders.map((each) =>
          each.number === chosen ? { ...each, check: { outcome: 'passed', wallTimeMs: 1 } as const } : each,
        );
        const placeIn = (all: readonly ContenderReport[]): number => numbers(rankContenders(all)).indexOf(chosen ?? 0);

        expect(placeIn(passing)).toBeLessThanOrEqual(placeIn(contenders));
      }),
    );
  });
});

const PASSED = { outcome: 'passed', exitCode: 0, wallTimeMs: 1 } as const;
const FAILED = { outcome: 'failed', exitCode: 1, wallTimeMs: 1 } as const;
const small = { files: 1, insertions: 2, deletions: 0 };
const large = { files: 1, insertions: 12, deletions: 4 };

/** Its order and words. */
function told(...contenders: readonly Partial<ContenderReport>[]): readonly string[] {
  const ranked = rankContenders(contenders.map((each, index) => aContender({ number: index + 1, ...each })));
  return ranked.map(({ number, because }) => `${number}: ${because}`);
}

describe('the reason of a place', () => {
  test('names all that counts up to what decides', () => {
    const all = told(
      { check: PASSED, tree: 'a', diffStat: small },
      { check: FAILED, tree: 'b', diffStat: small },
      { check: PASSED, tree: 'c', diffStat: large },
      { check: PASSED, tree: 'a', diffStat: small, costUsdMicros: 5_000 },
    );

    expect(all).toEqual([
      '1: its check passed, 2 of 4 ended in the same tree, it cost $0.0040 less than 4',
      '4: its check passed, 2 of 4 ended in the same tree, it cost $0.0040 more than 1',
      '3: its check passed, no other ended in its tree, 2 in that of 4',
      '2: its check failed (exit code 1), that of 3 passed',
    ]);
  });

  test('tells of the only one that completed, and how the others ended', () => {
    expect(told({ state: 'failed', reason: 'a content filter' }, { check: PASSED }, { state: 'cancelled' })).toEqual([
      '2: the only one that completed, and its check passed',
      '1: it failed: a content filter',
      '3: it was cancelled',
    ]);
  });

  test('does not take doing nothing for the smallest diff', () => {
    const nothing = { files: 0, insertions: 0, deletions: 0 };

    expect(
      told({ diffStat: nothing, tree: 'base' }, { diffStat: large, tree: 'a' }, { diffStat: nothing, tree: 'base' }),
    ).toEqual([
      '2: it changed something, unlike 1',
      '1: it changed nothing, unlike 2',
      '3: it changed nothing, 2 of 3 ended in the same tree, as good as 1, with the higher number',
    ]);
  });

  test('takes no support from those that did not complete', () => {
    expect(told({ state: 'failed', tree: 'a' }, { tree: 'a', diffStat: large }, { tree: 'b', diffStat: small })[0]).toBe(
      '3: 14 lines less than 2',
    );
  });

  test('counts files before lines', () => {
    const scattered = { files: 3, insertions: 1, deletions: 0 };

    expect(told({ diffStat: scattered, tree: 'a' }, { diffStat: large, tree: 'b' }, { diffStat: small, tree: 'c' })).toEqual([
      '3: 14 lines less than 2',
      '2: 14 lines more than 3',
      '1: 2 files more than 2',
    ]);
  });

  test('says who was not checked where others were', () => {
    const notRun = { outcome: 'not-run', reason: 'the task was cancelled', wallTimeMs: 0 } as const;

    expect(told({ check: notRun }, { check: FAILED })).toEqual([
      '2: its check failed (exit code 1), that of 1 was not run (the task was cancelled)',
      '1: its check was not run (the task was cancelled), that of 2 failed (exit code 1)',
    ]);
  });

  test('is short and of one line, whatever a cloud said', () => {
    const [first] = told({ state: 'failed', reason: `\u001b[31m${'x\n'.repeat(5_000)}` }, { state: 'cancelled' });

    expect(first).toMatch(/^1: it failed: [^\n\u001b]{10,400}$/);
  });
});
