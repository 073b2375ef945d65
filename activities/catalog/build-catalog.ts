/** Puts the parts of the catalog together: the built-in files first, then what an operator adds, corrects or ends. */
import type { Catalog, EntitlementKind, Fact, Offering, Place, Stage, Surface } from '../../workflows/domain/catalog.ts';
import { catalogKey, offeringId } from '../../workflows/domain/catalog.ts';
import type { RawFact, RawOffering, RawSurface } from './catalog-schema.ts';
import { toListPrice, toPlace, toRetention, toSurfaceBase } from './catalog-values.ts';
import type { CatalogPart, CatalogProblem, FactReader, Notes } from './facts.ts';
import { createFactReader, nearest } from './facts.ts';
import { joined, joinOfferings, laidOver, laidOverEach, overlapsOf } from './join-facts.ts';
import { serveModels } from './serve-models.ts';

/** What a service over the models of another surface says of itself. */
interface ServiceTerms {
  readonly serves?: string;
  /** Where in which part that is said. */
  readonly told?: () => void;
  readonly stage: readonly Fact<Stage>[];
}

interface Draft {
  readonly surfaces: Map<string, Surface>;
  readonly services: Map<string, ServiceTerms>;
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
  const draft: Draft = { surfaces: new Map(), services: new Map(), offerings: new Map(), terms: [] };
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
  for (const { serves = '', told } of draft.services.values()) if (!draft.surfaces.has(serves)) told?.();
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

/** Of a surface that is there already all but these belongs to whoever described it first. */
const ADDED_TO_SURFACES: readonly string[] = [
  'places',
  'regions',
  'capabilities',
  'compliance',
  'retention',
  'stage',
  'entitlement',
  'serves',
];

function addSurface(draft: Draft, { id, raw }: { id: string; raw: RawSurface }, { reader, report }: Reading): void {
  const path = ['surfaces', id];
  const known = draft.surfaces.get(id);
  const base = known ?? toSurfaceBase(id, raw);
  if (typeof base === 'string') return report(path, `is new and needs ${base}: add it`);
  if (known !== undefined) reportChanges(known, raw, (at, problem) => report([...path, ...at], problem));
  const places = Object.entries(raw.places ?? {}).map(
    ([name, place]) => [name, toPlace({ surface: base, name, place })] as const,
  );
  const at = (what: string) => ({ owner: id, what, path: [...path, what] });
  draft.surfaces.set(id, {
    ...base,
    places: { ...base.places, ...Object.fromEntries(places) },
    regions: { ...base.regions, ...raw.regions },
    capabilities: joined(base.capabilities, readRecord(raw.capabilities, { owner: id, what: 'capabilities', path, reader })),
    compliance: joined(base.compliance, readRecord(raw.compliance, { owner: id, what: 'compliance', path, reader })),
    retention: [...base.retention, ...reader.facts(raw.retention, { ...at('retention'), convert: toRetention })],
    entitlement: [
      ...base.entitlement,
      ...reader.facts(raw.entitlement, { ...at('entitlement'), convert: asItIs<EntitlementKind> }),
    ],
  });
  addService(draft, { id, raw }, { reader, report });
}

/** Where something is processed has neither day nor source: it is said once, and whoever differs adds a place of another name. */
function reportChanges(known: Surface, raw: RawSurface, report: Notes['report']): void {
  const changed = Object.keys(raw).filter((key) => !ADDED_TO_SURFACES.includes(key));
  for (const key of changed) {
    report(
      [key],
      `is there already for this surface and cannot be changed: remove it; what can be added is ${ADDED_TO_SURFACES.join(', ')}`,
    );
  }
  for (const name of Object.keys(raw.places ?? {}).filter((each) => Object.hasOwn(known.places, each))) {
    report(['places', name], 'is there already and cannot be changed: add a place of another name');
  }
  for (const [name, geo] of Object.entries(raw.regions ?? {})) {
    const before = Object.hasOwn(known.regions, name) ? known.regions[name] : geo;
    if (before !== geo) report(['regions', name], `is in ${before} already and cannot be changed to ${geo}: remove it`);
  }
}

function addService(
  draft: Draft,
  { id, raw }: { id: string; raw: RawSurface },
  { reader, report }: Pick<Reading, 'reader' | 'report'>,
): void {
  const path = ['surfaces', id];
  const known: ServiceTerms = draft.services.get(id) ?? { stage: [] };
  const serves = raw.serves ?? known.serves;
  if (serves === undefined && raw.stage !== undefined) {
    report([...path, 'stage'], 'is for a service that "serves" models: others have it at each offering');
  }
  const stage = reader.facts(raw.stage, { owner: id, what: 'stage', path: [...path, 'stage'], convert: asItIs<Stage> });
  if (serves === undefined) return;
  const tell = (): void => report([...path, 'serves'], unknownSurface(serves, draft));
  draft.services.set(id, {
    serves,
    stage: [...known.stage, ...stage],
    told: raw.serves === undefined && known.told !== undefined ? known.told : tell,
  });
}

function addOffering(draft: Draft, { index, raw }: { index: number; raw: RawOffering }, reading: Reading): void {
  const path = ['offerings', index];
  const surface = draft.surfaces.get(raw.surface);
  if (surface === undefined) return reading.report([...path, 'surface'], unknownSurface(raw.surface, draft));
  for (const [at, name] of raw.places.entries()) {
    const place = Object.hasOwn(surface.places, name) ? surface.places[name] : undefined;
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

function finish({ surfaces, services, offerings, terms }: Draft): Catalog {
  const own = [...offerings.values()].map((offering) => {
    const surface = surfaces.get(offering.surface.id) ?? offering.surface;
    return {
      ...offering,
      surface,
      place: surface.places[offering.place.name] ?? offering.place,
      entitlement: laidOver(surface.entitlement, offering.entitlement),
      capabilities: laidOverEach(surface.capabilities, offering.capabilities),
    };
  });
  const served = [...services].flatMap(([id, { serves, stage }]) => {
    const surface = surfaces.get(id);
    if (serves === undefined || surface === undefined) return [];
    return serveModels({ surface, serves, stage, entitlement: surface.entitlement }, own);
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
  return `there is no surface "${id}"${nearest(id, [...surfaces.keys()])}: use one that is there, or add it under surfaces`;
}

function asItIs<Value>(value: Value): Value {
  return value;
}
