import { expect, test } from 'vitest';
import type { CircuitCounts } from '../../workflows/domain/circuit-counts.ts';
import {
  awaitFirstEvent,
  countAccepted,
  countAnswer,
  countEnd,
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

/** Each is followed by an answer, so that they are not in a row. */
function failedAmongAnswers(times: number, counts: CircuitCounts, failure = LOST): CircuitCounts {
  return Array.from({ length: times }).reduce<CircuitCounts>((before) => countAnswer(countFailure(before, failure, 0)), counts);
}

test('three failures in a row that nobody accepted open, however many are under way, unless something is accepted in between', () => {
  const twice = failed(2, started(100), REFUSED);

  expect(whyOpen(failed(1, twice, REFUSED), 0)).toContain('3 attempts in a row were not accepted');
  expect(whyOpen(failed(1, countAccepted(twice), REFUSED), 0)).toBeUndefined();
  expect(whyOpen(failed(1, failed(1, twice, LOST), REFUSED), 0)).toBeUndefined();
});

test('three failures in a row of any kind open, unless something is answered in between', () => {
  const twice = failed(2, started(3));

  expect(whyOpen(twice, 0)).toBeUndefined();
  expect(whyOpen(failed(1, twice), 0)).toBe('3 attempts in a row failed');
  expect(whyOpen(failed(1, countAccepted(twice), REFUSED), 0)).toBe('3 attempts in a row failed');
  expect(whyOpen(failed(1, countAnswer(twice)), 0)).toBeUndefined();
});

test('half failures count as half of one in a row', () => {
  expect(whyOpen(failed(5, started(6), CONFLICT), 0)).toBeUndefined();
  expect(whyOpen(failed(6, started(6), CONFLICT), 0)).toBe('3 attempts in a row failed');
  expect(whyOpen(failed(2, failed(2, started(4), CONFLICT)), 0)).toBe('3 attempts in a row failed');
});

test('half of the attempts open when they are enough to tell, and half failures count as half', () => {
  expect(whyOpen(failedAmongAnswers(4, started(4)), 0)).toBeUndefined();
  expect(whyOpen(failedAmongAnswers(5, started(10)), 0)).toContain('5 of 10');
  expect(whyOpen(failedAmongAnswers(4, started(10)), 0)).toBeUndefined();
  expect(whyOpen(failedAmongAnswers(9, started(10), CONFLICT), 0)).toBeUndefined();
  expect(whyOpen(failedAmongAnswers(10, started(10), CONFLICT), 0)).toContain('5 of 10');
});

test('attempts under way count, so that a few quick failures don’t outweigh many slow answers', () => {
  const counts = failed(5, started(100));
  const ended = Array.from({ length: 60 }).reduce<CircuitCounts>((before) => countEnd(before), counts);

  expect(whyOpen(counts, 0)).toBeUndefined();
  expect(whyOpen(ended, 0)).toBe('5 attempts in a row failed');
  expect(countEnd(NO_COUNTS)).toEqual(NO_COUNTS);
});

test('what is older than the window is forgotten, and the window is longer than a call', () => {
  const counts = failed(6, started(10));

  expect(whyOpen(counts, 240_000)).toContain('6 attempts');
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
