/**
 * Prices for deployments whose configuration names none, in dollars per million tokens and with the day from which each is
 * charged, as known on 2026-11-18. List prices of direct use; `assumed` ones were not found published and follow a sibling model.
 * Long contexts (GPT-5.5 and GPT-6 Astra above 272,000 tokens), regional processing and 12-hour caches cost more, batch and flex
 * less: `price` in anyport.yaml overrides all of this.
 */
import type { DatedPrice, DatedPrices, Price } from '../workflows/domain/price.ts';
import type { Cloud } from '../workflows/domain/route.ts';

export interface UsdPrice {
  readonly inputUsd: number;
  readonly cachedInputUsd: number;
  readonly outputUsd: number;
  readonly cacheWriteUsd?: number;
}

interface ListPrice {
  readonly model: string;
  /** YYYY-MM-DD, the day's beginning in UTC. */
  readonly from: string;
  readonly inputUsd: number;
  readonly outputUsd: number;
  /** Published at a tenth or a twentieth of input; where it is not known, a tenth is assumed. */
  readonly cachedInputUsd?: number;
  readonly basis: 'published' | 'assumed';
}

const LIST_PRICES: readonly ListPrice[] = [
  { model: 'gpt-6.2-astra', from: '2026-11-17', inputUsd: 8, outputUsd: 40, basis: 'published' },
  { model: 'gpt-6.2-sol', from: '2026-11-17', inputUsd: 2, outputUsd: 10, basis: 'published' },
  { model: 'gpt-6.1-terra', from: '2026-10-26', inputUsd: 1, cachedInputUsd: 0.05, outputUsd: 5, basis: 'published' },
  { model: 'gpt-6.1-sol', from: '2026-10-05', inputUsd: 2, outputUsd: 10, basis: 'assumed' },
  { model: 'gpt-6-astra', from: '2026-09-03', inputUsd: 10, cachedInputUsd: 1, outputUsd: 50, basis: 'published' },
  { model: 'gpt-6-sol', from: '2026-09-22', inputUsd: 2, outputUsd: 10, basis: 'published' },
  { model: 'gpt-6-luna', from: '2026-09-22', inputUsd: 0.1, outputUsd: 0.5, basis: 'published' },
  { model: 'gpt-5.6-sol', from: '2026-07-09', inputUsd: 5, outputUsd: 30, basis: 'published' },
  // Lower on the model's page in September; the day is not known, so the dearer price is kept to the month's end.
  { model: 'gpt-5.6-sol', from: '2026-10-01', inputUsd: 4, outputUsd: 20, basis: 'published' },
  { model: 'gpt-5.6-terra', from: '2026-07-09', inputUsd: 2.5, outputUsd: 15, basis: 'published' },
  { model: 'gpt-5.6-terra', from: '2026-07-30', inputUsd: 2, outputUsd: 12, basis: 'published' },
  { model: 'gpt-5.6-luna', from: '2026-07-09', inputUsd: 1, outputUsd: 6, basis: 'published' },
  { model: 'gpt-5.6-luna', from: '2026-07-30', inputUsd: 0.2, outputUsd: 1.2, basis: 'published' },
  { model: 'gpt-5.5', from: '2026-04-01', inputUsd: 5, outputUsd: 30, basis: 'published' },
];
/** The dearest we know: a budget must not be passed because a model is new to us. */
const UNKNOWN_MODEL: UsdPrice = { inputUsd: 10, cachedInputUsd: 10, outputUsd: 50, cacheWriteUsd: 12.5 };
/** GPT-5.6 and later charge a quarter more for input that they write into the prompt cache; earlier models nothing. */
const CACHE_WRITE = 1.25;
const WITHOUT_CACHE_WRITE = /^gpt-5\.5/;

/** Who sells the model: the same one costs more on some clouds. */
export interface Offering {
  readonly cloud: Cloud;
  readonly model: string;
  /** The model's name at the endpoint: Bedrock's inference profiles say in it where they run. */
  readonly wireModel: string;
}

export function defaultPrices(offering: Offering): DatedPrices {
  const percent = surchargePercent(offering);
  const [first, ...rest] = LIST_PRICES.filter(({ model }) => model === offering.model).map((listed): DatedPrice => ({
    fromMs: Date.parse(listed.from),
    price: toPrice(withCache(listed), percent),
  }));
  return first === undefined ? [{ fromMs: 0, price: toPrice(UNKNOWN_MODEL, percent) }] : [first, ...rest];
}

/** Bedrock: parity on its global profiles alone, a tenth more in a region or a geography (2026-08-17). */
function surchargePercent({ cloud, wireModel }: Offering): number {
  return cloud === 'aws' && !wireModel.startsWith('global.') ? 110 : 100;
}

function withCache({ model, inputUsd, outputUsd, cachedInputUsd = inputUsd / 10 }: ListPrice): UsdPrice {
  const write = WITHOUT_CACHE_WRITE.test(model) ? {} : { cacheWriteUsd: inputUsd * CACHE_WRITE };
  return { inputUsd, outputUsd, cachedInputUsd, ...write };
}

/** Dollars to micro-dollars. */
export function toPrice({ inputUsd, cachedInputUsd, outputUsd, cacheWriteUsd }: UsdPrice, percent = 100): Price {
  const toMicros = (usd: number): number => Math.round(usd * 10_000 * percent);
  return {
    inputUsdMicrosPerMillion: toMicros(inputUsd),
    cachedInputUsdMicrosPerMillion: toMicros(cachedInputUsd),
    outputUsdMicrosPerMillion: toMicros(outputUsd),
    ...(cacheWriteUsd === undefined ? {} : { cacheWriteUsdMicrosPerMillion: toMicros(cacheWriteUsd) }),
  };
}
