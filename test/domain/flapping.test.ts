import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DeploymentId } from '../../workflows/domain/ids.ts';
import type { Pin } from '../../workflows/domain/pin.ts';
import { CACHE_LIFE_MS } from '../../workflows/domain/pin.ts';
import type { Route } from '../../workflows/domain/route.ts';
import type { RouteHealth } from '../../workflows/domain/route-health.ts';
import { HEALTHY } from '../../workflows/domain/route-health.ts';
import { DEFAULT_TURN_POLICY } from '../../workflows/domain/turn-policy.ts';
import type { AttemptOutcome } from '../../workflows/model-turn.ts';
import { runModelTurn } from '../../workflows/model-turn.ts';
import { aDeployment, aFailure, anAnswer, MODEL } from '../support/builders.ts';

const TURNS = 100;
const MINUTE_MS = 60_000;
/** Its turns cost so much less that a return always pays. */
const PREFERRED = aDeployment({ endpoint: 'preferred' });
const SPARE = aDeployment({
  endpoint: 'spare',
  cloud: 'aws',
  price: {
    inputUsdMicrosPerMillion: 10_000_000,
    cachedInputUsdMicrosPerMillion: 5_000_000,
    outputUsdMicrosPerMillion: 500_000_000,
  },
});
const ROUTE: Route = { model: MODEL, deployments: [PREFERRED, SPARE] };

interface Flapping {
  readonly upMs: number;
  readonly downMs: number;
  readonly turnMs: number;
  readonly openMs: number;
  readonly chance: number;
}

/** Where each of 100 turns was answered, and how long they took, with a preferred cloud that comes and goes. */
async function liveThrough({ upMs, downMs, turnMs, openMs, chance }: Flapping) {
  let nowMs = 0;
  let pin: Pin | null = null;
  let health: RouteHealth = HEALTHY;
  const places: DeploymentId[] = [];
  const isDown = (): boolean => nowMs % (upMs + downMs) >= upMs;
  const invokeModel = async ({ deployment }: { deployment: DeploymentId }): Promise<AttemptOutcome> => {
    const notices = isDown() ? [{ deployment: PREFERRED.id, kind: 'open' as const, untilMs: nowMs + openMs }] : [];
    const told = { ...HEALTHY, notices };
    if (deployment === PREFERRED.id && isDown()) {
      return { kind: 'failed', failure: aFailure({ kind: 'overloaded', phase: 'headers', status: 503 }), health: told };
    }
    nowMs += turnMs;
    const usage = { inputTokens: 50_000, cachedInputTokens: 49_000, outputTokens: 500, reasoningTokens: 0 };
    return { kind: 'answered', answer: anAnswer({ usage }), health: told };
  };
  for (let turn = 1; turn <= TURNS; turn += 1) {
    const input = { route: ROUTE, policy: DEFAULT_TURN_POLICY, turn, head: 'head', results: [], pin, health, canPayTwice: true };
    const result = await runModelTurn(input, {
      invokeModel,
      nowMs: () => nowMs,
      chance: () => chance,
      tell: () => undefined,
      async sleepUntil(untilMs) {
        nowMs = Math.max(nowMs, untilMs);
      },
    });
    if (result.kind === 'gave-up') throw new Error(result.reason);
    ({ pin, health } = result);
    places.push(result.deployment);
  }
  return { places, tookMs: nowMs };
}

function countMoves(places: readonly DeploymentId[]): number {
  return places.filter((place, index) => index > 0 && place !== places[index - 1]).length;
}

test('a cloud that flaps every few minutes pulls a task back at most once in the life of a cache', async () => {
  const worlds = fc.record({
    upMs: fc.integer({ min: MINUTE_MS, max: 7 * MINUTE_MS }),
    downMs: fc.integer({ min: MINUTE_MS, max: 7 * MINUTE_MS }),
    turnMs: fc.integer({ min: 5_000, max: 3 * MINUTE_MS }),
    openMs: fc.integer({ min: 15_000, max: 5 * MINUTE_MS }),
    chance: fc.double({ min: 0, max: 0.99, noNaN: true }),
  });
  await fc.assert(
    fc.asyncProperty(worlds, async (world) => {
      const { places, tookMs } = await liveThrough(world);

      // Away, and then back and away again after each dwell.
      expect(countMoves(places)).toBeLessThanOrEqual(1 + 2 * Math.floor(tookMs / CACHE_LIFE_MS));
    }),
    { numRuns: 100 },
  );
});

test('a task comes back to the preferred cloud once that has been well for the life of a cache', async () => {
  const world = { upMs: 60 * 24 * MINUTE_MS, downMs: 10 * MINUTE_MS, turnMs: MINUTE_MS, openMs: 15_000, chance: 0 };
  const outage = await liveThrough({ ...world, upMs: 10 * MINUTE_MS, downMs: 20 * MINUTE_MS });
  const well = await liveThrough(world);

  expect(countMoves(well.places)).toBe(0);
  expect(outage.places.slice(0, 10).every((place) => place === PREFERRED.id)).toBe(true);
  // Away at minute 10; at minute 40 a new outage has just begun, so it goes back at minute 60.
  expect(outage.places.slice(11, 59).every((place) => place === SPARE.id)).toBe(true);
  expect(outage.places[61]).toBe(PREFERRED.id);
});
