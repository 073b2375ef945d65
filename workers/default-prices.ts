/** Prices of a deployment whose configuration names none: the catalog's for where it is, else what is the nearest to a price there. */
import type { ModelAt } from '../activities/catalog/capabilities-at.ts';
import { offeringOf } from '../activities/catalog/capabilities-at.ts';
import type { Catalog, Fact, IsoTime } from '../workflows/domain/catalog.ts';
import { factAt } from '../workflows/domain/fact-in-force.ts';
import type { DatedPrice, DatedPrices, Price } from '../workflows/domain/price.ts';

/** The dearest we know: a budget must not be passed because a model is new to us. */
const DEAREST: Price = {
  inputUsdMicrosPerMillion: 10_000_000,
  cachedInputUsdMicrosPerMillion: 10_000_000,
  outputUsdMicrosPerMillion: 50_000_000,
  cacheWriteUsdMicrosPerMillion: 12_500_000,
};
/** Its prices are those that the other clouds follow. */
const FIRST_SELLER = { surface: 'openai/commercial/api', name: 'global' };

/** As known at that moment: what has been taken back since is no price. */
export function defaultPrices(catalog: Catalog, { model, place }: ModelAt, knownAt: IsoTime): DatedPrices {
  const own = datedPrices(offeringOf(catalog, { model, place })?.price ?? [], knownAt);
  if (own !== undefined) return own;
  const first = datedPrices(offeringOf(catalog, { model, place: FIRST_SELLER })?.price ?? [], knownAt);
  return withPercent(first ?? [{ fromMs: 0, price: DEAREST }], surchargePercent(place));
}

/** Bedrock: parity on its global profiles alone, a tenth more in a region or a geography (2026-08-17). */
function surchargePercent({ surface, name }: ModelAt['place']): number {
  return surface.startsWith('aws/') && name !== 'global' ? 110 : 100;
}

/** The price in force on each day on which one begins or ends; where none follows one that ended, that one stays the best guess. */
function datedPrices(facts: readonly Fact<Price>[], knownAt: IsoTime): DatedPrices | undefined {
  const days = new Set(facts.flatMap(({ from, to }) => (to === null ? [from] : [from, to])));
  const inForce = [...days].toSorted().flatMap((day) => {
    const fact = factAt(facts, { asOf: day, knownAt });
    return fact === undefined ? [] : [{ day, fact }];
  });
  const changes = inForce.filter(({ fact }, index) => fact !== inForce[index - 1]?.fact);
  const [first, ...rest] = changes.map(({ day, fact }): DatedPrice => ({ fromMs: Date.parse(day), price: fact.value }));
  return first === undefined ? undefined : [first, ...rest];
}

function withPercent([first, ...rest]: DatedPrices, percent: number): DatedPrices {
  const dearer = ({ fromMs, price }: DatedPrice): DatedPrice => ({ fromMs, price: times(price, percent) });
  return [dearer(first), ...rest.map(dearer)];
}

function times(price: Price, percent: number): Price {
  const part = (usdMicros: number): number => Math.round((usdMicros * percent) / 100);
  const { cacheWriteUsdMicrosPerMillion: write, longContext: long } = price;
  return {
    inputUsdMicrosPerMillion: part(price.inputUsdMicrosPerMillion),
    cachedInputUsdMicrosPerMillion: part(price.cachedInputUsdMicrosPerMillion),
    outputUsdMicrosPerMillion: part(price.outputUsdMicrosPerMillion),
    ...(write === undefined ? {} : { cacheWriteUsdMicrosPerMillion: part(write) }),
    ...(long === undefined
      ? {}
      : {
          longContext: {
            ...long,
            inputUsdMicrosPerMillion: part(long.inputUsdMicrosPerMillion),
            outputUsdMicrosPerMillion: part(long.outputUsdMicrosPerMillion),
          },
        }),
  };
}
