import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AttemptSettlement, LedgerEntry } from '../../workflows/domain/ledger.ts';
import { ledgerOf } from '../../workflows/domain/ledger.ts';
import { CLOUDS } from '../../workflows/domain/route.ts';

const usdMicros = fc.nat(10_000_000);
const aSettlement = fc.oneof(
  usdMicros.map((costUsdMicros): AttemptSettlement => ({ kind: 'settled', costUsdMicros })),
  fc.constantFrom<AttemptSettlement>({ kind: 'released' }, { kind: 'suspense' }),
);
const anEntry: fc.Arbitrary<LedgerEntry> = fc.record({
  turn: fc.integer({ min: 1, max: 5 }),
  endpoint: fc.constantFrom('azure-eastus2', 'aws-us-east-1', 'constructor'),
  cloud: fc.constantFrom(null, ...CLOUDS),
  reservedUsdMicros: usdMicros,
  settlement: aSettlement,
});
const journal = fc.array(anEntry).map((entries) => entries.toSorted((left, right) => left.turn - right.turn));

function entry(turn: number, settlement: AttemptSettlement, overrides: Partial<LedgerEntry> = {}): LedgerEntry {
  return { turn, endpoint: 'azure-eastus2', cloud: 'azure', reservedUsdMicros: 100, settlement, ...overrides };
}

describe('the ledger of a task', () => {
  test('counts every reserve once: as settled, released or in suspense', () => {
    fc.assert(
      fc.property(journal, (entries) => {
        const { totals } = ledgerOf(entries);
        const reserved = entries.reduce((sum, { reservedUsdMicros }) => sum + reservedUsdMicros, 0);

        expect(totals.reservedUsdMicros).toBe(reserved);
        expect(totals.settledUsdMicros + totals.releasedUsdMicros + totals.suspenseUsdMicros).toBe(
          reserved + totals.overrunUsdMicros,
        );
      }),
    );
  });

  test('is never negative, and its parts add up to the whole', () => {
    fc.assert(
      fc.property(journal, (entries) => {
        const { totals, settledByCloud, settledByEndpoint, suspectedTwice } = ledgerOf(entries);
        const sum = (parts: object): number => Object.values(parts).reduce((total, part) => total + part, 0);

        expect(Math.min(...Object.values(totals), ...Object.values(settledByCloud))).toBeGreaterThanOrEqual(0);
        expect([sum(settledByCloud), sum(settledByEndpoint)]).toEqual([totals.settledUsdMicros, totals.settledUsdMicros]);
        expect(suspectedTwice.usdMicros).toBeLessThanOrEqual(totals.suspenseUsdMicros);
      }),
    );
  });

  test('grows by an entry exactly by what that entry alone comes to', () => {
    fc.assert(
      fc.property(journal, anEntry, (entries, last) => {
        const [before, alone, after] = [entries, [last], [...entries, last]].map((each) => ledgerOf(each).totals);

        expect(after?.settledUsdMicros).toBe((before?.settledUsdMicros ?? 0) + (alone?.settledUsdMicros ?? 0));
        expect(after?.suspenseUsdMicros).toBe((before?.suspenseUsdMicros ?? 0) + (alone?.suspenseUsdMicros ?? 0));
      }),
    );
  });

  test('suspects a turn of being paid twice only when an attempt in suspense was made again', () => {
    const ledger = ledgerOf([
      entry(1, { kind: 'suspense' }),
      entry(1, { kind: 'settled', costUsdMicros: 30 }),
      entry(2, { kind: 'released' }),
      entry(2, { kind: 'settled', costUsdMicros: 30 }, { endpoint: 'aws-us-east-1', cloud: 'aws' }),
      entry(3, { kind: 'suspense' }),
    ]);

    expect(ledger.suspectedTwice).toEqual({ count: 1, usdMicros: 100 });
    expect(ledger.totals).toMatchObject({ suspenseUsdMicros: 200, settledUsdMicros: 60, releasedUsdMicros: 240 });
    expect(ledger.settledByCloud).toEqual({ azure: 30, aws: 30 });
  });

  test('says what an answer cost above its reserve', () => {
    expect(ledgerOf([entry(1, { kind: 'settled', costUsdMicros: 130 })]).totals).toMatchObject({
      settledUsdMicros: 130,
      releasedUsdMicros: 0,
      overrunUsdMicros: 30,
    });
  });
});
