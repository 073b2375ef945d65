import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RetryBudget, RetryCause } from '../../workflows/domain/retry-budget.ts';
import { FULL_RETRY_BUDGET, refillRetries, spendRetry } from '../../workflows/domain/retry-budget.ts';

function spend(times: number, cause: RetryCause): RetryBudget {
  return Array.from({ length: times }).reduce<RetryBudget>((budget) => spendRetry(budget, cause), FULL_RETRY_BUDGET);
}

test('500 tokens pay for 35 retries after failures or 98 after throttles', () => {
  expect(spend(34, 'transient')).toEqual({ tokens: 24, isExhausted: false });
  expect(spend(35, 'transient')).toEqual({ tokens: 10, isExhausted: true });
  expect(spend(36, 'transient')).toEqual(spend(35, 'transient'));
  expect(spend(98, 'throttle')).toEqual({ tokens: 10, isExhausted: true });
});

test('an exhausted budget allows retries again only when there is room for several', () => {
  let budget = spend(35, 'transient');
  for (let answers = 0; answers < 31; answers += 1) budget = refillRetries(budget, undefined);

  expect(budget).toEqual({ tokens: 41, isExhausted: true });
  expect(spendRetry(budget, 'throttle')).toBe(budget);
  expect(refillRetries(budget, undefined)).toEqual({ tokens: 42, isExhausted: false });
});

test('a retry that succeeds costs nothing, and the budget never leaves its bounds', () => {
  const use = fc.record({ isRefill: fc.boolean(), cause: fc.constantFrom('transient', 'throttle') });
  fc.assert(
    fc.property(fc.array(use, { maxLength: 300 }), (uses) => {
      let budget = FULL_RETRY_BUDGET;
      for (const { isRefill, cause } of uses) {
        budget = isRefill ? refillRetries(budget, cause) : spendRetry(budget, cause);
        expect(budget.tokens).toBeGreaterThanOrEqual(0);
        expect(budget.tokens).toBeLessThanOrEqual(FULL_RETRY_BUDGET.tokens);
      }
    }),
  );
  expect(refillRetries(spendRetry(FULL_RETRY_BUDGET, 'transient'), 'transient')).toEqual(FULL_RETRY_BUDGET);
});
