import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fact } from '../../workflows/domain/catalog.ts';
import { EVIDENCE } from '../../workflows/domain/catalog.ts';
import { daysBetween, evidenceOf, factAt, isKnown, isWeaker, nextTurn } from '../../workflows/domain/fact-in-force.ts';
import { aFact, aSource, NOW } from '../support/catalog-builders.ts';

const DAY_MS = 86_400_000;

function dayOf(number: number): string {
  return new Date(number * DAY_MS).toISOString().slice(0, 10);
}

const anyFact = fc
  .record({
    begins: fc.nat(20),
    lasts: fc.option(fc.integer({ min: 1, max: 10 })),
    recorded: fc.nat(20),
    superseded: fc.option(fc.integer({ min: 1, max: 10 })),
    by: fc.constantFrom('catalog' as const, 'operator' as const),
  })
  .map(({ begins, lasts, recorded, superseded, by }) =>
    aFact('any', {
      from: dayOf(begins),
      to: lasts === null ? null : dayOf(begins + lasts),
      recordedAt: new Date(recorded * DAY_MS).toISOString(),
      supersededAt: superseded === null ? null : new Date((recorded + superseded) * DAY_MS).toISOString(),
      by,
    }),
  );
const moment = fc.tuple(fc.nat(32), fc.nat(32)).map(([day, known]) => ({
  asOf: dayOf(day),
  knownAt: new Date(known * DAY_MS).toISOString(),
}));

describe('the days between two days', () => {
  // From the year 1 to 9999: leap years, and of those of a century one in four.
  const anyDay = fc.integer({ min: -719_162, max: 2_932_896 });

  test('are those of the calendar', () => {
    fc.assert(
      fc.property(anyDay, anyDay, (from, to) => {
        expect(daysBetween(dayOf(from), dayOf(to))).toBe(to - from);
      }),
      { numRuns: 5_000 },
    );
  });

  test('are one from every day to the next, for all of four centuries', () => {
    const first = Date.UTC(1900, 0, 1) / DAY_MS;
    const wrong = Array.from({ length: 146_097 }, (_, index) => first + index).filter(
      (day) => daysBetween(dayOf(day), dayOf(day + 1)) !== 1,
    );

    expect(wrong).toEqual([]);
  });

  test.each([
    ['2024-02-28', '2024-03-01', 2],
    ['2026-02-28', '2026-03-01', 1],
    ['1900-02-28', '1900-03-01', 1],
    ['2000-02-28', '2000-03-01', 2],
    ['2026-12-31', '2027-01-01', 1],
    ['2026-11-22', '2026-11-22', 0],
    ['2026-11-22', '2026-11-20', -2],
    ['1970-01-01', '2026-11-22', 20_779],
  ])('%s and %s are %i', (from, to, days) => {
    expect(daysBetween(from, to)).toBe(days);
  });
});

describe('the fact that holds', () => {
  test.each([
    ['2026-03-04', undefined],
    ['2026-03-05', 'here'],
    ['2026-03-31', 'here'],
    ['2026-04-01', undefined],
  ])('on %s is %s: the first day is in, the last is not', (asOf, value) => {
    const facts = [aFact('here', { from: '2026-03-05', to: '2026-04-01' })];

    expect(factAt(facts, { ...NOW, asOf })?.value).toBe(value);
  });

  test.each([
    ['2026-06-01T00:00:00.000Z', '2026-07-01T00:00:00.000Z', '2026-05-31T23:59:59.999Z', false],
    ['2026-06-01T00:00:00.000Z', '2026-07-01T00:00:00.000Z', '2026-06-01T00:00:00.000Z', true],
    ['2026-06-01T00:00:00.000Z', '2026-07-01T00:00:00.000Z', '2026-06-30T23:59:59.999Z', true],
    ['2026-06-01T00:00:00.000Z', '2026-07-01T00:00:00.000Z', '2026-07-01T00:00:00.000Z', false],
    ['2026-06-01T00:00:00.000Z', null, '2999-01-01T00:00:00.000Z', true],
  ])('recorded at %s, superseded at %s, is at %s known: %s', (...[recordedAt, supersededAt, knownAt, expected]) => {
    expect(isKnown(aFact('here', { recordedAt, supersededAt }), { ...NOW, knownAt })).toBe(expected);
  });

  test('was another before it was corrected', () => {
    const corrected = '2026-08-17T00:00:00.000Z';
    const facts = [aFact(272_000, { supersededAt: corrected }), aFact(1_000_000, { recordedAt: corrected })];

    expect(factAt(facts, { ...NOW, knownAt: '2026-08-16T00:00:00.000Z' })?.value).toBe(272_000);
    expect(factAt(facts, NOW)?.value).toBe(1_000_000);
  });

  test("is the operator's before the catalog's, then the one that began later", () => {
    const [early, late] = [aFact('early'), aFact('late', { from: '2026-06-01' })];
    const mine = aFact('mine', { from: '2025-01-01', by: 'operator' });

    expect(factAt([early, late], NOW)?.value).toBe('late');
    expect(factAt([late, mine, early], NOW)?.value).toBe('mine');
  });

  test('holds on that day, is known, and is the best of those', () => {
    const holds = (fact: Fact<string>, { asOf, knownAt }: typeof NOW): boolean =>
      fact.from <= asOf && (fact.to ?? '9') > asOf && fact.recordedAt <= knownAt && (fact.supersededAt ?? '9') > knownAt;

    fc.assert(
      fc.property(fc.array(anyFact), moment, (facts, at) => {
        const found = factAt(facts, at);
        const able = facts.filter((fact) => holds(fact, at));
        const own = able.filter(({ by }) => by === 'operator');
        const best = (own.length > 0 ? own : able).map(({ from }) => from).toSorted();

        expect(found?.from).toBe(best.at(-1));
        expect(found?.by).toBe(able.length === 0 ? undefined : own.length > 0 ? 'operator' : 'catalog');
      }),
    );
  });
});

describe('the turn to a fact that passes', () => {
  const passes = (value: string): boolean => value === 'open';
  const valued = fc.tuple(anyFact, fc.constantFrom('open', 'shut')).map(([fact, value]): Fact<string> => ({ ...fact, value }));
  /** As a catalog has them: of one origin, no two hold at once. */
  const apart = fc
    .array(valued, { maxLength: 8 })
    .map((facts) => facts.filter((fact, index) => !facts.slice(0, index).some((other) => meet(fact, other))));

  function meet(one: Fact<string>, other: Fact<string>): boolean {
    const inTheWorld = one.from < (other.to ?? '9') && other.from < (one.to ?? '9');
    const inBelief = one.recordedAt < (other.supersededAt ?? '9') && other.recordedAt < (one.supersededAt ?? '9');
    return one.by === other.by && inTheWorld && inBelief;
  }

  function daysAfter(asOf: string): readonly string[] {
    return Array.from({ length: 40 }, (_, index) => dayOf(Date.parse(asOf) / DAY_MS + 1 + index));
  }

  test('is on the first day on which one holds, of every day there is', () => {
    fc.assert(
      fc.property(apart, moment, (facts, at) => {
        const now = factAt(facts, at);
        fc.pre(now === undefined || !passes(now.value));
        const held = daysAfter(at.asOf).map((day) => ({ day, fact: factAt(facts, { ...at, asOf: day }) }));

        expect(nextTurn(facts, at, passes)).toEqual(held.find(({ fact }) => fact !== undefined && passes(fact.value)));
      }),
      { numRuns: 1_000 },
    );
  });

  test('is later than the day asked for, and to what holds then, also where one holds already', () => {
    fc.assert(
      fc.property(apart, moment, (facts, at) => {
        const turn = nextTurn(facts, at, passes);
        fc.pre(turn !== undefined);

        expect(turn.day > at.asOf).toBe(true);
        expect(turn.fact.value).toBe('open');
        expect(factAt(facts, { ...at, asOf: turn.day })).toBe(turn.fact);
      }),
    );
  });

  test('is none while an operator says otherwise, and on the day on which that ends', () => {
    const opens = aFact('open', { from: '2026-12-01' });
    const shut = aFact('shut', { from: '2026-11-01', by: 'operator' });

    expect(nextTurn([opens, shut], NOW, passes)).toBeUndefined();
    expect(nextTurn([opens, { ...shut, to: '2026-12-10' }], NOW, passes)).toEqual({ day: '2026-12-10', fact: opens });
    expect(nextTurn([opens, { ...shut, to: '2026-11-30' }], NOW, passes)).toEqual({ day: '2026-12-01', fact: opens });
  });

  test('is to what was there before, where what lay over it ends', () => {
    const open = aFact('open');
    const shut = aFact('shut', { from: '2026-11-20', to: '2026-11-25', by: 'operator' });

    expect(nextTurn([shut, open], NOW, passes)).toEqual({ day: '2026-11-25', fact: open });
  });

  test('is not to what is not known yet', () => {
    const opens = aFact('open', { from: '2026-12-01', recordedAt: '2026-11-23T00:00:00.000Z' });

    expect(nextTurn([opens], NOW, passes)).toBeUndefined();
  });
});

describe('evidence', () => {
  test('of a fact is that of its best source', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.constantFrom(...EVIDENCE), { minLength: 1 }), (grades) => {
        const fact = aFact('here', { sources: grades.map((evidence) => aSource({ evidence })) });

        expect(evidenceOf(fact)).toBe(EVIDENCE.findLast((grade) => grades.includes(grade)));
      }),
    );
  });

  test('is weaker than what stands behind it, and never than itself', () => {
    const weakest = ['inferred', 'single-third-party', 'multi-third-party', 'vendor-relayed', 'vendor-doc', 'operator'] as const;

    for (const [index, one] of weakest.entries()) {
      for (const [rank, other] of weakest.entries()) expect(isWeaker(one, other)).toBe(index < rank);
    }
  });
});
