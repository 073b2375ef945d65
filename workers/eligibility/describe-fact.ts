/** Facts in words: how well they are known, who says so, what says otherwise. */
import { listsOf, listsOfSurface } from '../../activities/catalog/join-facts.ts';
import type { Catalog, Fact, Source } from '../../workflows/domain/catalog.ts';
import { evidenceOf } from '../../workflows/domain/fact-in-force.ts';
import { toParagraph } from './layout.ts';

const PRICE = 'UsdMicrosPerMillion';

/** Every fact of a catalog, by its id. */
export function factsById({ offerings, surfaces }: Catalog): ReadonlyMap<string, Fact<unknown>> {
  const lists = [...[...offerings.values()].flat().flatMap(listsOf), ...[...surfaces.values()].flatMap(listsOfSurface)];
  return new Map(lists.flat().map((fact) => [fact.id, fact]));
}

/** Where it is from, and what says otherwise, each in lines of its own. */
export function describeSources({ sources, conflicts = [], by }: Fact<unknown>, indent: string): readonly string[] {
  const whose = by === 'operator' ? " (operator's fact)" : '';
  return [
    ...sources.map((source) => toParagraph(`${indent}source: `, `${describeSource(source)}${whose}`)),
    ...conflicts.map((source) => toParagraph(`${indent}against it: `, describeSource(source))),
  ];
}

function describeSource({ url, seenOn, evidence, quote }: Source): string {
  return `${url} (${evidence}, seen on ${seenOn})${quote === undefined ? '' : ` "${quote}"`}`;
}

/** `2026-06-01 to 2026-11-17`: half open, as everywhere. */
export function describeValidity({ from, to, atLatest }: Fact<unknown>): string {
  return `${atLatest === true ? 'at the latest ' : ''}from ${from}${to === null ? '' : ` until ${to}`}`;
}

/** All that is known of it, its value first. */
export function describeFact(fact: Fact<unknown>, indent: string): readonly string[] {
  const { value, recordedAt, supersededAt, verifiedOn, note } = fact;
  const superseded = supersededAt === null ? '' : `, believed no more since ${supersededAt}`;
  const known = `${evidenceOf(fact)}, last looked at on ${verifiedOn}, recorded at ${recordedAt}${superseded}`;
  return [
    toParagraph(indent, `${describeValue(value)} ${describeValidity(fact)}`),
    toParagraph(`${indent}  `, known),
    ...describeSources(fact, `${indent}  `),
    ...(note === undefined ? [] : [toParagraph(`${indent}  note: `, note)]),
  ];
}

/** A word as it is; of several things each with its name. */
function describeValue(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return Object.entries(value)
    .map(([name, part]) => describeNamed(name, part))
    .join(', ');
}

/** `inputUsdMicrosPerMillion` as dollars, and `contextTokens` as words. */
function describeNamed(name: string, part: unknown): string {
  const isPrice = name.endsWith(PRICE);
  const words = (isPrice ? name.slice(0, -PRICE.length) : name).replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return `${words} ${isPrice && typeof part === 'number' ? `$${part / 1_000_000}` : describePart(part)}`;
}

function describePart(part: unknown): string {
  if (part === null) return 'not known';
  if (Array.isArray(part)) return part.length === 0 ? 'nothing' : part.join(' and ');
  return typeof part === 'object' ? `(${describeValue(part)})` : describeValue(part);
}
