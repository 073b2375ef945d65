/** Which contender did best, and why, in words. Pure, and a total order: whoever ended first makes no difference. */
import type { ContenderReport, RankedContender } from './contest.ts';
import { formatUsd } from './price.ts';
import type { CheckReport } from './task-check.ts';
import { describeCheck } from './task-check.ts';
import { toPrintable } from './tool-call.ts';

/** What is known of all of them together. */
interface Field {
  readonly size: number;
  readonly isChecked: boolean;
  /** How many of those that completed ended in each tree. */
  readonly support: ReadonlyMap<string, number>;
}

interface Criterion {
  /** The smaller one is the better one. */
  value(contender: ContenderReport, field: Field): number;
  /** What is worth saying of a contender even where it does not decide; `undefined`: nothing. */
  tell?(contender: ContenderReport, field: Field): string | undefined;
  /** Why one stands before or behind the other, where this decides. */
  decide(one: ContenderReport, other: ContenderReport, field: Field): string;
}

const ENDINGS = { completed: 0, failed: 1, cancelled: 2 } as const satisfies Record<ContenderReport['state'], number>;
const CHECKS = { passed: 0, failed: 1, 'timed-out': 1, 'not-run': 2 } as const satisfies Record<CheckReport['outcome'], number>;
const BECAUSE_CHARACTERS = 400;

/** In the order in which they count. One that changed nothing has the smallest diff of all, which speaks for nothing. */
const CRITERIA: readonly Criterion[] = [
  {
    value: ({ state }) => ENDINGS[state],
    // Those that did not complete say how they ended, so this is told of a winner alone.
    decide: (one, _other, { isChecked }) =>
      `the only one that completed${isChecked ? `, and its check ${toldOfCheck(one)}` : ''}`,
  },
  {
    value: ({ check }) => CHECKS[check?.outcome ?? 'not-run'],
    tell: (contender, { isChecked }) => (isChecked ? `its check ${toldOfCheck(contender)}` : undefined),
    decide: (one, other) => `its check ${toldOfCheck(one)}, that of ${other.number} ${toldOfCheck(other)}`,
  },
  {
    value: (contender) => (changedNothing(contender) ? 1 : 0),
    tell: (contender) => (changedNothing(contender) ? 'it changed nothing' : undefined),
    decide: (one, { number }) =>
      changedNothing(one) ? `it changed nothing, unlike ${number}` : `it changed something, unlike ${number}`,
  },
  {
    value: (contender, field) => -supportOf(contender, field),
    tell: toldOfSupport,
    decide: (one, other, field) => {
      const [own, others] = [supportOf(one, field), supportOf(other, field)];
      const told = toldOfSupport(one, field) ?? 'no other ended in its tree';
      return own > others ? told : `${told}, ${others} in that of ${other.number}`;
    },
  },
  {
    value: filesOf,
    decide: (one, other) => difference(filesOf(one), other, { of: filesOf(other), unit: 'file' }),
  },
  {
    value: linesOf,
    decide: (one, other) => difference(linesOf(one), other, { of: linesOf(other), unit: 'line' }),
  },
  {
    value: costOf,
    decide: (one, other) => {
      const more = costOf(one) - costOf(other);
      return `it cost ${formatUsd(Math.abs(more))} ${more < 0 ? 'less' : 'more'} than ${other.number}`;
    },
  },
  {
    value: ({ number }) => number,
    decide: (one, { number }) => `as good as ${number}, with the ${one.number < number ? 'lower' : 'higher'} number`,
  },
];

/** The best first. Numbers are unique, so there is one order, however the contenders are given. */
export function rankContenders(contenders: readonly ContenderReport[]): readonly RankedContender[] {
  const field = fieldOf(contenders);
  const ranked = contenders.toSorted((one, other) => compareContenders(one, other, field));
  return ranked.map((contender, index) => {
    // Each is told apart from the one before it, the first from the second.
    const neighbour = ranked[index === 0 ? 1 : index - 1];
    return { ...contender, place: index + 1, because: becauseOf(contender, neighbour, field) };
  });
}

function fieldOf(contenders: readonly ContenderReport[]): Field {
  const support = new Map<string, number>();
  for (const { state, tree } of contenders)
    if (state === 'completed' && tree !== undefined) support.set(tree, (support.get(tree) ?? 0) + 1);
  return { size: contenders.length, isChecked: contenders.some(({ check }) => check !== undefined), support };
}

function compareContenders(one: ContenderReport, other: ContenderReport, field: Field): number {
  const decisive = decisiveBetween(one, other, field);
  return decisive === undefined ? 0 : decisive.value(one, field) < decisive.value(other, field) ? -1 : 1;
}

function decisiveBetween(one: ContenderReport, other: ContenderReport, field: Field): Criterion | undefined {
  return CRITERIA.find(({ value }) => value(one, field) !== value(other, field));
}

/** All that counts until it is decided. */
function becauseOf(contender: ContenderReport, neighbour: ContenderReport | undefined, field: Field): string {
  if (contender.state !== 'completed') return toPrintable(endedBadly(contender), BECAUSE_CHARACTERS);
  if (neighbour === undefined) return 'the only one';
  const decisive = decisiveBetween(contender, neighbour, field);
  const before = CRITERIA.slice(0, decisive === undefined ? CRITERIA.length : CRITERIA.indexOf(decisive));
  const told = before.flatMap(({ tell }) => tell?.(contender, field) ?? []);
  const decided = decisive === undefined ? [] : [decisive.decide(contender, neighbour, field)];
  return toPrintable([...told, ...decided].join(', '), BECAUSE_CHARACTERS);
}

function endedBadly({ state, reason }: ContenderReport): string {
  const words = { completed: 'it completed', failed: 'it failed', cancelled: 'it was cancelled' }[state];
  return reason === undefined ? words : `${words}: ${reason}`;
}

function toldOfCheck({ check }: ContenderReport): string {
  const words = describeCheck(check ?? { outcome: 'not-run' });
  return words.startsWith('not run') ? `was ${words}` : words;
}

function changedNothing({ diffStat }: ContenderReport): boolean {
  return diffStat?.files === 0;
}

/** Itself included. */
function supportOf({ state, tree }: ContenderReport, { support }: Field): number {
  return state === 'completed' && tree !== undefined ? (support.get(tree) ?? 0) : 0;
}

function toldOfSupport(contender: ContenderReport, field: Field): string | undefined {
  const count = supportOf(contender, field);
  return count > 1 ? `${count} of ${field.size} ended in the same tree` : undefined;
}

function filesOf({ diffStat }: ContenderReport): number {
  return diffStat?.files ?? Infinity;
}

function linesOf({ diffStat }: ContenderReport): number {
  return diffStat === undefined ? Infinity : diffStat.insertions + diffStat.deletions;
}

function costOf({ costUsdMicros, suspenseUsdMicros }: ContenderReport): number {
  return costUsdMicros + suspenseUsdMicros;
}

/** `14 lines less than 3`. */
function difference(own: number, { number }: ContenderReport, { of, unit }: { of: number; unit: string }): string {
  const count = Math.abs(own - of);
  if (!Number.isFinite(count)) return `its diff is ${Number.isFinite(own) ? 'known' : 'unknown'}, unlike that of ${number}`;
  return `${count} ${unit}${count === 1 ? '' : 's'} ${own < of ? 'less' : 'more'} than ${number}`;
}
