/** Facts that lie over others: what is left of each where another one wins, as facts of which no two hold at once. */
import type { Fact } from '../../workflows/domain/catalog.ts';
import { overlap } from './facts.ts';

/** The operator's facts, and the catalog's as far as no fact of the operator's covers them. */
export function laidOut<Value>(facts: readonly Fact<Value>[]): readonly Fact<Value>[] {
  const own = facts.filter(({ by }) => by === 'operator');
  const catalogs = facts.filter(({ by }) => by === 'catalog');
  return [...uncovered(catalogs, own), ...own];
}

/** What is left of these facts where none of the others holds. */
export function uncovered<Value>(facts: readonly Fact<Value>[], others: readonly Fact<unknown>[]): readonly Fact<Value>[] {
  return others.reduce((left: readonly Fact<Value>[], over) => left.flatMap((fact) => without(fact, over)), facts);
}

/**
 * The parts of a fact that another one does not cover. A fact covers days in the world and moments of belief, so up to four are left:
 * the days before and after, and of the common days the moments before and after.
 */
function without<Value>(fact: Fact<Value>, over: Fact<unknown>): readonly Fact<Value>[] {
  if (!overlap(fact, over)) return [fact];
  const days = { from: latest(fact.from, over.from), to: earliest(fact.to, over.to) };
  return [
    { ...fact, to: days.from },
    ...(days.to === null ? [] : [{ ...fact, from: days.to }]),
    { ...fact, ...days, supersededAt: over.recordedAt },
    ...(over.supersededAt === null ? [] : [{ ...fact, ...days, recordedAt: over.supersededAt }]),
  ].filter(isSome);
}

function isSome({ from, to, recordedAt, supersededAt }: Fact<unknown>): boolean {
  return (to === null || from < to) && (supersededAt === null || recordedAt < supersededAt);
}

export function latest(one: string, other: string): string {
  return one > other ? one : other;
}

/** null: without end. */
export function earliest(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return one < other ? one : other;
}
