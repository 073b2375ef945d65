import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RateLimits, RateWindow } from '../../workflows/domain/rate-window.ts';
import { followHint, fullWindow, giveBack, reserveRoom, waitForRoom } from '../../workflows/domain/rate-window.ts';

const LIMITS = { requestsPerMinute: 60, tokensPerMinute: 6_000 };

test('room comes back evenly over the minute', () => {
  let window = fullWindow(LIMITS, 0);
  for (let calls = 0; calls < 6; calls += 1) window = reserveRoom(window, LIMITS, { tokens: 1_000, nowMs: 0 });

  expect(waitForRoom(window, LIMITS, { tokens: 1_000, nowMs: 0 })).toBe(10_000);
  expect(waitForRoom(window, LIMITS, { tokens: 1_000, nowMs: 9_000 })).toBe(1_000);
  expect(waitForRoom(window, LIMITS, { tokens: 1_000, nowMs: 10_000 })).toBe(0);
});

test('a call above the whole limit waits for a full window, and then takes longer to pay off', () => {
  const window = reserveRoom(fullWindow(LIMITS, 0), LIMITS, { tokens: 12_000, nowMs: 0 });

  expect(waitForRoom(fullWindow(LIMITS, 0), LIMITS, { tokens: 12_000, nowMs: 0 })).toBe(0);
  expect(waitForRoom(window, LIMITS, { tokens: 12_000, nowMs: 0 })).toBe(120_000);
});

test('what is not limited has room', () => {
  const limits: RateLimits = { requestsPerMinute: 1 };
  const window = reserveRoom(fullWindow(limits, 0), limits, { tokens: 1_000_000, nowMs: 0 });

  expect(waitForRoom(window, limits, { tokens: 1_000_000, nowMs: 60_000 })).toBe(0);
  expect(waitForRoom(fullWindow({}, 0), {}, { tokens: 5, nowMs: 0 })).toBe(0);
});

test('follows the cloud down at once, up half of the way, and never above its own limit', () => {
  const half: RateWindow = { atMs: 0, requests: 30, tokens: 3_000 };
  const follow = (tokensRemaining: number, nowMs = 0): number =>
    followHint(half, LIMITS, { hint: { tokensRemaining }, saidMs: 0, nowMs }).tokens;

  expect(follow(100)).toBe(100);
  expect(follow(5_000)).toBe(4_000);
  expect(follow(1_000_000)).toBe(4_500);
  expect(follow(100, 61_000)).toBe(6_000);
});

test('whatever is reserved, settled and told, no minute takes more than twice the limit', () => {
  const call = fc.record({
    afterMs: fc.integer({ min: 0, max: 20_000 }),
    tokens: fc.integer({ min: 1, max: 2_000 }),
    used: fc.integer({ min: 0, max: 2_000 }),
  });
  fc.assert(
    fc.property(fc.array(call, { maxLength: 100 }), (calls) => {
      let window = fullWindow(LIMITS, 0);
      let nowMs = 0;
      const taken: { atMs: number; tokens: number }[] = [];
      for (const { afterMs, tokens, used } of calls) {
        nowMs += afterMs;
        if (waitForRoom(window, LIMITS, { tokens, nowMs }) > 0) continue;
        window = reserveRoom(window, LIMITS, { tokens, nowMs });
        window = giveBack(window, LIMITS, { requests: 0, tokens: tokens - Math.min(used, tokens), nowMs });
        taken.push({ atMs: nowMs, tokens: Math.min(used, tokens) });
        const recent = taken.filter(({ atMs }) => nowMs - atMs < 60_000);
        expect(recent.reduce((sum, each) => sum + each.tokens, 0)).toBeLessThanOrEqual(2 * LIMITS.tokensPerMinute);
      }
    }),
  );
});
