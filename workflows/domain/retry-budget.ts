/**
 * How many retries an endpoint may be asked for by all tasks together: each takes tokens, each answer gives some back. An endpoint
 * that mostly fails runs out, and is then asked by first attempts alone. The numbers are those of the AWS SDKs' retry quota.
 */

export interface RetryBudget {
  readonly tokens: number;
  /** Stays until there are a few retries' tokens again, so that tasks don't all take the first one. */
  readonly isExhausted: boolean;
}

export type RetryCause = 'transient' | 'throttle';

const CAPACITY = 500;
const COSTS = { transient: 14, throttle: 5 } as const satisfies Record<RetryCause, number>;
const ANSWER_GIVES = 1;
const ENOUGH_AGAIN = 3 * COSTS.transient;

export const FULL_RETRY_BUDGET: RetryBudget = { tokens: CAPACITY, isExhausted: false };

/** Takes a retry's tokens; a budget that comes back as it is forbids it. */
export function spendRetry(budget: RetryBudget, cause: RetryCause): RetryBudget {
  if (budget.isExhausted) return budget;
  const tokens = budget.tokens - COSTS[cause];
  return { tokens, isExhausted: tokens < COSTS.transient };
}

/** An answer, or a retry that was not made after all: its cost comes back. */
export function refillRetries(budget: RetryBudget, cause: RetryCause | undefined): RetryBudget {
  if (budget.tokens >= CAPACITY) return budget;
  const tokens = Math.min(CAPACITY, budget.tokens + (cause === undefined ? ANSWER_GIVES : COSTS[cause]));
  return { tokens, isExhausted: budget.isExhausted && tokens < ENOUGH_AGAIN };
}
