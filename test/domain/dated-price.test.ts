import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadCatalog } from '../../activities/catalog/load-catalog.ts';
import { defaultPrices } from '../../workers/default-prices.ts';
import type { DatedPrices, Price } from '../../workflows/domain/price.ts';
import { costUsdMicros, priceAt, reserveUsdMicros } from '../../workflows/domain/price.ts';

const PRICE: Price = {
  inputUsdMicrosPerMillion: 2_000_000,
  cachedInputUsdMicrosPerMillion: 200_000,
  cacheWriteUsdMicrosPerMillion: 2_500_000,
  outputUsdMicrosPerMillion: 10_000_000,
};

function priced(inputUsdMicrosPerMillion: number): Price {
  return { ...PRICE, inputUsdMicrosPerMillion };
}

describe('the price at a time', () => {
  const prices: DatedPrices = [
    { fromMs: 2_000, price: priced(2) },
    { fromMs: 1_000, price: priced(1) },
    { fromMs: 3_000, price: priced(3) },
  ];

  test.each([
    [999, 1],
    [1_000, 1],
    [1_999, 1],
    [2_000, 2],
    [2_999, 2],
    [99_000, 3],
  ])('at %i is the newest that has begun, and before all of them the first', (nowMs, expected) => {
    expect(priceAt(prices, nowMs).inputUsdMicrosPerMillion).toBe(expected);
  });

  test('does not depend on the order of the list', () => {
    const anyPrices = fc.uniqueArray(fc.nat(50), { minLength: 1 });
    fc.assert(
      fc.property(anyPrices, fc.nat(60), (days, nowMs) => {
        const listed = days.map((fromMs) => ({ fromMs, price: priced(fromMs) }));
        const [first, ...rest] = listed;
        const [last, ...before] = listed.toReversed();
        if (first === undefined || last === undefined) return;
        expect(priceAt([last, ...before], nowMs)).toEqual(priceAt([first, ...rest], nowMs));
      }),
    );
  });
});

/** Of the built-in catalog, as it is known today. */
function pricesAt(surface: string, name: string, model: string): DatedPrices {
  return defaultPrices(loadCatalog().catalog, { model, place: { surface, name } }, new Date().toISOString());
}

describe('list prices', () => {
  const DAY_BEFORE = Date.parse('2026-07-29T23:59:59Z');

  test('change on their day', () => {
    const luna = pricesAt('openai/commercial/api', 'global', 'gpt-5.6-luna');

    expect(priceAt(luna, DAY_BEFORE).inputUsdMicrosPerMillion).toBe(1_000_000);
    expect(priceAt(luna, DAY_BEFORE + 1_000)).toEqual({
      inputUsdMicrosPerMillion: 200_000,
      cachedInputUsdMicrosPerMillion: 20_000,
      cacheWriteUsdMicrosPerMillion: 250_000,
      outputUsdMicrosPerMillion: 1_200_000,
    });
  });

  test('are a tenth higher on Bedrock, but not for its global profiles', () => {
    const [regional, global] = ['us', 'global'].map(
      (place) => priceAt(pricesAt('aws/commercial/bedrock-runtime', place, 'gpt-6-sol'), Date.now()).outputUsdMicrosPerMillion,
    );

    expect([regional, global]).toEqual([11_000_000, 10_000_000]);
  });

  test('are the dearest known for a model that is new to us', () => {
    const unknown = pricesAt('google/commercial/agent-platform', 'global', 'gpt-9');

    expect(priceAt(unknown, 0).outputUsdMicrosPerMillion).toBe(50_000_000);
  });
});

describe('the cost of an answer', () => {
  const usage = { inputTokens: 1_000_000, cachedInputTokens: 400_000, outputTokens: 100_000, reasoningTokens: 0 };

  test('has a price of its own for input that was written into the cache', () => {
    expect(costUsdMicros({ ...usage, cacheWriteTokens: 200_000 }, PRICE)).toBe(80_000 + 500_000 + 800_000 + 1_000_000);
  });

  test('takes such input as plain where writing costs nothing more', () => {
    const { cacheWriteUsdMicrosPerMillion: _none, ...plain } = PRICE;

    expect(costUsdMicros({ ...usage, cacheWriteTokens: 200_000 }, plain)).toBe(costUsdMicros(usage, plain));
  });

  test('is never negative, and never above the reserve of as many tokens', () => {
    const tokens = fc.nat(5_000_000);
    fc.assert(
      fc.property(
        fc.tuple(tokens, tokens, tokens, tokens),
        ([inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens]) => {
          const cost = costUsdMicros(
            { inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens, reasoningTokens: 0 },
            PRICE,
          );
          const most = Math.max(inputTokens, cachedInputTokens + cacheWriteTokens);

          expect(cost).toBeGreaterThanOrEqual(0);
          expect(cost).toBeLessThanOrEqual(reserveUsdMicros({ input: most, output: outputTokens }, PRICE));
        },
      ),
    );
  });
});
