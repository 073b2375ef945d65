/** Values of the data files, turned into those of the domain. */
import type { Place, Retention, Surface } from '../../workflows/domain/catalog.ts';
import { PARTITIONS, SELLERS } from '../../workflows/domain/catalog.ts';
import type { Price } from '../../workflows/domain/price.ts';
import type { RawPlace, RawPrice, RawRetention, RawSurface } from './catalog-schema.ts';

/** Where a seller does not say which of its surfaces it recommends. */
const NO_RECOMMENDATION = 9;
const NEEDED = ['product', 'apis', 'state', 'quota', 'places'] as const;

/** A surface without places and facts, or the key that a new one lacks. */
export function toSurfaceBase(id: string, raw: RawSurface): Surface | (typeof NEEDED)[number] {
  const missing = NEEDED.find((key) => raw[key] === undefined);
  const { product, apis, state, quota } = raw;
  if (missing !== undefined) return missing;
  if (product === undefined || apis === undefined || state === undefined || quota === undefined) return 'product';
  return {
    id,
    ...ownersOf(id),
    product,
    apis,
    state,
    quota,
    commitmentPools: raw.commitments ?? [],
    ...(raw.upstream === undefined ? {} : { upstream: raw.upstream }),
    ...(raw.closed === undefined ? {} : { isClosed: raw.closed }),
    recommendation: raw.recommendation ?? NO_RECOMMENDATION,
    places: {},
    regions: {},
    failureDomains: raw.domains ?? [],
    capabilities: {},
    compliance: {},
    retention: [],
    entitlement: [],
  };
}

/** The schema has seen to the form of the id. */
function ownersOf(id: string): Pick<Surface, 'seller' | 'partition'> {
  const [first, second] = id.split('/');
  const seller = SELLERS.find((name) => name === first);
  const partition = PARTITIONS.find((name) => name === second);
  if (seller === undefined || partition === undefined) throw new RangeError(`"${id}" is no id of a surface`);
  return { seller, partition };
}

export function toPlace({ surface, name, place }: { surface: Surface; name: string; place: RawPlace }): Place {
  const { scope, processing, storage, domains = [] } = place;
  return { surface: surface.id, name, scope, processing, storage, failureDomains: [...surface.failureDomains, ...domains] };
}

/** Dollars per million tokens to micro-dollars. Cached input and cache writes cost as much as fresh input where nothing is said. */
export function toListPrice(raw: RawPrice): Price {
  const { inputUsdPerMillion, outputUsdPerMillion, cachedInputUsdPerMillion, cacheWriteUsdPerMillion: write, longContext } = raw;
  return {
    inputUsdMicrosPerMillion: toMicros(inputUsdPerMillion),
    cachedInputUsdMicrosPerMillion: toMicros(cachedInputUsdPerMillion ?? inputUsdPerMillion),
    outputUsdMicrosPerMillion: toMicros(outputUsdPerMillion),
    ...(write === undefined ? {} : { cacheWriteUsdMicrosPerMillion: toMicros(write) }),
    ...(longContext === undefined
      ? {}
      : {
          longContext: {
            aboveInputTokens: longContext.aboveInputTokens,
            inputUsdMicrosPerMillion: toMicros(longContext.inputUsdPerMillion),
            outputUsdMicrosPerMillion: toMicros(longContext.outputUsdPerMillion),
          },
        }),
  };
}

function toMicros(usd: number): number {
  return Math.round(usd * 1_000_000);
}

export function toRetention({ blocks = [], ...raw }: RawRetention): Retention {
  return { ...raw, blocks };
}
