/** What a task has learnt of its deployments: which to leave alone, and until when. */
import type { DeploymentId } from '../domain/ids.ts';
import type { ModelFailure, ModelFailureKind } from '../domain/model-failure.ts';

export interface DeploymentHealth {
  readonly deployment: DeploymentId;
  /** Failures in a row that said something about the deployment. */
  readonly failures: number;
  readonly avoidUntilMs: number;
}

/** `firstMs` is doubled with each failure in a row, up to `longestMs`. */
interface Avoidance {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** An outage is probed again after 15 s and then ever less often, but at least every 5 minutes. */
const OUTAGE: Avoidance = { firstMs: 15_000, longestMs: 300_000 };
/** A minute's quota comes back within the minute. */
const THROTTLE: Avoidance = { firstMs: 1_000, longestMs: 60_000 };
/** Billing, credentials and configuration are mended by people. */
const MENDED_BY_PEOPLE: Avoidance = { firstMs: 300_000, longestMs: 3_600_000 };

/** `undefined`: the failure says nothing about the deployment. */
const AVOIDANCES = {
  'rate-limited': THROTTLE,
  'quota-exhausted': MENDED_BY_PEOPLE,
  overloaded: OUTAGE,
  unavailable: OUTAGE,
  timeout: OUTAGE,
  protocol: OUTAGE,
  authentication: MENDED_BY_PEOPLE,
  'not-found': MENDED_BY_PEOPLE,
  unsupported: MENDED_BY_PEOPLE,
  'invalid-transcript': undefined,
  interrupted: undefined,
  held: undefined,
  ineligible: undefined,
  'invalid-request': undefined,
  'context-overflow': undefined,
  'content-filtered': undefined,
} as const satisfies Record<ModelFailureKind, Avoidance | undefined>;

/** 0 when nothing speaks against the deployment. */
export function avoidedUntil(health: readonly DeploymentHealth[], deployment: DeploymentId): number {
  return health.find((entry) => entry.deployment === deployment)?.avoidUntilMs ?? 0;
}

/** What is known after a failure; a server's own hint makes the time longer, never shorter. */
export function noteFailure(
  health: readonly DeploymentHealth[],
  deployment: DeploymentId,
  { failure, nowMs }: { readonly failure: ModelFailure; readonly nowMs: number },
): readonly DeploymentHealth[] {
  const avoidance: Avoidance | undefined = AVOIDANCES[failure.kind];
  if (avoidance === undefined) return health;
  const failures = (health.find((entry) => entry.deployment === deployment)?.failures ?? 0) + 1;
  const ownMs = Math.min(avoidance.firstMs * 2 ** (failures - 1), avoidance.longestMs);
  const avoidMs = Math.max(ownMs, failure.retryAfterMs ?? 0);
  return [...without(health, deployment), { deployment, failures, avoidUntilMs: nowMs + avoidMs }];
}

/** An answer clears what was held against a deployment. */
export function noteSuccess(health: readonly DeploymentHealth[], deployment: DeploymentId): readonly DeploymentHealth[] {
  return health.some((entry) => entry.deployment === deployment) ? without(health, deployment) : health;
}

function without(health: readonly DeploymentHealth[], deployment: DeploymentId): readonly DeploymentHealth[] {
  return health.filter((entry) => entry.deployment !== deployment);
}
