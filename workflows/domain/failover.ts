/**
 * What to do next in a turn: attempt here or there, wait, park, or give up. Pure: time and chance come in as numbers, so the same
 * inputs give the same decision and a replay stays true. The table is `failover-rules.ts`.
 */
import type { FailureClass } from './failure-class.ts';
import { classOf } from './failure-class.ts';
import type { FailoverRule } from './failover-rules.ts';
import { ATTEMPTS_PER_ROUND, FAILOVER_RULES, MAX_UNSAFE_REPLAYS_PER_TURN } from './failover-rules.ts';
import type { DeploymentId } from './ids.ts';
import { endpointOf } from './ids.ts';
import type { ModelFailure } from './model-failure.ts';
import { describeFailure } from './model-failure.ts';
import type { Pin } from './pin.ts';
import { moveCostUsdMicros, orderForTurn } from './pin.ts';
import { formatUsd } from './price.ts';
import type { Deployment, Route } from './route.ts';
import type { RouteHealth } from './route-health.ts';
import { avoidedUntil } from './route-health.ts';
import type { TurnPolicy } from './turn-policy.ts';
import { waitOrMove } from './wait-or-move.ts';

export interface FailedAttempt {
  readonly deployment: DeploymentId;
  readonly failure: ModelFailure;
}

export interface DecisionInput {
  readonly route: Route;
  readonly policy: TurnPolicy;
  readonly pin: Pin | null;
  readonly health: RouteHealth;
  /** This turn's failed attempts, oldest first. */
  readonly failed: readonly FailedAttempt[];
  /** How many of them came after the last park. */
  readonly failedSincePark: number;
  readonly parks: number;
  /** Whether the task's budget has room for a generation that may have been paid already. */
  readonly canPayTwice: boolean;
  readonly nowMs: number;
  readonly deadlineMs: number;
  /** In [0, 1), spreads the pauses. */
  readonly chance: number;
}

export type Decision =
  | ({ readonly kind: 'attempt' } & NextAttempt)
  | ({ readonly kind: 'wait'; readonly untilMs: number } & NextAttempt & { readonly reason: string })
  | { readonly kind: 'park'; readonly untilMs: number; readonly reason: string }
  | { readonly kind: 'give-up'; readonly reason: string };

export interface NextAttempt {
  readonly deployment: DeploymentId;
  /** Why here, when it is not plain. */
  readonly reason?: string;
  /** Another attempt on the same deployment: it is taken from the endpoint's budget of retries. */
  readonly retry?: 'transient' | 'throttle';
  /** The cloud refused state that the transcript carries: it is sent without any. */
  readonly dropReasoning?: true;
}

/** A park without a known end is this long, doubled each time up to a minute: a cloud that is back is found soon. */
const PARK_MS = 1_000;
const LONGEST_PARK_MS = 60_000;

/** The next step of a turn. */
export function decideNext(input: DecisionInput): Decision {
  const last = input.failedSincePark === 0 ? undefined : input.failed.at(-1);
  if (input.nowMs >= input.deadlineMs) return giveUp(input, 'the deadline of the turn has passed');
  const refusal = reasonAgainstReplay(input);
  if (refusal !== undefined) return { kind: 'give-up', reason: refusal };
  if (last === undefined) return begin(input);
  const state: Round = { ...input, last, class: classAt(input, last), rule: ruleAt(input, last) };
  return retryInPlace(state) ?? failOver(state) ?? endRound(state);
}

/** How many of these attempts were, or may have been, accepted by a cloud without their answer reaching us. */
export function countUnsafe(failed: readonly FailedAttempt[]): number {
  return failed.filter(({ failure }) => failure.acceptance !== 'not-accepted').length;
}

/** A decision after a failure of this round. */
interface Round extends DecisionInput {
  readonly last: FailedAttempt;
  readonly class: FailureClass;
  readonly rule: FailoverRule;
}

function begin(input: DecisionInput): Decision {
  const { order, isReturn } = orderForTurn(input.route, input.pin, input);
  const first = order[0];
  const usable = order.find(({ id }) => isUsable(input, id));
  const notice = input.health.notices.find(({ deployment }) => deployment === first?.id);
  if (first !== undefined && notice?.kind === 'throttled') {
    const words = `${endpointOf(first.id)} is throttled`;
    const wait = waitIfCheaper(input, {
      next: { deployment: first.id },
      waitMs: notice.untilMs - input.nowMs,
      elsewhere: usable,
    });
    if (wait.choice === 'wait') return { ...wait.decision, reason: `${words}${wait.prices}` };
  }
  if (usable === undefined) return park(input, 'no deployment may be asked now');
  if (usable === first) {
    return { kind: 'attempt', deployment: usable.id, ...(isReturn ? { reason: 'return to the preferred deployment' } : {}) };
  }
  const why = first === undefined || notice === undefined ? {} : { reason: `${endpointOf(first.id)} is ${notice.kind}` };
  return { kind: 'attempt', deployment: usable.id, ...why };
}

function reasonAgainstReplay(input: DecisionInput): string | undefined {
  const last = input.failed.at(-1);
  const unsafe = countUnsafe(input.failed);
  if (last === undefined || unsafe === 0) return undefined;
  const lost = `${unsafe} attempts of this turn were taken by a cloud and lost, and may be billed; last: ${describeAttempt(last)}`;
  if (unsafe > MAX_UNSAFE_REPLAYS_PER_TURN) return lost;
  return input.canPayTwice ? undefined : `${lost}; the task's budget has no room for another one`;
}

function retryInPlace(state: Round): Decision | undefined {
  const { last, rule, failed, health } = state;
  const deployment = last.deployment;
  const earlier = failed.slice(-state.failedSincePark).filter((attempt) => {
    return attempt.deployment === deployment && classAt(state, attempt) === state.class;
  }).length;
  if (earlier > rule.retriesInPlace || isSpent(state)) return undefined;
  if (rule.budget !== 'interruptions' && health.withoutRetries.includes(endpointOf(deployment))) return undefined;
  // A throttled deployment is waited for below; one that others found broken, or are probing, is not.
  if (rule.health !== 'throttle' && !isUsable(state, deployment)) return undefined;
  const next = {
    deployment,
    ...(rule.budget === 'interruptions' ? {} : ({ retry: rule.health === 'throttle' ? 'throttle' : 'transient' } as const)),
    ...(rule.heal === 'drop-reasoning' ? { dropReasoning: true as const } : {}),
  };
  return pauseBefore(next, state, earlier);
}

/** The server's hint is a minimum; without one half of the pause is chance, so that tasks do not come back together. */
function pauseBefore(next: Pausing, state: Round, earlier: number): Decision | undefined {
  const { last, rule, chance } = state;
  const hint = last.failure.retryAfterMs;
  const own = Math.round(rule.backoffMs * 2 ** (earlier - 1) * (0.5 + chance / 2));
  const waitMs = hint === undefined ? own : hint + Math.round(100 * chance);
  const why = `retry: ${describeAttempt(last)}`;
  if (waitMs === 0) return { kind: 'attempt', ...next, reason: why };
  const wait = waitIfCheaper(state, { next, waitMs, elsewhere: candidates(state)[0] });
  if (wait.choice === 'move') return undefined;
  return { ...wait.decision, reason: hint === undefined ? why : `${why}${wait.prices}` };
}

type Pausing = Omit<NextAttempt, 'reason'>;

/** Weighs the pause against the cold cache of the deployment that would be asked instead. */
function waitIfCheaper(
  input: DecisionInput,
  { next, waitMs, elsewhere }: { next: Pausing; waitMs: number; elsewhere: Deployment | undefined },
) {
  const { nowMs, pin, policy, route } = input;
  const moveUsdMicros = elsewhere === undefined ? null : moveCostUsdMicros(pin, route, { to: elsewhere, nowMs });
  const { choice, waitUsdMicros } = waitOrMove({
    waitMs,
    slackMs: input.deadlineMs - nowMs,
    cacheAgeMs: pin?.deployment === next.deployment ? nowMs - pin.answeredAtMs : Infinity,
    hourUsdMicros: policy.hourUsdMicros,
    moveUsdMicros,
  });
  const prices = moveUsdMicros === null ? '' : `; waiting ${formatUsd(waitUsdMicros)}, moving ${formatUsd(moveUsdMicros)}`;
  return { choice, prices, decision: { kind: 'wait', ...next, untilMs: nowMs + waitMs } as const };
}

function failOver(state: Round): Decision | undefined {
  const next = isSpent(state) ? undefined : candidates(state)[0];
  return next === undefined
    ? undefined
    : { kind: 'attempt', deployment: next.id, reason: `failover: ${describeAttempt(state.last)}` };
}

/** Nobody else may be asked: park where a pause can help, give up where it cannot. */
function endRound(state: Round): Decision {
  if (state.rule.failOver === 'yes') {
    return park(state, `no deployment can take the turn now; last: ${describeAttempt(state.last)}`);
  }
  return { kind: 'give-up', reason: `${describeAttempt(state.last)}; no other cloud is asked after such an answer` };
}

/** Deployments that were not asked in this round and may be, the one least likely to fail for the same reason first. */
function candidates(state: Round): readonly Deployment[] {
  const { failed, failedSincePark, last, route, rule } = state;
  if (rule.failOver === 'no') return [];
  const tried = new Set(failed.slice(-failedSincePark).map(({ deployment }) => deployment));
  const allowed = rule.failOver === 'yes' ? undefined : (route.afterFilter ?? []);
  const here = route.deployments.find(({ id }) => id === last.deployment);
  const fit = route.deployments.filter(({ id }) => {
    return !tried.has(id) && isUsable(state, id) && (allowed === undefined || allowed.includes(id));
  });
  return here === undefined ? fit : fit.toSorted((left, right) => distance(state, here, left) - distance(state, here, right));
}

/** 0 before 1; the sort is stable, so the route's order decides the rest. */
function distance(state: Round, here: Deployment, there: Deployment): number {
  // Reserved capacity that is full: the same resource's standard deployment keeps the reasoning.
  if (state.class === 'reserved-full') return there.boundary === here.boundary ? 0 : 1;
  const { scope } = state.last.failure;
  return (scope === 'cloud' || scope === 'account') && there.cloud === here.cloud ? 1 : 0;
}

/** Until the first deployment may be asked again; at least a second, doubled with each park, at most to the deadline. */
function park(input: DecisionInput, reason: string): Decision {
  const { chance, deadlineMs, health, nowMs, parks, route } = input;
  const soonest = Math.min(...route.deployments.map(({ id }) => avoidedUntil(health, id)));
  const ownMs = Math.round(Math.min(PARK_MS * 2 ** parks, LONGEST_PARK_MS) * (1 + chance / 2));
  const untilMs = Math.min(Math.max(soonest, nowMs + ownMs), deadlineMs);
  const suspicion = health.isPanic ? '; most deployments fail at once: is our own network, clock or deploy at fault?' : '';
  return { kind: 'park', untilMs, reason: `${reason}${suspicion}` };
}

/** Whether the last failure's budget of attempts for this round is used up. */
function isSpent(state: Round): boolean {
  const { budget } = state.rule;
  if (budget === 'none') return false;
  const used = state.failed.slice(-state.failedSincePark).filter((attempt) => ruleAt(state, attempt).budget === budget).length;
  return used >= ATTEMPTS_PER_ROUND[budget];
}

function isUsable({ health, nowMs }: DecisionInput, deployment: DeploymentId): boolean {
  return avoidedUntil(health, deployment) <= nowMs;
}

function classAt({ route }: DecisionInput, { deployment, failure }: FailedAttempt): FailureClass {
  return classOf(
    failure,
    route.deployments.find(({ id }) => id === deployment),
  );
}

function ruleAt(input: DecisionInput, attempt: FailedAttempt): FailoverRule {
  return FAILOVER_RULES[classAt(input, attempt)];
}

function describeAttempt({ deployment, failure }: FailedAttempt): string {
  return `${endpointOf(deployment)} ${describeFailure(failure)}`;
}

function giveUp(input: DecisionInput, reason: string): Decision {
  const last = input.failed.at(-1);
  return { kind: 'give-up', reason: last === undefined ? reason : `${reason}; last: ${describeAttempt(last)}` };
}
