/**
 * Prices for deployments whose configuration names none, as of 2026-11-17, in dollars per million tokens. List prices of direct
 * use; `assumed` ones were not found published and follow a sibling model. Clouds and regions charge up to a tenth more:
 * `price` in anyport.yaml overrides them.
 */
import type { Price } from '../workflows/domain/price.ts';
import { usdToMicros } from '../workflows/domain/price.ts';

interface ListPrice {
  readonly model: string;
  readonly inputUsd: number;
  readonly cachedInputUsd: number;
  readonly outputUsd: number;
  readonly basis: 'published' | 'assumed';
}

/** Cached input: published at a tenth or a twentieth of input; where it is not known, a tenth is assumed. */
const LIST_PRICES: readonly ListPrice[] = [
  { model: 'gpt-6.2-astra', inputUsd: 8, cachedInputUsd: 0.8, outputUsd: 40, basis: 'published' },
  { model: 'gpt-6.2-sol', inputUsd: 2, cachedInputUsd: 0.2, outputUsd: 10, basis: 'published' },
  { model: 'gpt-6.1-terra', inputUsd: 1, cachedInputUsd: 0.05, outputUsd: 5, basis: 'published' },
  { model: 'gpt-6.1-sol', inputUsd: 2, cachedInputUsd: 0.2, outputUsd: 10, basis: 'assumed' },
  { model: 'gpt-6-astra', inputUsd: 10, cachedInputUsd: 1, outputUsd: 50, basis: 'published' },
  { model: 'gpt-6-sol', inputUsd: 2, cachedInputUsd: 0.2, outputUsd: 10, basis: 'published' },
  { model: 'gpt-6-luna', inputUsd: 0.1, cachedInputUsd: 0.01, outputUsd: 0.5, basis: 'published' },
];
/** The dearest we know: a budget must not be passed because a model is new to us. */
const UNKNOWN_MODEL = { inputUsd: 10, cachedInputUsd: 10, outputUsd: 50 };

export function defaultPrice(model: string): Price {
  return toPrice(LIST_PRICES.find((price) => price.model === model) ?? UNKNOWN_MODEL);
}

/** Dollars to micro-dollars. */
export function toPrice(price: Pick<ListPrice, 'inputUsd' | 'cachedInputUsd' | 'outputUsd'>): Price {
  return {
    inputUsdMicrosPerMillion: usdToMicros(price.inputUsd),
    cachedInputUsdMicrosPerMillion: usdToMicros(price.cachedInputUsd),
    outputUsdMicrosPerMillion: usdToMicros(price.outputUsd),
  };
}
