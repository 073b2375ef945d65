import { describe, expect, test } from 'vitest';
import { compactionLimits, shouldCompact, summaryRequestTokens } from '../../workflows/domain/compaction.ts';

describe('a conversation is compacted', () => {
  test.each([
    [899_999, 1_000_000, 8_192, false],
    [900_000, 1_000_000, 8_192, true],
    // A long answer needs its room earlier than at nine tenths.
    [271_999, 400_000, 128_000, false],
    [272_000, 400_000, 128_000, true],
    // An answer as long as the window: half of the window is for the conversation.
    [63_999, 128_000, 128_000, false],
    [64_000, 128_000, 128_000, true],
  ])('with %i tokens in a window of %i and answers of %i: %s', (...[contextTokens, contextWindow, reserveTokens, expected]) => {
    expect(shouldCompact({ contextTokens, contextWindow, reserveTokens })).toBe(expected);
  });

  test('never by a guess when the window is not known', () => {
    expect(shouldCompact({ contextTokens: 10_000_000, contextWindow: undefined })).toBe(false);
  });

  test.each([8_000, 32_000, 128_000, 272_000, 1_050_000])(
    'into less than half of what would be compacted again, in a window of %i',
    (contextWindow) => {
      const { userTokens, summaryTokens } = compactionLimits(contextWindow);

      expect(userTokens + summaryTokens).toBeLessThan(contextWindow * 0.5 * 0.6);
      expect(summaryRequestTokens(contextWindow) + summaryTokens).toBeLessThan(contextWindow);
    },
  );
});
