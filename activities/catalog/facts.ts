/** Facts as they are written, turned into facts of the domain: sources looked up, defaults filled in, ids given. */
import type { Evidence, Fact, IsoTime, Source } from '../../workflows/domain/catalog.ts';
import { nearestNames } from '../../workflows/domain/nearest-names.ts';
import type { RawCatalog, RawFact, RawSource, RawSources } from './catalog-schema.ts';

/** One file of facts and who says them. */
export interface CatalogPart {
  /** For messages: `aws.yaml`, `catalog`. */
  readonly name: string;
  readonly by: 'catalog' | 'operator';
  readonly raw: RawCatalog;
}

/** What is wrong with a part, at which keys of it. */
export interface CatalogProblem {
  readonly part: string;
  readonly path: readonly (string | number)[];
  readonly problem: string;
}

/** What an operator does not date was always believed: nobody asks since when. */
export const ALWAYS: IsoTime = '1970-01-01T00:00:00.000Z';

/** Turns lists of facts of one part into those of the domain, and notes what is wrong with them. */
export function createFactReader({ raw, by }: CatalogPart, { report, noteOrigin }: Notes) {
  const known = raw.sources ?? {};
  const recordedAt = toTime(raw.recordedAt) ?? ALWAYS;

  return {
    sources: readSources,
    facts<Value, Result>(
      facts: readonly RawFact<Value>[] | undefined,
      place: FactPlace & { readonly convert: (value: Value) => Result },
    ): readonly Fact<Result>[] {
      return (facts ?? []).map((fact, index) => readFact(fact, { ...place, path: [...place.path, index] }));
    },
  };

  function readFact<Value, Result>(
    fact: RawFact<Value>,
    { owner, what, path, convert }: FactPlace & { readonly convert: (value: Value) => Result },
  ): Fact<Result> {
    const sources = readSources(fact.sources, [...path, 'sources']);
    const supersededAt = toTime(fact.supersededAt) ?? null;
    const read: Fact<Result> = {
      id: idOf(fact, { owner, what, by, recordedAt }),
      value: convert(fact.value),
      from: fact.from,
      to: fact.to ?? null,
      ...(fact.atLatest === undefined ? {} : { atLatest: fact.atLatest }),
      recordedAt: toTime(fact.recordedAt) ?? recordedAt,
      supersededAt,
      verifiedOn: fact.verifiedOn ?? newestOf(sources),
      sources,
      ...(fact.conflicts === undefined ? {} : { conflicts: readSources(fact.conflicts, [...path, 'conflicts']) }),
      ...(fact.note === undefined ? {} : { note: fact.note }),
      by,
    };
    if (supersededAt !== null && supersededAt <= read.recordedAt) {
      report([...path, 'supersededAt'], `must be later than recordedAt, which is ${read.recordedAt}`);
    }
    noteOrigin(read, path);
    return read;
  }

  function readSources(sources: RawSources, path: CatalogProblem['path']): readonly Source[] {
    return sources.flatMap((source, index): readonly Source[] => {
      if (typeof source !== 'string') return [toSource(source, [...path, index])];
      const found = Object.hasOwn(known, source) ? known[source] : undefined;
      if (found !== undefined) return [toSource(found, ['sources', source])];
      report(
        [...path, index],
        `there is no source "${source}"${nearest(source, Object.keys(known))}: add it under sources, or write it here`,
      );
      return [];
    });
  }

  function toSource({ url, seenOn, evidence, quote }: RawSource, path: CatalogProblem['path']): Source {
    if (evidence === undefined && by === 'catalog') report(path, 'has no evidence: say how good the source is');
    const grade: Evidence = evidence ?? (by === 'operator' ? 'operator' : 'inferred');
    return { url, seenOn, evidence: grade, ...(quote === undefined ? {} : { quote }) };
  }
}

export type FactReader = ReturnType<typeof createFactReader>;

/** Where problems go, and where it is noted at which keys each fact was written. */
export interface Notes {
  report(path: CatalogProblem['path'], problem: string): void;
  noteOrigin(fact: Fact<unknown>, path: CatalogProblem['path']): void;
}

export interface FactPlace {
  readonly owner: string;
  readonly what: string;
  readonly path: CatalogProblem['path'];
}

/** A list holds one value for a day and a moment of belief, so this tells all of its facts apart. */
function idOf(
  fact: RawFact<unknown>,
  { owner, what, by, recordedAt }: { owner: string; what: string; by: CatalogPart['by']; recordedAt: string },
): string {
  const isRevised = fact.recordedAt !== undefined || fact.supersededAt !== undefined;
  const belief = isRevised ? `~${fact.recordedAt ?? recordedAt}` : '';
  return `${owner}#${what}@${fact.from}${belief}${by === 'operator' ? '/operator' : ''}`;
}

/** Whether there is a day, and a moment of belief, at which both hold. */
export function overlap(one: Fact<unknown>, other: Fact<unknown>): boolean {
  const inTheWorld = (one.to === null || other.from < one.to) && (other.to === null || one.from < other.to);
  const inBelief =
    (one.supersededAt === null || other.recordedAt < one.supersededAt) &&
    (other.supersededAt === null || one.recordedAt < other.supersededAt);
  return inTheWorld && inBelief;
}

function newestOf(sources: readonly Source[]): string {
  return sources.reduce((newest, { seenOn }) => (seenOn > newest ? seenOn : newest), '0000-01-01');
}

function toTime(text: string | undefined): IsoTime | undefined {
  return text === undefined ? undefined : new Date(text).toISOString();
}

/** ` (nearest: a, b)`, or nothing where there is none. */
export function nearest(name: string, names: readonly string[]): string {
  const near = nearestNames(name, names);
  return near.length === 0 ? '' : ` (nearest: ${near.join(', ')})`;
}
