/** The decision table as data: one row for each class of failure. `failover.ts` reads it for a turn, `circuit.ts` for the others. */
import type { FailureClass } from './failure-class.ts';

/** What a class of failure allows. */
export interface FailoverRule {
  /** Further attempts on the same deployment within a round. */
  readonly retriesInPlace: number;
  /** Longest first pause before such a retry, doubled each time; a quarter of it is sure, the rest is chance. ms. */
  readonly backoffMs: number;
  readonly failOver: 'yes' | 'no' | 'where-policy-names';
  /** Which of the turn's budgets of attempts it is taken from. `none`: nothing was sent. */
  readonly budget: 'cloud-errors' | 'rate-limits' | 'interruptions' | 'none';
  /**
   * What it says of the deployment to every other task: `failure` and `half-failure` count towards opening a circuit, `open` opens
   * it at once, `throttle` slows down without opening, `surge` counts only when several tasks see it, `none` says nothing.
   */
  readonly health: 'failure' | 'half-failure' | 'open' | 'throttle' | 'surge' | 'none';
  /** Put right before the retry in place. */
  readonly heal?: 'drop-reasoning';
  /** The same request gets the same answer there: once its retries are used, the deployment is out for the rest of the turn. */
  readonly isFinal?: true;
}

/** Attempts that did not even reach a model, or whose fault is ours. */
const NOTHING_SENT = { retriesInPlace: 0, backoffMs: 0, failOver: 'yes', budget: 'none', health: 'none' } as const;
const MOVE_ON = { retriesInPlace: 0, backoffMs: 0, failOver: 'yes', budget: 'cloud-errors', health: 'failure' } as const;
const FAILS_EVERYWHERE = { retriesInPlace: 0, backoffMs: 0, failOver: 'no', budget: 'cloud-errors', health: 'none' } as const;

/**
 * A blip of the network gets one retry within 0.2 s; a refusal for lack of capacity one within a second; a quota per minute two
 * within 1 s and 2 s, as Google advises. What cannot change by itself gets none. What was lost after sending is never sent again in
 * place: another deployment is at least another chance; so with a 500 while another one can be asked, since one unsafe replay is all
 * that a turn has. A request that is wrong, too long or filtered fails everywhere, and must not storm through every cloud.
 */
export const FAILOVER_RULES = {
  unreachable: { ...MOVE_ON, retriesInPlace: 1, backoffMs: 200 },
  'lost-after-send': MOVE_ON,
  'slow-first-event': MOVE_ON,
  'rate-limited': { retriesInPlace: 2, backoffMs: 1_000, failOver: 'yes', budget: 'rate-limits', health: 'throttle' },
  'reserved-full': { retriesInPlace: 0, backoffMs: 0, failOver: 'yes', budget: 'rate-limits', health: 'throttle' },
  'quota-exhausted': { retriesInPlace: 0, backoffMs: 0, failOver: 'yes', budget: 'rate-limits', health: 'open' },
  overloaded: { ...MOVE_ON, retriesInPlace: 1, backoffMs: 1_000 },
  'internal-error': { ...MOVE_ON, retriesInPlace: 1, backoffMs: 1_000 },
  'gateway-error': MOVE_ON,
  conflict: { ...MOVE_ON, retriesInPlace: 1, backoffMs: 500, health: 'half-failure' },
  authentication: { ...MOVE_ON, health: 'open' },
  'not-found': { ...MOVE_ON, health: 'open' },
  unsupported: { ...MOVE_ON, health: 'surge', isFinal: true },
  'invalid-transcript': { ...MOVE_ON, retriesInPlace: 1, health: 'none', heal: 'drop-reasoning', isFinal: true },
  'context-overflow': FAILS_EVERYWHERE,
  'invalid-request': { ...FAILS_EVERYWHERE, health: 'surge' },
  'content-filtered': { ...FAILS_EVERYWHERE, failOver: 'where-policy-names', isFinal: true },
  'stream-broken': MOVE_ON,
  'empty-answer': { ...MOVE_ON, retriesInPlace: 1, health: 'half-failure' },
  // Our own lost worker says nothing against the cloud: the same deployment has the warm cache.
  interrupted: { retriesInPlace: 15, backoffMs: 0, failOver: 'yes', budget: 'interruptions', health: 'none' },
  'not-polled': NOTHING_SENT,
  held: NOTHING_SENT,
  // A fact, the policy or the configuration changed since the route was planned: no wait makes it right within the turn.
  ineligible: { ...NOTHING_SENT, isFinal: true },
} as const satisfies Record<FailureClass, FailoverRule>;

/**
 * Attempts that a turn may spend on each cause between two parks: enough for one retry and every cloud, few enough not to hammer
 * them. Interruptions have a budget of their own, so that a train of deploys does not use up what is meant for outages.
 */
export const ATTEMPTS_PER_ROUND = { 'cloud-errors': 4, 'rate-limits': 4, interruptions: 15 } as const satisfies Record<
  Exclude<FailoverRule['budget'], 'none'>,
  number
>;

/**
 * Times a turn may be sent again although the cloud took it, or may have, and its answer is lost: each may be billed twice.
 * One is the price of going on; a second loss in the same turn is a pattern that someone should look at.
 */
export const MAX_UNSAFE_REPLAYS_PER_TURN = 1;
