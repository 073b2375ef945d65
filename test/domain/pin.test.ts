import { describe, expect, test } from 'vitest';
import type { Pin } from '../../workflows/domain/pin.ts';
import { CACHE_LIFE_MS, moveCostUsdMicros, orderForTurn, pinAfter } from '../../workflows/domain/pin.ts';
import type { Route } from '../../workflows/domain/route.ts';
import { HEALTHY } from '../../workflows/domain/route-health.ts';
import { aDeployment, aRoute, deploymentAt, MODEL } from '../support/builders.ts';

const NOW_MS = 10_000_000;
const cheap = aDeployment({ endpoint: 'cheap' });
const dear = aDeployment({
  endpoint: 'dear',
  price: {
    inputUsdMicrosPerMillion: 10_000_000,
    cachedInputUsdMicrosPerMillion: 1_000_000,
    outputUsdMicrosPerMillion: 50_000_000,
  },
});
const ROUTE: Route = { model: MODEL, deployments: [cheap, dear] };

function aPin(overrides: Partial<Pin> = {}): Pin {
  return {
    deployment: dear.id,
    sinceMs: NOW_MS - CACHE_LIFE_MS,
    answeredAtMs: NOW_MS - 1_000,
    prefixTokens: 100_000,
    outputTokens: 1_000,
    ...overrides,
  };
}

function firstOf(pin: Pin | null, route: Route = ROUTE): string | undefined {
  return orderForTurn(route, pin, { health: HEALTHY, nowMs: NOW_MS }).order[0]?.endpoint;
}

describe('the first deployment of a turn', () => {
  test('is the best one before anything was answered, and when the pinned one is not in the route any more', () => {
    expect(firstOf(null)).toBe('cheap');
    expect(firstOf(aPin({ deployment: deploymentAt('gone') }))).toBe('cheap');
  });

  test('is the better one when staying costs more than its cold cache, after the life of the cache', () => {
    expect(firstOf(aPin())).toBe('cheap');
    expect(firstOf(aPin({ sinceMs: NOW_MS - CACHE_LIFE_MS + 1 }))).toBe('dear');
  });

  test('is the pinned one while it is warm and the better one costs the same', () => {
    expect(firstOf(aPin({ deployment: deploymentAt('aws'), sinceMs: 0 }), aRoute('azure', 'aws'))).toBe('aws');
  });

  test('is the better one when nothing is warm any more', () => {
    const cold = aPin({ deployment: deploymentAt('aws'), answeredAtMs: NOW_MS - CACHE_LIFE_MS });

    expect(firstOf(cold, aRoute('azure', 'aws'))).toBe('azure');
  });

  test('stays the pinned one while the better one is to be left alone', () => {
    const notices = [{ deployment: cheap.id, kind: 'probing', untilMs: NOW_MS + 1 }] as const;

    expect(orderForTurn(ROUTE, aPin(), { health: { ...HEALTHY, notices }, nowMs: NOW_MS }).order[0]).toBe(dear);
  });

  test('stays the pinned one when the clock has gone back', () => {
    expect(firstOf(aPin({ sinceMs: NOW_MS + 60_000, answeredAtMs: NOW_MS + 60_000 }))).toBe('dear');
  });
});

describe('what a move costs', () => {
  test('is the prefix written cold instead of read warm', () => {
    const pin = aPin({ deployment: cheap.id });

    // 100,000 tokens at 10 × 1.25 dollars a million instead of 0.10.
    expect(moveCostUsdMicros(pin, ROUTE, { to: dear, nowMs: NOW_MS })).toBe(1_240_000);
  });

  test('is nothing without a warm cache, and to where it is warm', () => {
    expect(moveCostUsdMicros(null, ROUTE, { to: dear, nowMs: NOW_MS })).toBe(0);
    expect(moveCostUsdMicros(aPin(), ROUTE, { to: dear, nowMs: NOW_MS })).toBe(0);
    expect(moveCostUsdMicros(aPin(), ROUTE, { to: cheap, nowMs: NOW_MS + CACHE_LIFE_MS })).toBe(0);
  });
});

test('a pin remembers since when it is there, and the conversation as it is now', () => {
  const usage = { inputTokens: 900, cachedInputTokens: 800, outputTokens: 100, reasoningTokens: 50 };
  const pin = aPin();

  expect(pinAfter(pin, dear.id, { usage, nowMs: NOW_MS })).toEqual({
    deployment: dear.id,
    sinceMs: pin.sinceMs,
    answeredAtMs: NOW_MS,
    prefixTokens: 1_000,
    outputTokens: 100,
  });
  expect(pinAfter(pin, cheap.id, { usage, nowMs: NOW_MS }).sinceMs).toBe(NOW_MS);
});
