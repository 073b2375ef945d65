/** Random routes, failures, snapshots of health and clocks, and the worlds that a turn runs in. */
import fc from 'fast-check';
import { EMPTY_ANSWER_CODE, NOT_POLLED_CODE } from '../../workflows/domain/failure-class.ts';
import type { ModelFailure } from '../../workflows/domain/model-failure.ts';
import { MODEL_FAILURE_KINDS } from '../../workflows/domain/model-failure.ts';
import type { Deployment, Route } from '../../workflows/domain/route.ts';
import { CLOUDS } from '../../workflows/domain/route.ts';
import type { DeploymentNotice, RouteHealth } from '../../workflows/domain/route-health.ts';
import { aDeployment, deploymentAt, MODEL } from '../support/builders.ts';

const MOST_DEPLOYMENTS = 6;
export const HOUR_MS = 3_600_000;

const price = fc.record({
  inputUsdMicrosPerMillion: fc.integer({ min: 0, max: 50_000_000 }),
  cachedInputUsdMicrosPerMillion: fc.integer({ min: 0, max: 50_000_000 }),
  outputUsdMicrosPerMillion: fc.integer({ min: 0, max: 200_000_000 }),
});

const deployment = (endpoint: string): fc.Arbitrary<Deployment> =>
  fc
    .record({
      cloud: fc.constantFrom(...CLOUDS),
      boundary: fc.constantFrom('one', 'two', 'three'),
      price,
      isReserved: fc.boolean(),
    })
    .map(({ isReserved, ...rest }) => aDeployment({ endpoint, ...rest, ...(isReserved ? { capacity: 'reserved' } : {}) }));

export const route: fc.Arbitrary<Route> = fc
  .record({
    deployments: fc.integer({ min: 1, max: MOST_DEPLOYMENTS }).chain((count) => {
      return fc.tuple(...Array.from({ length: count }, (_, index) => deployment(`e${index}`)));
    }),
    afterFilter: fc.option(fc.subarray(Array.from({ length: MOST_DEPLOYMENTS }, (_, index) => `e${index}`)), { nil: undefined }),
  })
  .map(({ deployments, afterFilter }) => ({
    model: MODEL,
    deployments,
    ...(afterFilter === undefined ? {} : { afterFilter: afterFilter.map(deploymentAt) }),
  }));

const pauseMs = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 10_000, max: 3 * HOUR_MS }));

/** Any combination, the unlikely ones too; most were not accepted, so that a turn comes further than its second attempt. */
export const failure: fc.Arbitrary<ModelFailure> = fc.record(
  {
    kind: fc.constantFrom(...MODEL_FAILURE_KINDS),
    phase: fc.constantFrom('resolve', 'connect', 'tls', 'sent', 'headers', 'started', 'output', 'terminal'),
    acceptance: fc.constantFrom('not-accepted', 'not-accepted', 'not-accepted', 'not-accepted', 'unknown', 'accepted'),
    scope: fc.constantFrom('request', 'transcript', 'credential', 'deployment', 'model', 'account', 'cloud'),
    retryAfterMs: pauseMs,
    status: fc.constantFrom(200, 400, 408, 409, 429, 500, 502, 503, 504, 529),
    code: fc.constantFrom(NOT_POLLED_CODE, EMPTY_ANSWER_CODE, 'x'.repeat(80)),
  },
  { requiredKeys: ['kind', 'phase', 'acceptance', 'scope'] },
);

/** A snapshot as a worker gives it, its times relative to when it is given. */
export interface Snapshot {
  readonly notices: readonly {
    readonly index: number;
    readonly kind: DeploymentNotice['kind'];
    readonly inMs: number;
    readonly isRepeated: boolean;
  }[];
  readonly withoutRetries: readonly string[];
  readonly isPanic: boolean;
}

export const snapshot: fc.Arbitrary<Snapshot> = fc.record({
  notices: fc.array(
    fc.record({
      index: fc.nat({ max: MOST_DEPLOYMENTS - 1 }),
      kind: fc.constantFrom('open', 'throttled', 'probing', 'drained'),
      isRepeated: fc.boolean(),
      inMs: fc.oneof(fc.integer({ min: -5_000, max: 60_000 }), pauseMs),
    }),
    { maxLength: 4 },
  ),
  withoutRetries: fc.subarray(['e0', 'e1', 'e2']),
  isPanic: fc.boolean(),
});

export function toHealth({ notices, ...rest }: Snapshot, nowMs: number): RouteHealth {
  return {
    ...rest,
    notices: notices.map(({ index, kind, inMs, isRepeated }) => ({
      deployment: deploymentAt(`e${index}`),
      kind,
      untilMs: nowMs + inMs,
      ...(kind === 'throttled' && isRepeated ? { isRepeated } : {}),
    })),
  };
}

/** What the attempts of a turn come to; past the end it begins anew. `tookMs` below 0: the clock went back meanwhile. */
export const steps = fc.array(
  fc.record({ failure, snapshot, tookMs: fc.oneof(fc.integer({ min: -5_000, max: 0 }), fc.integer({ min: 0, max: 120_000 })) }),
  { minLength: 1, maxLength: 12 },
);

export const pin = fc.option(
  fc.record({
    index: fc.nat({ max: MOST_DEPLOYMENTS }),
    sinceMs: fc.integer({ min: -2 * HOUR_MS, max: 10_000 }),
    answeredAtMs: fc.integer({ min: -2 * HOUR_MS, max: 10_000 }),
    prefixTokens: fc.nat({ max: 1_000_000 }),
    outputTokens: fc.nat({ max: 100_000 }),
  }),
  { nil: null },
);

export const chances = fc.array(fc.double({ min: 0, max: 0.999_999, noNaN: true }), { minLength: 1, maxLength: 8 });
export const hourUsdMicros = fc.constantFrom(0, 1_000_000, 100_000_000, 1_000_000_000_000);
