/** A turn after its first failures, ready to be decided. */
import type { Decision } from '../../workflows/domain/failover.ts';
import { endpointOf } from '../../workflows/domain/ids.ts';
import type { ModelFailure } from '../../workflows/domain/model-failure.ts';
import { HEALTHY } from '../../workflows/domain/route-health.ts';
import { DEFAULT_TURN_POLICY } from '../../workflows/domain/turn-policy.ts';
import type { DecisionInput, FailedAttempt } from '../../workflows/domain/turn-so-far.ts';
import { aRoute, deploymentAt } from '../support/builders.ts';

export const NOW_MS = 1_000_000;

export function aDecisionInput(overrides: Partial<DecisionInput> = {}): DecisionInput {
  const failed = overrides.failed ?? [];
  return {
    route: aRoute('azure', 'aws', 'google'),
    policy: DEFAULT_TURN_POLICY,
    pin: null,
    health: HEALTHY,
    failed,
    failedSincePark: failed.length,
    parks: 0,
    canPayTwice: true,
    nowMs: NOW_MS,
    deadlineMs: NOW_MS + 3_600_000,
    chance: 0.5,
    ...overrides,
  };
}

export function failedAt(endpoint: string, failure: ModelFailure, atMs: number = NOW_MS): FailedAttempt {
  return { deployment: deploymentAt(endpoint), failure, atMs };
}

/** `retry`, `retry after 125`, `wait 375`, `-> aws`, `park` or `give-up`, relative to the endpoint that failed last. */
export function shorthand(decision: Decision, here: string): string {
  switch (decision.kind) {
    case 'attempt':
      if (endpointOf(decision.deployment) !== here) return `-> ${endpointOf(decision.deployment)}`;
      return decision.pauseMs === undefined ? 'retry' : `retry after ${decision.pauseMs}`;
    case 'wait':
      return `wait ${decision.untilMs - NOW_MS}${endpointOf(decision.deployment) === here ? '' : ` -> ${endpointOf(decision.deployment)}`}`;
    case 'park':
    case 'give-up':
      return decision.kind;
  }
}
