/** Parts of a catalog as they are written, through the schema; a test names only what it is about. */
import { buildCatalog } from '../../activities/catalog/build-catalog.ts';
import { catalogSchema } from '../../activities/catalog/catalog-schema.ts';
import type { CatalogPart } from '../../activities/catalog/facts.ts';
import type { Catalog, Offering } from '../../workflows/domain/catalog.ts';

export const SURFACE = 'aws/commercial/mantle';
export const RECORDED_AT = '2026-11-01T00:00:00Z';
export const SOURCE = { url: 'https://example.com/models', seenOn: '2026-10-20', evidence: 'vendor-doc' };

type Written = Readonly<Record<string, unknown>>;

export function rawFact(value: unknown, more: Written = {}): Written {
  return { value, from: '2026-01-01', sources: [SOURCE], ...more };
}

export function rawSurface(more: Written = {}): Written {
  return {
    product: 'model',
    apis: ['responses'],
    state: 'transcript-replay',
    quota: 'unpublished',
    places: {
      'us-east-1': { scope: 'in-region', processing: ['us'], storage: ['us'], domains: ['region:us-east-1'] },
      global: { scope: 'global', processing: ['*'], storage: 'chosen' },
    },
    domains: ['cloud:aws'],
    ...more,
  };
}

export function rawOffering(more: Written = {}): Written {
  return { surface: SURFACE, places: ['us-east-1'], model: 'gpt-6-sol', stage: [rawFact('ga')], ...more };
}

/** One surface and what is sold there, recorded. */
export function rawCatalog(more: Written = {}): Written {
  return { recordedAt: RECORDED_AT, surfaces: { [SURFACE]: rawSurface() }, offerings: [rawOffering()], ...more };
}

/** @throws ZodError when the schema refuses it */
export function aPart(raw: Written, overrides: Partial<Omit<CatalogPart, 'raw'>> = {}): CatalogPart {
  return { name: 'aws.yaml', by: 'catalog', raw: catalogSchema.parse(raw), ...overrides };
}

export function byOperator(raw: Written): CatalogPart {
  return aPart(raw, { name: 'catalog', by: 'operator' });
}

export function build(...parts: readonly CatalogPart[]) {
  return buildCatalog(parts);
}

/** What is wrong, one line each: the part, the keys, the words. */
export function problemsOf(...parts: readonly CatalogPart[]): readonly string[] {
  return buildCatalog(parts).problems.map(({ part, path, problem }) => `${part} ${path.join('.')}: ${problem}`);
}

/** What the schema says of it, one line each. */
export function refusalsOf(raw: unknown): readonly string[] {
  const parsed = catalogSchema.safeParse(raw);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

/** The offering with this id, of a catalog without problems. */
export function offeringOf(catalog: Catalog, id: string): Offering | undefined {
  return [...catalog.offerings.values()].flat().find((offering) => offering.id === id);
}
