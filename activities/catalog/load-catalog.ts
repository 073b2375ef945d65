/** The catalog as this process knows it: the data files beside this one, and what the operator says besides. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Catalog, IsoTime } from '../../workflows/domain/catalog.ts';
import { digestOf } from '../digest.ts';
import { buildCatalog } from './build-catalog.ts';
import type { RawCatalog } from './catalog-schema.ts';
import { catalogSchema } from './catalog-schema.ts';
import type { CatalogPart, CatalogProblem } from './facts.ts';
import { ALWAYS } from './facts.ts';
import { listsOf, listsOfSurface } from './join-facts.ts';

const DATA = fileURLToPath(new URL('data/', import.meta.url));
/** The part that an operator writes, in `CatalogProblem.part`. */
export const OPERATOR_PART = 'catalog';

export interface LoadedCatalog {
  readonly catalog: Catalog;
  /** Of all facts: the same digest, the same decisions. */
  readonly digest: string;
  /** What it was made of, and can be made of again. */
  readonly parts: readonly CatalogPart[];
  /** The newest moment at which anything was recorded: what is known of later times is known as of this one. */
  readonly knownAt: IsoTime;
}

let builtIn: readonly CatalogPart[] | undefined;

/** What is wrong with the operator's part comes back; the data files are ours, and tested. @throws Error when one of those is wrong */
export function loadCatalog(operator?: RawCatalog): LoadedCatalog & { readonly problems: readonly CatalogProblem[] } {
  builtIn ??= readParts(DATA);
  const own = { name: OPERATOR_PART, by: 'operator' } as const;
  const parts = operator === undefined ? builtIn : [...builtIn, { ...own, raw: operator }];
  const { loaded, problems } = fromParts(parts);
  const ours = problems.filter(({ part }) => part !== OPERATOR_PART);
  if (ours.length > 0) throw new Error(ours.map(({ part, path, problem }) => `${part}: ${path.join('.')} ${problem}`).join('\n'));
  return { ...loaded, problems };
}

/** From the parts of an earlier catalog the same one again. */
export function fromParts(parts: readonly CatalogPart[]): {
  readonly loaded: LoadedCatalog;
  readonly problems: readonly CatalogProblem[];
} {
  const { catalog, problems } = buildCatalog(parts);
  return { loaded: { catalog, digest: catalogDigest(catalog), parts, knownAt: newestRecord(catalog) }, problems };
}

/** Every data file of a folder, in the order of their names. @throws Error saying which file is wrong, and where in it */
export function readParts(folder: string): readonly CatalogPart[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return names.toSorted().map((name) => {
    const parsed = catalogSchema.safeParse(parse(readFileSync(`${folder}/${name}`, 'utf8')));
    if (!parsed.success) throw new Error(`${name}: ${z.prettifyError(parsed.error)}`);
    return { name, by: 'catalog', raw: parsed.data };
  });
}

function catalogDigest({ surfaces, offerings, terms }: Catalog): string {
  const withSurfaceIds = [...offerings.values()].flat().map(({ surface, ...offering }) => ({ ...offering, surface: surface.id }));
  return digestOf({ surfaces: [...surfaces.values()], offerings: withSurfaceIds, terms });
}

function newestRecord({ offerings, surfaces }: Catalog): IsoTime {
  const lists = [...[...offerings.values()].flat().flatMap(listsOf), ...[...surfaces.values()].flatMap(listsOfSurface)];
  let newest = ALWAYS;
  for (const { recordedAt, supersededAt } of lists.flat()) {
    for (const time of [recordedAt, supersededAt ?? ALWAYS]) if (time > newest) newest = time;
  }
  return newest;
}
