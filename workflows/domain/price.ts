import type { Usage } from './usage.ts';

/** Micro-dollars per million tokens, so that money is integers all the way. */
export interface Price {
  readonly inputUsdMicrosPerMillion: number;
  readonly cachedInputUsdMicrosPerMillion: number;
  readonly outputUsdMicrosPerMillion: number;
}

const MILLION = 1_000_000n;

/** Cost in micro-dollars, rounded up: a budget must never be passed by rounding. */
export function costUsdMicros(usage: Usage, price: Price): number {
  // Whatever a cloud counts as cached, the rest of its input is never less than nothing.
  const fresh = BigInt(Math.max(0, usage.inputTokens - usage.cachedInputTokens));
  const total =
    fresh * BigInt(price.inputUsdMicrosPerMillion) +
    BigInt(usage.cachedInputTokens) * BigInt(price.cachedInputUsdMicrosPerMillion) +
    BigInt(usage.outputTokens) * BigInt(price.outputUsdMicrosPerMillion);
  return Number((total + MILLION - 1n) / MILLION);
}

/** Dollars as people write them, to whole micro-dollars. */
export function usdToMicros(usd: number): number {
  return Math.round(usd * 1_000_000);
}

/** `$0.0125`: four digits, since a turn costs cents or less. */
export function formatUsd(usdMicros: number): string {
  return `$${(usdMicros / 1_000_000).toFixed(4)}`;
}
