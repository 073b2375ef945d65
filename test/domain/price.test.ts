import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Price } from '../../workflows/domain/price.ts';
import { costUsdMicros, reserveUsdMicros } from '../../workflows/domain/price.ts';
import type { Usage } from '../../workflows/domain/usage.ts';
import { addUsage } from '../../workflows/domain/usage.ts';
import { aDeployment, aUsage } from '../support/builders.ts';

const PRICE = aDeployment().price;
/** A thousand dollars per million tokens is the highest that a configuration may name. */
const perMillion = fc.nat({ max: 1_000_000_000 });
const price: fc.Arbitrary<Price> = fc.record({
  inputUsdMicrosPerMillion: perMillion,
  cachedInputUsdMicrosPerMillion: perMillion,
  outputUsdMicrosPerMillion: perMillion,
});
const tokens = fc.nat({ max: 1_000_000_000 });
const usage: fc.Arbitrary<Usage> = fc
  .record({ fresh: tokens, cachedInputTokens: tokens, outputTokens: tokens, reasoningTokens: tokens })
  .map(({ fresh, ...rest }) => ({ inputTokens: fresh + rest.cachedInputTokens, ...rest }));

/** In millionths of a micro-dollar, so that nothing is rounded. */
function exactCost({ inputTokens, cachedInputTokens, outputTokens }: Usage, prices: Price): bigint {
  return (
    BigInt(inputTokens - cachedInputTokens) * BigInt(prices.inputUsdMicrosPerMillion) +
    BigInt(cachedInputTokens) * BigInt(prices.cachedInputUsdMicrosPerMillion) +
    BigInt(outputTokens) * BigInt(prices.outputUsdMicrosPerMillion)
  );
}

describe('the cost of a call', () => {
  test('is that of its fresh input, its cached input and its output', () => {
    const used = aUsage({ inputTokens: 1_000_000, cachedInputTokens: 400_000, outputTokens: 20_000, reasoningTokens: 15_000 });

    expect(costUsdMicros(used, PRICE)).toBe(600_000 + 40_000 + 200_000);
  });

  test('is nothing for no tokens', () => {
    expect(costUsdMicros(aUsage(), PRICE)).toBe(0);
  });

  test.each([
    [1, 1],
    [999_999, 1],
    [1_000_000, 1],
    [1_000_001, 2],
  ])('of %i tokens at a micro-dollar per million is rounded up to %i', (inputTokens, cost) => {
    expect(costUsdMicros(aUsage({ inputTokens }), { ...PRICE, inputUsdMicrosPerMillion: 1 })).toBe(cost);
  });

  test('is exact where a floating-point product would not be', () => {
    const used = aUsage({ inputTokens: 900_719_925_474_099 });

    expect(costUsdMicros(used, { ...PRICE, inputUsdMicrosPerMillion: 9_000_001 })).toBe(8_106_480_229_986_817);
  });

  test('is a whole number, never lower than the exact cost and less than one above it', () => {
    fc.assert(
      fc.property(usage, price, (used, prices) => {
        const cost = costUsdMicros(used, prices);
        const above = BigInt(cost) * 1_000_000n - exactCost(used, prices);

        expect(Number.isSafeInteger(cost)).toBe(true);
        expect(above >= 0n && above < 1_000_000n).toBe(true);
      }),
    );
  });

  test('of several calls is never lower in sum than the exact cost of them all', () => {
    fc.assert(
      fc.property(fc.array(usage, { minLength: 1, maxLength: 20 }), price, (calls, prices) => {
        const sum = calls.reduce((total, used) => total + BigInt(costUsdMicros(used, prices)), 0n);

        expect(sum * 1_000_000n >= exactCost(calls.reduce(addUsage), prices)).toBe(true);
      }),
    );
  });

  test('does not fall when there are more tokens', () => {
    fc.assert(
      fc.property(usage, usage, price, (used, more, prices) => {
        expect(costUsdMicros(addUsage(used, more), prices)).toBeGreaterThanOrEqual(costUsdMicros(used, prices));
      }),
    );
  });

  test('is not lowered by a cloud that counts more cached input than input', () => {
    const used = aUsage({ inputTokens: 10, cachedInputTokens: 1_000_000, outputTokens: 1_000_000 });

    expect(costUsdMicros(used, PRICE)).toBe(100_000 + 10_000_000);
  });
});

describe('a long request', () => {
  const price = {
    inputUsdMicrosPerMillion: 5_000_000,
    cachedInputUsdMicrosPerMillion: 500_000,
    outputUsdMicrosPerMillion: 30_000_000,
    longContext: {
      aboveInputTokens: 272_000,
      inputUsdMicrosPerMillion: 10_000_000,
      outputUsdMicrosPerMillion: 45_000_000,
    },
  };

  test('is charged dearer as a whole, what is cached by as much as the rest', () => {
    const costOf = (inputTokens: number) =>
      costUsdMicros(aUsage({ inputTokens, cachedInputTokens: 200_000, outputTokens: 1_000 }), price);

    expect(costOf(272_000)).toBe(72_000 * 5 + 200_000 * 0.5 + 1_000 * 30);
    expect(costOf(272_001)).toBe(72_001 * 10 + 200_000 + 1_000 * 45);
  });

  test('is reserved for at that price', () => {
    expect(reserveUsdMicros({ input: 272_001, output: 1_000 }, price)).toBe(272_001 * 10 + 1_000 * 45);
  });
});
