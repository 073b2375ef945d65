/**
 * Frozen: policy 1, for tasks that were planned with it. Delete this folder when none of them runs any more.
 *
 * What to do after a failed attempt: the same deployment again, another one, wait, park, or give up. Pure: time and chance come
 * in as numbers, so the same inputs give the same decision and a replay stays true.
 */
import type { DeploymentHealth } from './deployment-health.ts';
import { avoidedUntil } from './deployment-health.ts';
import type { DeploymentId } from '../domain/ids.ts';
import { endpointOf } from '../domain/ids.ts';
import type { ModelFailure, ModelFailureKind } from '../domain/model-failure.ts';
import { describeFailure } from '../domain/model-failure.ts';
import type { Route } from '../domain/route.ts';

/** What a kind of failure allows. */
export interface FailoverRule {
  /** Further attempts on the same deployment within the turn. */
  readonly retriesInPlace: number;
  /** First pause before such a retry, doubled each time, when the server gave no hint; ms. */
  readonly backoffMs: number;
  readonly mayFailOver: boolean;
}

/**
 * retriesInPlace and backoffMs: connection blips and 5xx get one quick retry; a quota per minute gets two of 1 s and 2 s, as
 * Google advises at most two; what cannot change by itself (credentials, missing models, features) gets none.
 * invalid-request, content-filtered and context-overflow would fail everywhere: no failover, so that a bad request does not
 * storm through every cloud, and a refusal is not routed around.
 */
export const FAILOVER_RULES = {
  'rate-limited': { retriesInPlace: 2, backoffMs: 1_000, mayFailOver: true },
  'quota-exhausted': { retriesInPlace: 0, backoffMs: 0, mayFailOver: true },
  overloaded: { retriesInPlace: 1, backoffMs: 1_000, mayFailOver: true },
  unavailable: { retriesInPlace: 1, backoffMs: 200, mayFailOver: true },
  timeout: { retriesInPlace: 0, backoffMs: 0, mayFailOver: true },
  protocol: { retriesInPlace: 0, backoffMs: 0, mayFailOver: true },
  authentication: { retriesInPlace: 0, backoffMs: 0, mayFailOver: true },
  'not-found': { retriesInPlace: 0, backoffMs: 0, mayFailOver: true },
  unsupported: { retriesInPlace: 0, backoffMs: 0, mayFailOver: true },
  'invalid-transcript': { retriesInPlace: 0, backoffMs: 0, mayFailOver: true },
  held: { retriesInPlace: 0, backoffMs: 0, mayFailOver: true },
  ineligible: { retriesInPlace: 0, backoffMs: 0, mayFailOver: true },
  interrupted: { retriesInPlace: 1, backoffMs: 0, mayFailOver: true },
  'invalid-request': { retriesInPlace: 0, backoffMs: 0, mayFailOver: false },
  'context-overflow': { retriesInPlace: 0, backoffMs: 0, mayFailOver: false },
  'content-filtered': { retriesInPlace: 0, backoffMs: 0, mayFailOver: false },
} as const satisfies Record<ModelFailureKind, FailoverRule>;

/** Attempts of a turn before it parks: enough for one retry and every cloud, few enough not to hammer them. */
export const MAX_ATTEMPTS_PER_ROUND = 4;
/**
 * Times a turn may be sent again although the cloud took it, or may have, and its answer is lost: each may be billed twice.
 * One is the price of going on; a second loss in the same turn is a pattern that someone should look at.
 */
export const MAX_UNSAFE_REPLAYS_PER_TURN = 1;
/** A server's wait up to this long is waited out: moving costs a cold prompt cache and the reasoning so far. */
export const MAX_WAIT_IN_PLACE_MS = 10_000;

export interface FailedAttempt {
  readonly deployment: DeploymentId;
  readonly failure: ModelFailure;
}

export interface DecisionInput {
  readonly route: Route;
  /** Where the last turn was answered; it keeps the turn, so that cache and reasoning stay warm. */
  readonly current: DeploymentId | null;
  readonly health: readonly DeploymentHealth[];
  /** This turn's failed attempts, oldest first. */
  readonly failed: readonly FailedAttempt[];
  /** How many of them came after the last park. */
  readonly failedSincePark: number;
  readonly nowMs: number;
  readonly deadlineMs: number;
  /** In [0, 1), spreads the pauses. */
  readonly chance: number;
}

export type Decision =
  | { readonly kind: 'attempt'; readonly deployment: DeploymentId; readonly reason?: string }
  | { readonly kind: 'wait'; readonly deployment: DeploymentId; readonly untilMs: number; readonly reason: string }
  | { readonly kind: 'park'; readonly untilMs: number; readonly reason: string }
  | { readonly kind: 'give-up'; readonly reason: string };

/** The next step of a turn. */
export function decideNext(input: DecisionInput): Decision {
  const last = input.failed.at(-1);
  if (last === undefined || input.failedSincePark === 0) return begin(input);
  const rule = FAILOVER_RULES[last.failure.kind];
  const end = reasonToGiveUp(input, last, rule);
  if (end !== undefined) return { kind: 'give-up', reason: end };
  return (
    retryInPlace(input, last, rule) ??
    failOver(input, last) ??
    park(input, `no deployment can take the turn now; last: ${describeAttempt(last)}`)
  );
}

/** How many of these attempts were, or may have been, accepted by a cloud without their answer reaching us. */
export function countUnsafe(failed: readonly FailedAttempt[]): number {
  return failed.filter(({ failure }) => failure.acceptance !== 'not-accepted').length;
}

function begin(input: DecisionInput): Decision {
  if (input.nowMs >= input.deadlineMs) return { kind: 'give-up', reason: deadlineReason(input) };
  const preferred = inOrder(input);
  const usable = preferred.find((deployment) => avoidedUntil(input.health, deployment) <= input.nowMs);
  if (usable === undefined) return park(input, 'every deployment has failed lately');
  const first = preferred[0];
  if (usable === first || first === undefined) return { kind: 'attempt', deployment: usable };
  return { kind: 'attempt', deployment: usable, reason: `${endpointOf(first)} has failed lately` };
}

function reasonToGiveUp(input: DecisionInput, last: FailedAttempt, rule: FailoverRule): string | undefined {
  if (!rule.mayFailOver) return `${describeAttempt(last)}; no other cloud is asked after such an answer`;
  if (input.nowMs >= input.deadlineMs) return deadlineReason(input);
  const unsafe = countUnsafe(input.failed);
  if (unsafe > MAX_UNSAFE_REPLAYS_PER_TURN) {
    return `${unsafe} attempts of this turn were taken by a cloud and lost, and may be billed; last: ${describeAttempt(last)}`;
  }
  return undefined;
}

function retryInPlace(input: DecisionInput, last: FailedAttempt, rule: FailoverRule): Decision | undefined {
  // Only a request that was never taken is free to repeat in place; what our own lost worker sent says nothing against the cloud.
  if (last.failure.acceptance !== 'not-accepted' && last.failure.kind !== 'interrupted') return undefined;
  const earlier = input.failed.filter(
    ({ deployment, failure }) => deployment === last.deployment && failure.kind === last.failure.kind,
  ).length;
  if (earlier > rule.retriesInPlace || input.failedSincePark >= MAX_ATTEMPTS_PER_ROUND) return undefined;
  const backoffMs = rule.backoffMs * 2 ** (earlier - 1);
  // Half of the pause is chance, so that tasks throttled together do not come back together; a server's hint is a minimum.
  const pauseMs =
    last.failure.retryAfterMs === undefined
      ? Math.round(backoffMs * (0.5 + input.chance / 2))
      : last.failure.retryAfterMs + Math.round(100 * input.chance);
  if (pauseMs > MAX_WAIT_IN_PLACE_MS || input.nowMs + pauseMs >= input.deadlineMs) return undefined;
  const reason = `retry: ${describeAttempt(last)}`;
  if (pauseMs === 0) return { kind: 'attempt', deployment: last.deployment, reason };
  return { kind: 'wait', deployment: last.deployment, untilMs: input.nowMs + pauseMs, reason };
}

function failOver(input: DecisionInput, last: FailedAttempt): Decision | undefined {
  if (input.failedSincePark >= MAX_ATTEMPTS_PER_ROUND) return undefined;
  const triedInRound = input.failed.slice(-input.failedSincePark).map(({ deployment }) => deployment);
  const next = inOrder(input).find(
    (deployment) => !triedInRound.includes(deployment) && avoidedUntil(input.health, deployment) <= input.nowMs,
  );
  return next === undefined ? undefined : { kind: 'attempt', deployment: next, reason: `failover: ${describeAttempt(last)}` };
}

/** Until the first deployment may be tried again; at least a second, at most to the deadline. */
function park(input: DecisionInput, reason: string): Decision {
  const soonest = Math.min(...inOrder(input).map((deployment) => avoidedUntil(input.health, deployment)));
  const untilMs = Math.min(Math.max(soonest, input.nowMs + 1_000), input.deadlineMs);
  return { kind: 'park', untilMs, reason };
}

function inOrder(input: DecisionInput): readonly DeploymentId[] {
  const ids = input.route.deployments.map(({ id }) => id);
  return input.current !== null && ids.includes(input.current)
    ? [input.current, ...ids.filter((id) => id !== input.current)]
    : ids;
}

function describeAttempt({ deployment, failure }: FailedAttempt): string {
  return `${endpointOf(deployment)} ${describeFailure(failure)}`;
}

function deadlineReason(input: DecisionInput): string {
  const last = input.failed.at(-1);
  return last === undefined
    ? 'the deadline of the turn has passed'
    : `the deadline of the turn has passed; last: ${describeAttempt(last)}`;
}
