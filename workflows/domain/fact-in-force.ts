/** Which of several dated facts holds at a moment. */
import type { Evidence, Fact, IsoDate, Moment } from './catalog.ts';
import { EVIDENCE } from './catalog.ts';

/** The fact that holds on the day asked for, as known at the moment asked for; an operator's wins over the catalog's. */
export function factAt<Value>(facts: readonly Fact<Value>[], at: Moment): Fact<Value> | undefined {
  let best: Fact<Value> | undefined;
  for (const fact of facts) {
    if (fact.from > at.asOf || (fact.to !== null && fact.to <= at.asOf) || !isKnown(fact, at)) continue;
    if (best === undefined || isOver(fact, best)) best = fact;
  }
  return best;
}

/** A day after the one asked for, and the fact that holds from then on. */
export interface Turn<Value> {
  readonly day: IsoDate;
  readonly fact: Fact<Value>;
}

/** The first known day after the one asked for on which a fact holds that passes. */
export function nextTurn<Value>(
  facts: readonly Fact<Value>[],
  at: Moment,
  passes: (value: Value) => boolean,
): Turn<Value> | undefined {
  let next: Turn<Value> | undefined;
  const look = (day: IsoDate | null): void => {
    if (day === null || day <= at.asOf || (next !== undefined && next.day <= day)) return;
    const fact = factAt(facts, { asOf: day, knownAt: at.knownAt });
    if (fact !== undefined && passes(fact.value)) next = { day, fact };
  };
  // What holds changes where a fact begins, or where one ends that lay over another.
  for (const { from, to } of facts) {
    look(from);
    look(to);
  }
  return next;
}

export function isKnown({ recordedAt, supersededAt }: Fact<unknown>, { knownAt }: Moment): boolean {
  return recordedAt <= knownAt && (supersededAt === null || knownAt < supersededAt);
}

function isOver(one: Fact<unknown>, other: Fact<unknown>): boolean {
  return one.by === other.by ? one.from > other.from : one.by === 'operator';
}

/** Of the best of its sources. */
export function evidenceOf({ sources }: Fact<unknown>): Evidence {
  let best = 0;
  for (const { evidence } of sources) best = Math.max(best, EVIDENCE.indexOf(evidence));
  return EVIDENCE[best] ?? 'inferred';
}

export function isWeaker(one: Evidence, other: Evidence): boolean {
  return EVIDENCE.indexOf(one) < EVIDENCE.indexOf(other);
}

/** Days from one day to another; negative when it lies before. */
export function daysBetween(from: IsoDate, to: IsoDate): number {
  return dayNumber(to) - dayNumber(from);
}

/** Its beginning in UTC, in ms since 1970. */
export function dayStartMs(day: IsoDate): number {
  return dayNumber(day) * 86_400_000;
}

/** Days since 1970-01-01. */
function dayNumber(day: IsoDate): number {
  const known = DAY_NUMBERS.get(day);
  if (known !== undefined) return known;
  const number = countDays(day);
  if (DAY_NUMBERS.size < MOST_DAYS) DAY_NUMBERS.set(day, number);
  return number;
}

/** A catalog has a few hundred days, and asks for the number of each many times in every decision. */
const DAY_NUMBERS = new Map<IsoDate, number>();
const MOST_DAYS = 10_000;

/** Days since 1970-01-01 in the Gregorian calendar; a year counts from March here, so that a leap day is its last. */
function countDays(day: IsoDate): number {
  const month = Number(day.slice(5, 7));
  const year = Number(day.slice(0, 4)) - (month <= 2 ? 1 : 0);
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + Number(day.slice(8, 10)) - 1;
  return year * 365 + Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400) + dayOfYear - 719_468;
}
