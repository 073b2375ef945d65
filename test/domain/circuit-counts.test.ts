import { expect, test } from 'vitest';
import type { CircuitCounts } from '../../workflows/domain/circuit-counts.ts';
import {
  awaitFirstEvent,
  countAccepted,
  countFailure,
  countFirstEvent,
  countStart,
  forgetCall,
  NO_COUNTS,
  whyOpen,
} from '../../workflows/domain/circuit-counts.ts';

const REFUSED = { weight: 1, isAccepted: false };
const LOST = { weight: 1, isAccepted: true };
const CONFLICT = { weight: 0.5, isAccepted: true };

function started(times: number, counts: CircuitCounts = NO_COUNTS): CircuitCounts {
  return Array.from({ length: times }).reduce<CircuitCounts>((before) => countStart(before, 0), counts);
}

function failed(times: number, counts: CircuitCounts, failure = LOST): CircuitCounts {
  return Array.from({ length: times }).reduce<CircuitCounts>((before) => countFailure(before, failure, 0), counts);
}

test('three failures in a row that nobody accepted open, unless something is accepted in between', () => {
  const twice = failed(2, started(3), REFUSED);

  expect(whyOpen(failed(1, twice, REFUSED), 0)).toContain('3 attempts in a row');
  expect(whyOpen(failed(1, countAccepted(twice), REFUSED), 0)).toBeUndefined();
  expect(whyOpen(failed(1, failed(1, twice, LOST), REFUSED), 0)).toBeUndefined();
});

test('half of the attempts open when they are enough to tell, and half failures count as half', () => {
  expect(whyOpen(failed(4, started(4)), 0)).toBeUndefined();
  expect(whyOpen(failed(5, started(10)), 0)).toContain('5 of 10');
  expect(whyOpen(failed(4, started(10)), 0)).toBeUndefined();
  expect(whyOpen(failed(9, started(10), CONFLICT), 0)).toBeUndefined();
  expect(whyOpen(failed(10, started(10), CONFLICT), 0)).toContain('5 of 10');
});

test('attempts under way count, so that a few quick failures don’t outweigh many slow answers', () => {
  expect(whyOpen(failed(5, started(100)), 0)).toBeUndefined();
});

test('what is older than the window is forgotten, and the window is longer than a call', () => {
  const counts = failed(6, started(10));

  expect(whyOpen(counts, 240_000)).toContain('6 of 10');
  expect(whyOpen(counts, 300_000)).toBeUndefined();
  expect(countStart(counts, 600_000).buckets).toHaveLength(1);
});

test('calls that wait too long for a first event count before they end', () => {
  let counts = started(6);
  for (const id of [1, 2, 3, 4, 5]) counts = awaitFirstEvent(counts, id, 0);
  const heard = countFirstEvent(countFirstEvent(countFirstEvent(counts, 1, 900), 2, 900), 3, 900);

  expect(whyOpen(counts, 20_000)).toBeUndefined();
  expect(whyOpen(counts, 20_001)).toContain('5 of 6 attempts were slow to begin');
  expect(whyOpen(heard, 20_001)).toBeUndefined();
  expect(whyOpen(forgetCall(forgetCall(forgetCall(counts, 1), 2), 3), 20_001)).toBeUndefined();
});

test('first events that came too late count when they have come', () => {
  let counts = started(6);
  for (const id of [1, 2, 3]) counts = countFirstEvent(awaitFirstEvent(counts, id, 0), id, 25_000);

  expect(whyOpen(counts, 26_000)).toContain('3 of 6 attempts were slow to begin');
});
