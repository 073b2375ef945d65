/**
 * What to do next in a turn: attempt here or there, wait, park, or give up. Pure: time and chance come in as numbers, so the same
 * inputs give the same decision and a replay stays true. The table is `failover-rules.ts`.
 */
import type { FailoverRule } from './failover-rules.ts';
import { ATTEMPTS_PER_ROUND, MAX_UNSAFE_REPLAYS_PER_TURN } from './failover-rules.ts';
import type { DeploymentId } from './ids.ts';
import { endpointOf } from './ids.ts';
import { moveCostUsdMicros, orderForTurn } from './pin.ts';
import { formatUsd } from './price.ts';
import type { Deployment } from './route.ts';
import type { DeploymentNotice } from './route-health.ts';
import { activeNotice, avoidedUntil } from './route-health.ts';
import type { DecisionInput, Round } from './turn-so-far.ts';
import {
  classAt,
  countUnsafe,
  describeAttempt,
  healAt,
  isAllowed,
  isThrottledAgain,
  isUnsafe,
  isUsable,
  ruleAt,
  thisRound,
} from './turn-so-far.ts';
import { waitOrMove } from './wait-or-move.ts';

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
  /** The worker waits so long before it sends. */
  readonly pauseMs?: number;
}

/** A park without a known end is this long, doubled each time up to a minute: a cloud that is back is found soon. */
const PARK_MS = 1_000;
const LONGEST_PARK_MS = 60_000;
/** An operator who resumes an endpoint sees its tasks go on within seconds, however long it was drained. */
const LONGEST_DRAINED_PARK_MS = 8_000;
/** A timer of Temporal's takes about a second whatever its length: a pause below this is made by the worker that then sends. */
const SHORTEST_TIMER_MS = 300;

/** Failures of this health may be of more than the one deployment; a throttle is its own. */
const TELLS_OF_HEALTH: readonly FailoverRule['health'][] = ['failure', 'half-failure', 'open'];

const NOTICE_WORDS = {
  open: 'is left alone after failures',
  throttled: 'is throttled',
  probing: 'is being tried by another task',
  drained: 'is drained by an operator',
} as const satisfies Record<DeploymentNotice['kind'], string>;

/** The next step of a turn. */
export function decideNext(told: DecisionInput): Decision {
  const input = withOwnHints(told);
  const last = input.failedSincePark === 0 ? undefined : input.failed.at(-1);
  if (input.nowMs >= input.deadlineMs) return giveUp(input, 'the deadline of the turn has passed');
  const refusal = reasonAgainstReplay(input);
  if (refusal !== undefined) return { kind: 'give-up', reason: refusal };
  if (last === undefined) return begin(input);
  const state: Round = { ...input, last, class: classAt(input, last), rule: ruleAt(input, last) };
  return retryInPlace(state) ?? failOver(state) ?? endRound(state);
}

/** The pauses that clouds asked this turn for hold whether or not the workers share them. */
function withOwnHints(input: DecisionInput): DecisionInput {
  const hints = input.failed.flatMap(({ deployment, failure: { retryAfterMs = 0 }, atMs }) => {
    return retryAfterMs > 0 ? [{ deployment, kind: 'throttled' as const, untilMs: atMs + retryAfterMs }] : [];
  });
  return { ...input, health: { ...input.health, notices: [...input.health.notices, ...hints] } };
}

function begin(input: DecisionInput): Decision {
  const { order, isReturn } = orderNow(input);
  const first = order[0];
  const usable = order.find(({ id }) => isUsable(input, id));
  const notice = first === undefined ? undefined : activeNotice(input.health, first.id, input.nowMs);
  const why = notice === undefined ? undefined : `${endpointOf(notice.deployment)} ${NOTICE_WORDS[notice.kind]}`;
  if (notice?.kind === 'throttled') {
    const waitMs = notice.untilMs - input.nowMs + spreadMs(input);
    const wait = waitIfCheaper(input, { next: nextAt(input, notice.deployment), waitMs, elsewhere: usable });
    if (wait.choice === 'wait') return { ...wait.decision, reason: `${why}${wait.prices}` };
  }
  if (usable === undefined) return park(input, 'no deployment may be asked now');
  const reason = isReturn && usable === first ? 'return to the preferred deployment' : why;
  return { kind: 'attempt', ...nextAt(input, usable.id), ...(reason === undefined ? {} : { reason }) };
}

/** After a park those come first that this turn has asked least: each gets its chance, however long the route. */
function orderNow(input: DecisionInput): { readonly order: readonly Deployment[]; readonly isReturn: boolean } {
  const planned = orderForTurn(input.route, input.pin, input);
  if (input.failed.length === 0) return planned;
  const asked = ({ id }: Deployment): number => input.failed.filter(({ deployment }) => deployment === id).length;
  const allowed = planned.order.filter(({ id }) => isAllowed(input, id));
  return { order: allowed.toSorted((left, right) => asked(left) - asked(right)), isReturn: false };
}

function reasonAgainstReplay(input: DecisionInput): string | undefined {
  const last = input.failed.at(-1);
  const unsafe = countUnsafe(input.failed);
  if (last === undefined || unsafe === 0) return undefined;
  const lost = `${unsafe} of this turn's attempts may be billed without an answer; last: ${describeAttempt(last)}`;
  if (unsafe > MAX_UNSAFE_REPLAYS_PER_TURN) return lost;
  return input.canPayTwice ? undefined : `${lost}; the task's budget has no room for another one`;
}

function retryInPlace(state: Round): Decision | undefined {
  const { last, rule } = state;
  const earlier = thisRound(state).filter((attempt) => {
    return attempt.deployment === last.deployment && classAt(state, attempt) === state.class;
  }).length;
  if (earlier > rule.retriesInPlace || isSpent(state) || !mayRetry(state)) return undefined;
  const next = {
    ...nextAt(state, last.deployment),
    ...(isFreeRetry(rule) ? {} : ({ retry: rule.health === 'throttle' ? 'throttle' : 'transient' } as const)),
  };
  return pauseBefore(next, state, earlier);
}

/** What was our own fault, or is put right, says nothing of the endpoint and is not taken from its budget of retries. */
function isFreeRetry({ budget, heal }: FailoverRule): boolean {
  return budget === 'interruptions' || heal !== undefined;
}

function mayRetry(state: Round): boolean {
  const { last, rule, health, nowMs } = state;
  const notice = activeNotice(health, last.deployment, nowMs);
  // A pause that is asked for can be waited out; what others found broken, or are trying, is left alone.
  if (notice !== undefined && notice.kind !== 'throttled') return false;
  if (!isAllowed(state, last.deployment)) return false;
  if (isFreeRetry(rule)) return true;
  if (health.withoutRetries.includes(endpointOf(last.deployment))) return false;
  // The one unsafe replay is not spent where the first was lost while somebody else can be asked.
  return !(rule.health === 'failure' && isUnsafe(last) && candidates(state).length > 0);
}

/** A pause that is asked for is a minimum; most of our own is chance, so that tasks do not come back together. */
function pauseBefore(next: Pausing, state: Round, earlier: number): Decision | undefined {
  const { last, rule, chance, health, nowMs } = state;
  const own = Math.round(rule.backoffMs * 2 ** (earlier - 1) * (0.25 + chance * 0.75));
  const notice = activeNotice(health, last.deployment, nowMs);
  const asked = notice === undefined ? 0 : notice.untilMs - nowMs + spreadMs(state);
  const waitMs = Math.max(own, asked);
  const why = `retry: ${describeAttempt(last)}`;
  if (waitMs === 0) return { kind: 'attempt', ...next, reason: why };
  const wait = waitIfCheaper(state, { next, waitMs, elsewhere: candidates(state)[0] });
  if (wait.choice === 'move') return undefined;
  if (notice === undefined && waitMs < SHORTEST_TIMER_MS) return { kind: 'attempt', ...next, pauseMs: waitMs, reason: why };
  return { ...wait.decision, reason: notice === undefined ? why : `${why}${wait.prices}` };
}

/** Those who were told the same moment do not all come at it. */
function spreadMs({ chance }: DecisionInput): number {
  return Math.round(100 * chance);
}

function nextAt(input: DecisionInput, deployment: DeploymentId): Pausing {
  return { deployment, ...healAt(input, deployment) };
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
    isInVain: isThrottledAgain(input, next.deployment),
    waitMs,
    slackMs: input.deadlineMs - nowMs,
    cacheAgeMs: pin?.deployment === next.deployment ? Math.max(nowMs - pin.answeredAtMs, 0) : Infinity,
    hourUsdMicros: policy.hourUsdMicros,
    moveUsdMicros,
  });
  const prices = moveUsdMicros === null ? '' : `; waiting ${formatUsd(waitUsdMicros)}, moving ${formatUsd(moveUsdMicros)}`;
  return { choice, prices, decision: { kind: 'wait', ...next, untilMs: nowMs + waitMs } as const };
}

function failOver(state: Round): Decision | undefined {
  const next = isSpent(state) ? undefined : candidates(state)[0];
  if (next === undefined) return undefined;
  const how = state.rule.failOver === 'where-policy-names' ? "failover by the tenant's policy" : 'failover';
  return { kind: 'attempt', ...nextAt(state, next.id), reason: `${how}: ${describeAttempt(state.last)}` };
}

/** Nobody else may be asked: park where a pause can help, give up where it cannot. */
function endRound(state: Round): Decision {
  const last = describeAttempt(state.last);
  if (state.route.deployments.some(({ id }) => state.rule.failOver !== 'no' && isAllowed(state, id))) {
    return park(state, `no deployment can take the turn now; last: ${last}`);
  }
  const why =
    state.rule.failOver === 'yes' ? 'no deployment takes the turn as it is' : 'no other cloud is asked after such an answer';
  return { kind: 'give-up', reason: `${last}; ${why}` };
}

/** Deployments that were not asked in this round and may be, the one least likely to fail for the same reason first. */
function candidates(state: Round): readonly Deployment[] {
  const { last, route, rule } = state;
  if (rule.failOver === 'no') return [];
  const tried = new Set(thisRound(state).map(({ deployment }) => deployment));
  const here = route.deployments.find(({ id }) => id === last.deployment);
  return route.deployments
    .filter(({ id }) => !tried.has(id) && isAllowed(state, id) && isUsable(state, id))
    .toSorted((left, right) => distance(state, here, left) - distance(state, here, right));
}

/** The smaller first; the sort is stable, so the route's order decides the rest. */
function distance(state: Round, here: Deployment | undefined, there: Deployment): number {
  return 2 * causeDistance(state, here, there) + (mayFailAlike(state, there) ? 1 : 0);
}

/** What broke one deployment may break whatever stands on the same region, identity or edge. */
function mayFailAlike(state: Round, { failureDomains = [] }: Deployment): boolean {
  if (failureDomains.length === 0) return false;
  return thisRound(state).some((attempt) => {
    if (!TELLS_OF_HEALTH.includes(ruleAt(state, attempt).health)) return false;
    const broken = state.route.deployments.find(({ id }) => id === attempt.deployment)?.failureDomains ?? [];
    return broken.some((domain) => failureDomains.includes(domain));
  });
}

function causeDistance(state: Round, here: Deployment | undefined, there: Deployment): number {
  // Reserved capacity that is full: the same resource's standard deployment keeps the reasoning.
  if (state.class === 'reserved-full') return there.boundary === here?.boundary ? 0 : 1;
  return thisRound(state).some(({ deployment, failure: { scope } }) => {
    const cloud = state.route.deployments.find(({ id }) => id === deployment)?.cloud;
    return (scope === 'cloud' || scope === 'account') && there.cloud === cloud;
  })
    ? 1
    : 0;
}

/** Until the first deployment may be asked again; at least a second, doubled with each park, at most to the deadline. */
function park(input: DecisionInput, reason: string): Decision {
  const { chance, deadlineMs, health, nowMs, parks, route } = input;
  const allowed = route.deployments.filter(({ id }) => isAllowed(input, id));
  const soonest = Math.min(...allowed.map(({ id }) => avoidedUntil(health, id)));
  // Nothing is learnt while parked: what is known now will still hold at the deadline.
  if (soonest >= deadlineMs) return giveUp(input, 'no deployment may be asked before the deadline of the turn');
  const drained = allowed.filter(({ id }) => activeNotice(health, id, nowMs)?.kind === 'drained').length;
  const longestMs = drained === allowed.length ? LONGEST_DRAINED_PARK_MS : LONGEST_PARK_MS;
  const ownMs = Math.round(Math.min(PARK_MS * 2 ** parks, longestMs) * (1 + chance / 2));
  const untilMs = Math.min(Math.max(soonest + spreadMs(input), nowMs + ownMs), deadlineMs);
  const suspicion = health.isPanic ? '; most deployments fail at once: is our own network, clock or deploy at fault?' : '';
  return { kind: 'park', untilMs, reason: `${reason}${drainWords(drained, allowed.length)}${suspicion}` };
}

function drainWords(drained: number, all: number): string {
  if (drained === 0) return '';
  return `; ${drained === all ? 'all' : `${drained} of ${all}`} drained by an operator`;
}

/** Whether the last failure's budget of attempts for this round is used up. */
function isSpent(state: Round): boolean {
  const { budget } = state.rule;
  if (budget === 'none') return false;
  const used = thisRound(state).filter((attempt) => ruleAt(state, attempt).budget === budget).length;
  return used >= ATTEMPTS_PER_ROUND[budget];
}

function giveUp(input: DecisionInput, reason: string): Decision {
  const last = input.failed.at(-1);
  return { kind: 'give-up', reason: last === undefined ? reason : `${reason}; last: ${describeAttempt(last)}` };
}
