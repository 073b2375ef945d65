import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Usage } from '../../workflows/domain/usage.ts';
import { addUsage, NO_USAGE } from '../../workflows/domain/usage.ts';

const usage: fc.Arbitrary<Usage> = fc.record({
  inputTokens: fc.nat(),
  cachedInputTokens: fc.nat(),
  outputTokens: fc.nat(),
  reasoningTokens: fc.nat(),
});

test('usage adds up count by count', () => {
  const left = { inputTokens: 1, cachedInputTokens: 2, outputTokens: 3, reasoningTokens: 4 };
  const right = { inputTokens: 10, cachedInputTokens: 20, outputTokens: 30, reasoningTokens: 40 };

  expect(addUsage(left, right)).toEqual({ inputTokens: 11, cachedInputTokens: 22, outputTokens: 33, reasoningTokens: 44 });
});

test('no usage adds nothing', () => {
  fc.assert(
    fc.property(usage, (used) => {
      expect(addUsage(NO_USAGE, used)).toEqual(used);
    }),
  );
});

test('the order in which usage adds up does not matter', () => {
  fc.assert(
    fc.property(usage, usage, usage, (first, second, third) => {
      expect(addUsage(first, second)).toEqual(addUsage(second, first));
      expect(addUsage(addUsage(first, second), third)).toEqual(addUsage(first, addUsage(second, third)));
    }),
  );
});
