/** Puts the parts of the catalog together: the built-in files first, then what an operator adds, corrects or ends. */
import type { Catalog, EntitlementKind, Fact, Offering, Place, Stage, Surface } from '../../workflows/domain/catalog.ts';
import { catalogKey, offeringId } from '../../workflows/domain/catalog.ts';
import { nearestNames } from '../../workflows/domain/nearest-names.ts';
import type { RawFact, RawOffering, RawSurface } from './catalog-schema.ts';
import { toListPrice, toPlace, toRetention, toSurfaceBase } from './catalog-values.ts';
import type { CatalogPart, CatalogProblem, FactReader, Notes } from './facts.ts';
import { createFactReader } from './facts.ts';
import { joined, joinOfferings, overlapsOf } from './join-facts.ts';
import { serveModels } from './serve-models.ts';

/** What a surface says of everything that is sold there: of a service its own stage, of others the entitlement of most. */
interface SurfaceTerms {
  readonly serves?: string;
  readonly stage: readonly Fact<Stage>[];
  readonly entitlement: readonly Fact<EntitlementKind>[];
}

interface Draft {
  readonly surfaces: Map<string, Surface>;
  readonly surfaceTerms: Map<string, SurfaceTerms>;
  readonly offerings: Map<string, Offering>;
  readonly terms: Catalog['terms'][number][];
}

interface Reading extends Notes {
  readonly reader: FactReader;
}

/**
 * Later parts add to earlier ones; a fact of an operator wins where both speak of a day. While there are problems, the catalog is
 * what could be built, and of no use to anybody.
 */
export function buildCatalog(parts: readonly CatalogPart[]): {
  readonly catalog: Catalog;
  readonly problems: readonly CatalogProblem[];
} {
  const draft: Draft = { surfaces: new Map(), surfaceTerms: new Map(), offerings: new Map(), terms: [] };
  const problems: CatalogProblem[] = [];
  const origins = new Map<Fact<unknown>, { readonly part: string; readonly path: CatalogProblem['path'] }>();
  for (const part of parts) {
    const report: Notes['report'] = (path, problem) => problems.push({ part: part.name, path, problem });
    const noteOrigin: Notes['noteOrigin'] = (fact, path) => origins.set(fact, { part: part.name, path });
    const notes = { report, noteOrigin };
    if (part.by === 'catalog' && part.raw.recordedAt === undefined)
      report([], 'recordedAt is missing: say since when this is believed');
    addPart(draft, part, { ...notes, reader: createFactReader(part, notes) });
  }
  for (const { fact, other } of overlapsOf(draft)) {
    const origin = origins.get(fact);
    if (origin !== undefined)
      problems.push({ ...origin, problem: `overlaps ${other.id}: a day has one value; end the earlier one with "to"` });
  }
  return { catalog: finish(draft), problems: distinct(problems) };
}

function addPart(draft: Draft, { raw }: CatalogPart, reading: Reading): void {
  for (const [id, surface] of Object.entries(raw.surfaces ?? {})) addSurface(draft, { id, raw: surface }, reading);
  for (const [index, offering] of (raw.offerings ?? []).entries()) addOffering(draft, { index, raw: offering }, reading);
  for (const [index, { to = null, sources, favours, exception, ...term }] of (raw.terms ?? []).entries()) {
    draft.terms.push({
      ...term,
      to,
      ...(favours === undefined ? {} : { favours }),
      ...(exception === undefined ? {} : { exception }),
      sources: reading.reader.sources(sources, ['terms', index, 'sources']),
    });
  }
}

function addSurface(draft: Draft, { id, raw }: { id: string; raw: RawSurface }, { reader, report }: Reading): void {
  const path = ['surfaces', id];
  const known = draft.surfaces.get(id);
  const base = known ?? toSurfaceBase(id, raw);
  if (typeof base === 'string') return report(path, `is new and needs ${base}: add it`);
  const places = Object.entries(raw.places ?? {}).map(
    ([name, place]) => [name, toPlace({ surface: base, name, place })] as const,
  );
  draft.surfaces.set(id, {
    ...base,
    places: { ...base.places, ...Object.fromEntries(places) },
    regions: { ...base.regions, ...raw.regions },
    capabilities: joined(base.capabilities, readRecord(raw.capabilities, { owner: id, what: 'capabilities', path, reader })),
    compliance: joined(base.compliance, readRecord(raw.compliance, { owner: id, what: 'compliance', path, reader })),
    retention: [
      ...base.retention,
      ...reader.facts(raw.retention, { owner: id, what: 'retention', path: [...path, 'retention'], convert: toRetention }),
    ],
  });
  addTerms(draft, { id, raw }, { reader, report });
}

/** What holds of all that is sold there. */
function addTerms(
  draft: Draft,
  { id, raw }: { id: string; raw: RawSurface },
  { reader, report }: Pick<Reading, 'reader' | 'report'>,
): void {
  const path = ['surfaces', id];
  const known: SurfaceTerms = draft.surfaceTerms.get(id) ?? { stage: [], entitlement: [] };
  const serves = raw.serves ?? known.serves;
  if (serves !== undefined && !draft.surfaces.has(serves)) report([...path, 'serves'], unknownSurface(serves, draft));
  if (serves === undefined && raw.stage !== undefined) {
    report([...path, 'stage'], 'is for a service that "serves" models: others have it at each offering');
  }
  const at = (what: string) => ({ owner: id, what, path: [...path, what], convert: asItIs });
  draft.surfaceTerms.set(id, {
    ...(serves === undefined ? {} : { serves }),
    stage: [...known.stage, ...reader.facts<Stage, Stage>(raw.stage, at('stage'))],
    entitlement: [...known.entitlement, ...reader.facts<EntitlementKind, EntitlementKind>(raw.entitlement, at('entitlement'))],
  });
}

function addOffering(draft: Draft, { index, raw }: { index: number; raw: RawOffering }, reading: Reading): void {
  const path = ['offerings', index];
  const surface = draft.surfaces.get(raw.surface);
  if (surface === undefined) return reading.report([...path, 'surface'], unknownSurface(raw.surface, draft));
  for (const [at, name] of raw.places.entries()) {
    const place = surface.places[name];
    if (place === undefined) {
      const names = Object.keys(surface.places).join(', ');
      reading.report(
        [...path, 'places', at],
        `${raw.surface} has no place "${name}": use one of ${names}, or add it to the surface`,
      );
      continue;
    }
    const offering = toOffering(raw, { path, surface, place }, reading.reader);
    const known = draft.offerings.get(offering.id);
    draft.offerings.set(offering.id, known === undefined ? offering : joinOfferings(known, offering));
  }
}

function toOffering(
  raw: RawOffering,
  { path, surface, place }: { path: readonly (string | number)[]; surface: Surface; place: Place },
  reader: FactReader,
): Offering {
  const id = offeringId(surface.id, place.name, raw.model);
  const at = (what: string) => ({ owner: id, what, path: [...path, what] });
  return {
    id,
    model: raw.model,
    wireModel: raw.wireModel ?? null,
    surface,
    place,
    stage: reader.facts(raw.stage, { ...at('stage'), convert: asItIs }),
    entitlement: reader.facts(raw.entitlement, { ...at('entitlement'), convert: asItIs }),
    limits: reader.facts(raw.limits, { ...at('limits'), convert: asItIs }),
    price: reader.facts(raw.price, { ...at('price'), convert: toListPrice }),
    retirement: reader.facts(raw.retirement, { ...at('retirement'), convert: asItIs }),
    capabilities: readRecord(raw.capabilities, { owner: id, what: 'capabilities', path, reader }),
  };
}

/** Facts of each of several keys, such as those of every capability. */
function readRecord<Key extends string, Value>(
  raw: Readonly<Partial<Record<Key, readonly RawFact<Value>[] | undefined>>> | undefined,
  { owner, what, path, reader }: { owner: string; what: string; path: readonly (string | number)[]; reader: FactReader },
): Readonly<Partial<Record<Key, readonly Fact<Value>[]>>> {
  const read: Partial<Record<Key, readonly Fact<Value>[]>> = {};
  for (const key of Object.keys(raw ?? {}) as Key[]) {
    const facts = raw?.[key];
    read[key] = reader.facts(facts, { owner, what: `${what}.${key}`, path: [...path, what, key], convert: asItIs });
  }
  return read;
}

function finish({ surfaces, surfaceTerms, offerings, terms }: Draft): Catalog {
  const own = [...offerings.values()].map((offering) => {
    const surface = surfaces.get(offering.surface.id) ?? offering.surface;
    const place = surface.places[offering.place.name] ?? offering.place;
    const most = surfaceTerms.get(surface.id)?.entitlement ?? [];
    // The surface's are for offerings without any; what an operator says of one offering lies over both.
    const entitlement = offering.entitlement.some(({ by }) => by === 'catalog')
      ? offering.entitlement
      : [...most, ...offering.entitlement];
    return { ...offering, surface, place, entitlement, capabilities: { ...surface.capabilities, ...offering.capabilities } };
  });
  const served = [...surfaceTerms].flatMap(([id, { serves, stage, entitlement }]) => {
    const surface = surfaces.get(id);
    return serves === undefined || surface === undefined ? [] : serveModels({ surface, serves, stage, entitlement }, own);
  });
  return { surfaces, offerings: byModel([...own, ...served]), terms };
}

function byModel(offerings: readonly Offering[]): Catalog['offerings'] {
  const sorted = offerings.toSorted((left, right) => (left.id < right.id ? -1 : 1));
  return Map.groupBy(sorted, ({ surface, model }) => catalogKey(surface.product, model));
}

/** The same facts at several places have the same faults. */
function distinct(problems: readonly CatalogProblem[]): readonly CatalogProblem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify([problem.part, problem.path]), problem])).values()];
}

function unknownSurface(id: string, { surfaces }: Draft): string {
  const nearest = nearestNames(id, [...surfaces.keys()]).join(', ');
  return `there is no surface "${id}": use one that is there (nearest: ${nearest}), or add it under surfaces`;
}

function asItIs<Value>(value: Value): Value {
  return value;
}
