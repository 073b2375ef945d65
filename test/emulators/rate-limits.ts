/** What is used up of an endpoint's limits per minute, and the headers that tell it. */
import type { EmulatedEndpoint } from './emulated-endpoints.ts';
import type { FaultOf } from './fault-plan.ts';

/** Far above what tests use: unless a fault says otherwise, nothing is throttled. */
const PLENTY = { requests: 100_000, tokens: 100_000_000, perMs: 60_000 };

export interface Allowance {
  readonly admitted: boolean;
  readonly resetMs: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Counts in fixed windows, the first of which begins with the first request. */
export class RateLimits {
  #windowStartMs = 0;
  #requests = 0;
  #tokens = 0;

  /** Counts the request when the limits allow it. */
  admit(endpoint: EmulatedEndpoint, tokens: number, limit: FaultOf<'rate-limit'> | undefined): Allowance {
    const { requests: maxRequests = PLENTY.requests, tokens: maxTokens = PLENTY.tokens, perMs } = limit ?? PLENTY;
    const nowMs = Date.now();
    if (nowMs - this.#windowStartMs >= perMs) [this.#windowStartMs, this.#requests, this.#tokens] = [nowMs, 0, 0];
    const admitted = this.#requests < maxRequests && this.#tokens + tokens <= maxTokens;
    if (admitted) {
      this.#requests += 1;
      this.#tokens += tokens;
    }
    const resetMs = this.#windowStartMs + perMs - nowMs;
    const reset = resetText(endpoint, resetMs);
    if (reset === undefined) return { admitted, resetMs, headers: {} };
    const headers = {
      'x-ratelimit-limit-requests': String(maxRequests),
      'x-ratelimit-limit-tokens': String(maxTokens),
      'x-ratelimit-remaining-requests': String(Math.max(0, maxRequests - this.#requests)),
      'x-ratelimit-remaining-tokens': String(Math.max(0, maxTokens - this.#tokens)),
      'x-ratelimit-reset-requests': reset,
      'x-ratelimit-reset-tokens': reset,
    };
    return { admitted, resetMs, headers };
  }
}

function resetText({ rateLimitHeaders }: EmulatedEndpoint, ms: number): string | undefined {
  switch (rateLimitHeaders) {
    case 'none':
      return undefined;
    case 'seconds':
      return String(Math.ceil(ms / 1_000));
    case 'durations': {
      const minutes = Math.floor(ms / 60_000);
      const rest = ms % 60_000;
      if (minutes > 0) return `${minutes}m${Math.floor(rest / 1_000)}s`;
      return rest < 1_000 ? `${rest}ms` : `${rest / 1_000}s`;
    }
  }
}
