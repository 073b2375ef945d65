/**
 * What a task's attempts cost: each reserves the most that it may cost before it is sent, and ends settled (answered and billed),
 * released (no cloud took it) or in suspense (a cloud took it, or may have, and its bill is not known). Integer micro-dollars.
 */
import type { Cloud } from './route.ts';

/** How the money of one attempt ended. An attempt that is still open is in suspense: it may have been sent. */
export type AttemptSettlement =
  | { readonly kind: 'settled'; readonly costUsdMicros: number }
  | { readonly kind: 'released' }
  | { readonly kind: 'suspense' };

export interface LedgerEntry {
  readonly turn: number;
  readonly endpoint: string;
  /** null: journalled before clouds were written down. */
  readonly cloud: Cloud | null;
  readonly reservedUsdMicros: number;
  readonly settlement: AttemptSettlement;
}

/**
 * `reserved + overrun = settled + released + suspense`: what an answer cost below its reserve is released, what it cost above is
 * overrun.
 */
export interface LedgerTotals {
  readonly reservedUsdMicros: number;
  readonly settledUsdMicros: number;
  readonly releasedUsdMicros: number;
  readonly suspenseUsdMicros: number;
  readonly overrunUsdMicros: number;
}

/** Micro-dollars by name. */
export type SubTotals = Readonly<Record<string, number>>;

export interface Ledger {
  readonly totals: LedgerTotals;
  /** By cloud, or `unknown`. */
  readonly settledByCloud: SubTotals;
  readonly settledByEndpoint: SubTotals;
  /** Attempts in suspense that were made again in the same turn: the turn may have been paid twice. */
  readonly suspectedTwice: { readonly count: number; readonly usdMicros: number };
}

const NOTHING: LedgerTotals = {
  reservedUsdMicros: 0,
  settledUsdMicros: 0,
  releasedUsdMicros: 0,
  suspenseUsdMicros: 0,
  overrunUsdMicros: 0,
};

/** The ledger of a task's attempts, in the order in which they were made. */
export function ledgerOf(entries: readonly LedgerEntry[]): Ledger {
  const again = entries.filter((entry, index) => isInSuspense(entry) && wasMadeAgain(entry, entries.slice(index + 1)));
  return {
    totals: entries.map(totalsOf).reduce(addTotals, NOTHING),
    settledByCloud: sumBy(entries, ({ cloud }) => cloud ?? 'unknown'),
    settledByEndpoint: sumBy(entries, ({ endpoint }) => endpoint),
    suspectedTwice: {
      count: again.length,
      usdMicros: again.reduce((sum, { reservedUsdMicros }) => sum + reservedUsdMicros, 0),
    },
  };
}

/** By an attempt that some cloud took, or may have: one that was refused or held paid nothing a second time. */
function wasMadeAgain({ turn }: LedgerEntry, later: readonly LedgerEntry[]): boolean {
  return later.some((entry) => entry.turn === turn && entry.settlement.kind !== 'released');
}

function isInSuspense({ settlement }: LedgerEntry): boolean {
  return settlement.kind === 'suspense';
}

function totalsOf({ reservedUsdMicros, settlement }: LedgerEntry): LedgerTotals {
  const reserved = { ...NOTHING, reservedUsdMicros };
  switch (settlement.kind) {
    case 'settled': {
      const below = reservedUsdMicros - settlement.costUsdMicros;
      return {
        ...reserved,
        settledUsdMicros: settlement.costUsdMicros,
        releasedUsdMicros: Math.max(below, 0),
        overrunUsdMicros: Math.max(-below, 0),
      };
    }
    case 'released':
      return { ...reserved, releasedUsdMicros: reservedUsdMicros };
    case 'suspense':
      return { ...reserved, suspenseUsdMicros: reservedUsdMicros };
  }
}

function addTotals(left: LedgerTotals, right: LedgerTotals): LedgerTotals {
  return {
    reservedUsdMicros: left.reservedUsdMicros + right.reservedUsdMicros,
    settledUsdMicros: left.settledUsdMicros + right.settledUsdMicros,
    releasedUsdMicros: left.releasedUsdMicros + right.releasedUsdMicros,
    suspenseUsdMicros: left.suspenseUsdMicros + right.suspenseUsdMicros,
    overrunUsdMicros: left.overrunUsdMicros + right.overrunUsdMicros,
  };
}

/** Only those that were paid: a cloud that answered nothing has no sub-total. */
function sumBy(entries: readonly LedgerEntry[], keyOf: (entry: LedgerEntry) => string): SubTotals {
  // A map, since an endpoint may be called `constructor`.
  const sums = new Map<string, number>();
  for (const entry of entries) {
    if (entry.settlement.kind !== 'settled') continue;
    const key = keyOf(entry);
    sums.set(key, (sums.get(key) ?? 0) + entry.settlement.costUsdMicros);
  }
  return Object.fromEntries(sums);
}
