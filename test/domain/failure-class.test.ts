import { expect, test } from 'vitest';
import { classOf, EMPTY_ANSWER_CODE, NOT_POLLED_CODE } from '../../workflows/domain/failure-class.ts';
import type { ModelFailure } from '../../workflows/domain/model-failure.ts';
import { aFailure } from '../support/builders.ts';

test.each<[Partial<ModelFailure>, string]>([
  [{ phase: 'resolve' }, 'unreachable'],
  [{ phase: 'resolve', code: NOT_POLLED_CODE }, 'not-polled'],
  [{ phase: 'sent' }, 'lost-after-send'],
  [{ phase: 'headers', status: 409 }, 'conflict'],
  [{ phase: 'headers', status: 424 }, 'internal-error'],
  [{ phase: 'headers', status: 502 }, 'gateway-error'],
  [{ phase: 'started', status: 200 }, 'internal-error'],
  [{ kind: 'timeout', phase: 'connect' }, 'unreachable'],
  [{ kind: 'timeout', phase: 'sent' }, 'lost-after-send'],
  [{ kind: 'timeout', phase: 'headers', status: 200 }, 'slow-first-event'],
  [{ kind: 'timeout', phase: 'started', status: 200 }, 'stream-broken'],
  [{ kind: 'timeout', phase: 'headers', status: 504 }, 'gateway-error'],
  [{ kind: 'timeout', phase: 'headers', status: 408 }, 'conflict'],
  [{ kind: 'protocol', phase: 'output' }, 'stream-broken'],
  [{ kind: 'protocol', phase: 'terminal', code: EMPTY_ANSWER_CODE }, 'empty-answer'],
  [{ kind: 'held' }, 'held'],
  [{ kind: 'ineligible' }, 'ineligible'],
])('%j is %s', (failure, expected) => {
  expect(classOf(aFailure(failure))).toBe(expected);
});

test('a 429 of reserved capacity is no quota, any other failure of it is what it always is', () => {
  expect(classOf(aFailure({ kind: 'rate-limited' }), { capacity: 'reserved' })).toBe('reserved-full');
  expect(classOf(aFailure({ kind: 'rate-limited' }), {})).toBe('rate-limited');
  expect(classOf(aFailure({ kind: 'quota-exhausted' }), { capacity: 'reserved' })).toBe('quota-exhausted');
});
