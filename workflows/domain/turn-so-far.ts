/** What a turn has come through so far, and the questions that its next step asks of it. */
import type { FailureClass } from './failure-class.ts';
import { classOf } from './failure-class.ts';
import type { FailoverRule } from './failover-rules.ts';
import { FAILOVER_RULES } from './failover-rules.ts';
import type { DeploymentId } from './ids.ts';
import { endpointOf } from './ids.ts';
import type { ModelFailure } from './model-failure.ts';
import { describeFailure } from './model-failure.ts';
import type { Pin } from './pin.ts';
import type { Route } from './route.ts';
import type { RouteHealth } from './route-health.ts';
import { avoidedUntil } from './route-health.ts';
import type { TurnPolicy } from './turn-policy.ts';

export interface FailedAttempt {
  readonly deployment: DeploymentId;
  readonly failure: ModelFailure;
  /** When it failed: the pause that its cloud asked for counts from here. */
  readonly atMs: number;
}

export interface DecisionInput {
  readonly route: Route;
  readonly policy: TurnPolicy;
  readonly pin: Pin | null;
  readonly health: RouteHealth;
  /** This turn's failed attempts, oldest first. */
  readonly failed: readonly FailedAttempt[];
  /** How many of them came after the last park: a round. */
  readonly failedSincePark: number;
  readonly parks: number;
  /** Whether the task's budget has room for a generation that may have been paid already. */
  readonly canPayTwice: boolean;
  readonly nowMs: number;
  readonly deadlineMs: number;
  /** In [0, 1), spreads the pauses. */
  readonly chance: number;
}

/** A decision after a failure of this round. */
export interface Round extends DecisionInput {
  readonly last: FailedAttempt;
  readonly class: FailureClass;
  readonly rule: FailoverRule;
}

export function classAt({ route }: DecisionInput, { deployment, failure }: FailedAttempt): FailureClass {
  return classOf(
    failure,
    route.deployments.find(({ id }) => id === deployment),
  );
}

export function ruleAt(input: DecisionInput, attempt: FailedAttempt): FailoverRule {
  return FAILOVER_RULES[classAt(input, attempt)];
}

export function thisRound({ failed, failedSincePark }: Round): readonly FailedAttempt[] {
  return failed.slice(-failedSincePark);
}

export function isUsable({ health, nowMs }: DecisionInput, deployment: DeploymentId): boolean {
  return avoidedUntil(health, deployment) <= nowMs;
}

/** Whether this turn may still go there, now or later: a filtered one only where the policy names, and nowhere to a sure refusal. */
export function isAllowed(input: DecisionInput, deployment: DeploymentId): boolean {
  const { failed, route } = input;
  const isFiltered = failed.some((attempt) => ruleAt(input, attempt).failOver === 'where-policy-names');
  if (isFiltered && route.afterFilter?.includes(deployment) !== true) return false;
  const sure = failed.filter((attempt) => attempt.deployment === deployment && ruleAt(input, attempt).isFinal === true);
  return sure.every((attempt) => sure.length <= ruleAt(input, attempt).retriesInPlace);
}

/** Throttled twice in a row, in this turn or by what all workers know: a third try there would hardly be answered. */
export function isThrottledAgain(input: DecisionInput, deployment: DeploymentId): boolean {
  const { failed, health, nowMs } = input;
  const isKnown = health.notices.some((notice) => {
    return notice.deployment === deployment && notice.isRepeated === true && notice.untilMs > nowMs;
  });
  const lastTwo = failed.filter((attempt) => attempt.deployment === deployment).slice(-2);
  return isKnown || (lastTwo.length === 2 && lastTwo.every((attempt) => ruleAt(input, attempt).health === 'throttle'));
}

/** A deployment that refused the transcript's reasoning is sent none for the rest of the turn, whatever else fails there. */
export function healAt(input: DecisionInput, deployment: DeploymentId): { readonly dropReasoning?: true } {
  const isRefused = input.failed.some((attempt) => {
    return attempt.deployment === deployment && ruleAt(input, attempt).heal === 'drop-reasoning';
  });
  return isRefused ? { dropReasoning: true } : {};
}

/** How many of these attempts were, or may have been, accepted by a cloud without their answer reaching us. */
export function countUnsafe(failed: readonly FailedAttempt[]): number {
  return failed.filter(isUnsafe).length;
}

export function isUnsafe({ failure }: FailedAttempt): boolean {
  return failure.acceptance !== 'not-accepted';
}

export function describeAttempt({ deployment, failure }: FailedAttempt): string {
  return `${endpointOf(deployment)} ${describeFailure(failure)}`;
}
