import type { Usage } from './usage.ts';

/** Micro-dollars per million tokens, so that money is integers all the way. */
export interface Price {
  readonly inputUsdMicrosPerMillion: number;
  readonly cachedInputUsdMicrosPerMillion: number;
  readonly outputUsdMicrosPerMillion: number;
  /** Input that is written into the prompt cache; absent where that costs no more than other input. */
  readonly cacheWriteUsdMicrosPerMillion?: number;
  /** For requests with more input than this, for the whole request. Cached and written input are dearer by as much as plain input. */
  readonly longContext?: {
    readonly aboveInputTokens: number;
    readonly inputUsdMicrosPerMillion: number;
    readonly outputUsdMicrosPerMillion: number;
  };
}

/** A price and since when it is charged. */
export interface DatedPrice {
  /** 0: always. */
  readonly fromMs: number;
  readonly price: Price;
}

/** All prices of one offering, never empty, in any order. */
export type DatedPrices = readonly [DatedPrice, ...DatedPrice[]];

const MILLION = 1_000_000n;

/** What is charged at `nowMs`: the newest price that has begun; before the first one that one, since there is no better guess. */
export function priceAt(prices: DatedPrices, nowMs: number): Price {
  return prices.reduce((best, next) => (isCloser(next, best, nowMs) ? next : best)).price;
}

function isCloser(next: DatedPrice, best: DatedPrice, nowMs: number): boolean {
  const [nextBegan, bestBegan] = [next.fromMs <= nowMs, best.fromMs <= nowMs];
  if (nextBegan !== bestBegan) return nextBegan;
  return nextBegan ? next.fromMs > best.fromMs : next.fromMs < best.fromMs;
}

/** The price of a request with so much input. */
export function chargedPrice({ longContext, ...price }: Price, inputTokens: number): Price {
  if (longContext === undefined || inputTokens <= longContext.aboveInputTokens) return price;
  const { inputUsdMicrosPerMillion: plain, cachedInputUsdMicrosPerMillion: cached, cacheWriteUsdMicrosPerMillion: write } = price;
  const { inputUsdMicrosPerMillion: input, outputUsdMicrosPerMillion: output } = longContext;
  const dearer = (part: number): number => (plain === 0 ? part : Math.ceil((part * input) / plain));
  return {
    inputUsdMicrosPerMillion: input,
    cachedInputUsdMicrosPerMillion: dearer(cached),
    outputUsdMicrosPerMillion: output,
    ...(write === undefined ? {} : { cacheWriteUsdMicrosPerMillion: dearer(write) }),
  };
}

/** Cost in micro-dollars, rounded up: a budget must never be passed by rounding. */
export function costUsdMicros(usage: Usage, whole: Price): number {
  const price = chargedPrice(whole, usage.inputTokens);
  const { inputTokens, cachedInputTokens: cached, outputTokens, cacheWriteTokens: written = 0 } = usage;
  // A cloud that counts cached or written tokens beside its input tokens must not make the rest negative.
  const fresh = Math.max(inputTokens - cached - written, 0);
  const { inputUsdMicrosPerMillion: input, cacheWriteUsdMicrosPerMillion: write = input } = price;
  const total =
    BigInt(fresh) * BigInt(input) +
    BigInt(cached) * BigInt(price.cachedInputUsdMicrosPerMillion) +
    BigInt(written) * BigInt(write) +
    BigInt(outputTokens) * BigInt(price.outputUsdMicrosPerMillion);
  return Number((total + MILLION - 1n) / MILLION);
}

/** Dollars as people write them, to whole micro-dollars. */
export function usdToMicros(usd: number): number {
  return Math.round(usd * 1_000_000);
}

/** The most that a request may cost: nothing of its input is cached, and the dearer of plain and cache-write price is paid for it. */
export function reserveUsdMicros(tokens: { readonly input: number; readonly output: number }, price: Price): number {
  const charged = chargedPrice(price, tokens.input);
  const { inputUsdMicrosPerMillion: plain, cacheWriteUsdMicrosPerMillion: write = plain } = charged;
  const usage = { inputTokens: tokens.input, cachedInputTokens: 0, outputTokens: tokens.output, reasoningTokens: 0 };
  return costUsdMicros(usage, { ...charged, inputUsdMicrosPerMillion: Math.max(plain, write) });
}

/** `$0.0125`: four digits, since a turn costs cents or less. */
export function formatUsd(usdMicros: number): string {
  return `$${(usdMicros / 1_000_000).toFixed(4)}`;
}
