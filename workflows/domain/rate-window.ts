/**
 * A deployment's limits per minute, kept by all workers together: room is reserved before a call, settled by what it used, and
 * corrected by what the cloud says is left. Room comes back evenly, so that no minute begins with a burst.
 */

export interface RateLimits {
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
}

/** Room as of `atMs`; below zero when calls used more than was reserved for them. */
export interface RateWindow {
  readonly atMs: number;
  readonly requests: number;
  readonly tokens: number;
}

/** What the cloud said when the call began. */
export interface RateHint {
  readonly requestsRemaining?: number;
  readonly tokensRemaining?: number;
}

const MINUTE_MS = 60_000;

export function fullWindow(limits: RateLimits, nowMs: number): RateWindow {
  return { atMs: nowMs, requests: limits.requestsPerMinute ?? 0, tokens: limits.tokensPerMinute ?? 0 };
}

/** The room there is now. */
export function refillWindow(window: RateWindow, limits: RateLimits, nowMs: number): RateWindow {
  const minutes = Math.max(0, nowMs - window.atMs) / MINUTE_MS;
  const grow = (room: number, limit = 0): number => Math.min(limit, room + limit * minutes);
  return {
    atMs: Math.max(nowMs, window.atMs),
    requests: grow(window.requests, limits.requestsPerMinute),
    tokens: grow(window.tokens, limits.tokensPerMinute),
  };
}

/** How long until there is room for a call of that many tokens; 0: now. One above the whole limit waits for a full window. */
export function waitForRoom(window: RateWindow, limits: RateLimits, call: { tokens: number; nowMs: number }): number {
  const room = refillWindow(window, limits, call.nowMs);
  const wait = (has: number, needs: number, limit: number | undefined): number =>
    limit === undefined || has >= needs ? 0 : Math.ceil(((needs - has) / limit) * MINUTE_MS);
  const tokens = Math.min(call.tokens, limits.tokensPerMinute ?? 0);
  return Math.max(wait(room.requests, 1, limits.requestsPerMinute), wait(room.tokens, tokens, limits.tokensPerMinute));
}

/** Takes the room of one call; `waitForRoom` has said that there is some. */
export function reserveRoom(window: RateWindow, limits: RateLimits, call: { tokens: number; nowMs: number }): RateWindow {
  const room = refillWindow(window, limits, call.nowMs);
  return { ...room, requests: room.requests - 1, tokens: room.tokens - call.tokens };
}

/** Puts what was reserved for a call right: `requests` and `tokens` are given back, or taken when below zero. */
export function giveBack(
  window: RateWindow,
  limits: RateLimits,
  { requests, tokens, nowMs }: { requests: number; tokens: number; nowMs: number },
): RateWindow {
  const room = refillWindow(window, limits, nowMs);
  return {
    ...room,
    requests: Math.min(limits.requestsPerMinute ?? 0, room.requests + requests),
    tokens: Math.min(limits.tokensPerMinute ?? 0, room.tokens + tokens),
  };
}

/**
 * Follows the cloud: down at once, since others use the same quota; up by half of the way, since it has not yet counted the calls
 * under way. A hint of more than a minute ago says nothing.
 */
export function followHint(
  window: RateWindow,
  limits: RateLimits,
  { hint, saidMs, nowMs }: { hint: RateHint; saidMs: number; nowMs: number },
): RateWindow {
  const room = refillWindow(window, limits, nowMs);
  const ageMs = nowMs - saidMs;
  if (ageMs > MINUTE_MS) return room;
  const follow = (ours: number, said: number | undefined, limit = 0): number => {
    if (said === undefined) return ours;
    const theirs = Math.min(limit, said + (limit * ageMs) / MINUTE_MS);
    return theirs < ours ? theirs : (ours + theirs) / 2;
  };
  return {
    ...room,
    requests: follow(room.requests, hint.requestsRemaining, limits.requestsPerMinute),
    tokens: follow(room.tokens, hint.tokensRemaining, limits.tokensPerMinute),
  };
}
