/** The geographies that a policy may name. */
import type { Catalog } from '../../workflows/domain/catalog.ts';
import type { Geo } from '../../workflows/domain/geo.ts';
import { ANYWHERE, GEOS } from '../../workflows/domain/geo.ts';

/** Those of this code, and all in which the catalog has a place or a region. */
export function knownGeos({ surfaces }: Catalog): ReadonlySet<Geo> {
  const known = new Set(GEOS);
  for (const { places, regions } of surfaces.values()) {
    for (const geo of Object.values(regions)) known.add(geo);
    for (const { processing, storage } of Object.values(places)) {
      for (const geo of [...processing, ...(storage === 'chosen' ? [] : storage)]) known.add(geo);
    }
  }
  known.delete(ANYWHERE);
  return known;
}
