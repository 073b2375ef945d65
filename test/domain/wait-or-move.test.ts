import { expect, test } from 'vitest';
import { CACHE_LIFE_MS } from '../../workflows/domain/pin.ts';
import type { WaitOrMove } from '../../workflows/domain/wait-or-move.ts';
import { waitOrMove } from '../../workflows/domain/wait-or-move.ts';

/** Half a minute at a dollar an hour, 0.8 cents, against a move of 23 cents. */
const HALF_A_MINUTE: WaitOrMove = {
  waitMs: 30_000,
  slackMs: 3_600_000,
  cacheAgeMs: 60_000,
  hourUsdMicros: 1_000_000,
  moveUsdMicros: 230_000,
  isInVain: false,
};

test.each<[string, Partial<WaitOrMove>, 'wait' | 'move']>([
  ['a wait that is cheaper than a cold cache', {}, 'wait'],
  ['an hour that is dear', { hourUsdMicros: 100_000_000 }, 'move'],
  ['a move that costs nothing', { moveUsdMicros: 0 }, 'move'],
  ['nowhere else to go', { moveUsdMicros: null, cacheAgeMs: Infinity }, 'wait'],
  ['a wait as short as a handoff', { waitMs: 2_100, moveUsdMicros: 0, cacheAgeMs: Infinity }, 'wait'],
  ['a short wait after one that did not help', { waitMs: 500, moveUsdMicros: 0, cacheAgeMs: Infinity, isInVain: true }, 'move'],
  ['one at a warm cache', { waitMs: 500, isInVain: true }, 'wait'],
  ['one with nowhere else to go', { moveUsdMicros: null, cacheAgeMs: Infinity, isInVain: true }, 'wait'],
  ['a cache that does not outlast the wait', { cacheAgeMs: CACHE_LIFE_MS - 30_000 }, 'move'],
  ['a wait up to the deadline', { slackMs: 30_000, moveUsdMicros: null }, 'move'],
  ['a short wait that is longer than what is left', { waitMs: 500, slackMs: 400 }, 'move'],
])('%s', (_case, overrides, choice) => {
  expect(waitOrMove({ ...HALF_A_MINUTE, ...overrides }).choice).toBe(choice);
});

test('the price of a wait is rounded up', () => {
  expect(waitOrMove(HALF_A_MINUTE).waitUsdMicros).toBe(8_334);
});
