import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ModelFailure } from '../../workflows/domain/model-failure.ts';
import { classOf } from '../../workflows/domain/failure-class.ts';
import type { FailoverRule } from '../../workflows/domain/failover-rules.ts';
import { ATTEMPTS_PER_ROUND, FAILOVER_RULES } from '../../workflows/domain/failover-rules.ts';
import { decideNext } from '../../workflows/domain/failover.ts';
import type { DeploymentId } from '../../workflows/domain/ids.ts';
import type { Pin } from '../../workflows/domain/pin.ts';
import type { Route } from '../../workflows/domain/route.ts';
import type { RouteHealth } from '../../workflows/domain/route-health.ts';
import { activeNotice } from '../../workflows/domain/route-health.ts';
import type { TurnResult } from '../../workflows/model-turn.ts';
import { runModelTurn } from '../../workflows/model-turn.ts';
import { anAnswer, deploymentAt } from '../support/builders.ts';
import * as arbitrary from './turn-arbitraries.ts';

const BEGIN_MS = 1_800_000_000_000;
const DEADLINE_MS = BEGIN_MS + arbitrary.HOUR_MS;
/** Far more than an hour of parks holds: a turn that comes here spins. */
const MOST_STEPS = 2_000;
/** The clock goes back a few times, not for ever. */
const JUMPS_BACK = 5;
/** Temporal refuses a summary above 400 bytes; `turn 12 · <endpoint> · ` stands before it. */
const REASON_BYTES = 330;

interface Moment {
  readonly kind: 'attempt' | 'wait' | 'park';
  readonly atMs: number;
  /** Of an attempt. */
  readonly deployment?: DeploymentId;
  readonly pauseMs?: number;
  readonly failure?: ModelFailure;
  readonly health: RouteHealth;
  /** Of a wait or park. */
  readonly untilMs?: number;
  readonly reason: string;
}

const worlds = fc.record({
  route: arbitrary.route,
  steps: arbitrary.steps,
  first: arbitrary.snapshot,
  pin: arbitrary.pin,
  chances: arbitrary.chances,
  hourUsdMicros: arbitrary.hourUsdMicros,
  canPayTwice: fc.boolean(),
  /** The attempt that is answered; 0: none is. */
  answeredAt: fc.nat({ max: 12 }),
});
type World = typeof worlds extends fc.Arbitrary<infer Value> ? Value : never;

/** The turn as the workflow runs it, in a world whose clock moves by sleeping and calling alone. */
async function live(world: World): Promise<{ moments: readonly Moment[]; result: TurnResult; endedAtMs: number }> {
  let nowMs = BEGIN_MS;
  let health = arbitrary.toHealth(world.first, nowMs);
  let drawn = 0;
  let attempts = 0;
  let jumps = 0;
  const moments: Moment[] = [];
  const note = (moment: Omit<Moment, 'atMs' | 'health'>): void => {
    moments.push({ ...moment, atMs: nowMs, health });
    if (moments.length > MOST_STEPS) throw new Error('the turn spins');
  };
  const result = await runModelTurn(
    {
      route: world.route,
      policy: { version: 2, hourUsdMicros: world.hourUsdMicros },
      turn: 1,
      head: 'head',
      results: [],
      pin: toPin(world.pin),
      health,
      canPayTwice: world.canPayTwice,
    },
    {
      nowMs: () => nowMs,
      chance: () => world.chances[drawn++ % world.chances.length] ?? 0,
      tell: (event) => {
        if (event.kind === 'waiting') note({ kind: 'wait', untilMs: event.untilMs, reason: event.reason });
        if (event.kind === 'parked') note({ kind: 'park', untilMs: event.untilMs, reason: event.reason });
      },
      async sleepUntil(untilMs) {
        nowMs = Math.max(nowMs, untilMs);
      },
      async invokeModel({ deployment, pauseMs = 0 }, { reason = '' }) {
        attempts += 1;
        nowMs += pauseMs;
        const step = world.steps[(attempts - 1) % world.steps.length];
        if (step === undefined || attempts === world.answeredAt) {
          note({ kind: 'attempt', deployment, pauseMs, reason });
          return { kind: 'answered', answer: anAnswer() };
        }
        note({ kind: 'attempt', deployment, pauseMs, failure: step.failure, reason });
        if (step.tookMs < 0) jumps += 1;
        nowMs += step.tookMs < 0 && jumps > JUMPS_BACK ? -step.tookMs : step.tookMs;
        health = arbitrary.toHealth(step.snapshot, nowMs);
        return { kind: 'failed', failure: step.failure, health };
      },
    },
  );
  return { moments, result, endedAtMs: nowMs };
}

function toPin(raw: World['pin']): Pin | null {
  if (raw === null) return null;
  const { index, sinceMs, answeredAtMs, ...tokens } = raw;
  return { deployment: deploymentAt(`e${index}`), sinceMs: BEGIN_MS + sinceMs, answeredAtMs: BEGIN_MS + answeredAtMs, ...tokens };
}

function ruleOf({ deployments }: Route, { deployment, failure }: Moment): FailoverRule | undefined {
  if (failure === undefined) return undefined;
  return FAILOVER_RULES[
    classOf(
      failure,
      deployments.find(({ id }) => id === deployment),
    )
  ];
}

/** Holds after every turn, whatever the world. */
function checkTurn({ route, canPayTwice }: World, moments: readonly Moment[]): void {
  const attempts = moments.filter(({ kind }) => kind === 'attempt');
  for (const [index, attempt] of attempts.entries()) {
    const before = attempts.slice(0, index);
    const lost = before.filter(({ failure }) => failure?.acceptance !== 'not-accepted').length;
    expect(lost).toBeLessThanOrEqual(canPayTwice ? 1 : 0);
    expect(before.every((earlier) => ruleOf(route, earlier)?.failOver !== 'no')).toBe(true);
    checkPlace(route, attempt, before);
  }
  for (const [index, moment] of moments.entries()) checkMoment(route, moment, moments[index - 1]);
  for (const round of roundsOf(moments)) checkRound(route, round);
}

function checkPlace(route: Route, { deployment, health, atMs }: Moment, before: readonly Moment[]): void {
  expect(route.deployments.map(({ id }) => id)).toContain(deployment);
  if (deployment === undefined) return;
  // What is throttled has been waited out by now, so nothing at all may speak against it.
  expect(activeNotice(health, deployment, atMs)).toBeUndefined();
  if (before.some((earlier) => ruleOf(route, earlier)?.failOver === 'where-policy-names')) {
    expect(route.afterFilter ?? []).toContain(deployment);
  }
  const here = before.filter((earlier) => earlier.deployment === deployment);
  const sure = here.filter((earlier) => ruleOf(route, earlier)?.isFinal === true);
  for (const earlier of sure) expect(sure.length).toBeLessThanOrEqual(ruleOf(route, earlier)?.retriesInPlace ?? 0);
}

function checkMoment(route: Route, moment: Moment, previous: Moment | undefined): void {
  expect(moment.atMs).toBeLessThan(DEADLINE_MS);
  expect(moment.reason).not.toMatch(/NaN|Infinity|undefined|null|\[object/);
  expect(Buffer.byteLength(moment.reason)).toBeLessThanOrEqual(REASON_BYTES);
  if (moment.untilMs !== undefined) {
    expect(Number.isSafeInteger(moment.untilMs)).toBe(true);
    expect(moment.untilMs).toBeGreaterThan(moment.atMs);
    expect(moment.untilMs).toBeLessThanOrEqual(DEADLINE_MS);
  }
  // A pause that the worker makes is one that no operator would look for.
  expect(moment.pauseMs ?? 0).toBeLessThan(300);
  if ((moment.pauseMs ?? 0) > 0) expect(moment.reason).toMatch(/^retry: /);
  // Twice in a row, with neither a wait nor a park between: only where the row allows a retry, and the summary says so.
  if (moment.kind === 'attempt' && previous?.kind === 'attempt' && previous.deployment === moment.deployment) {
    expect(ruleOf(route, previous)?.retriesInPlace).toBeGreaterThan(0);
    expect(moment.reason).toMatch(/^retry: /);
  }
}

function roundsOf(moments: readonly Moment[]): readonly (readonly Moment[])[] {
  const rounds: Moment[][] = [[]];
  for (const moment of moments) {
    if (moment.kind === 'park') rounds.push([]);
    if (moment.kind === 'attempt') rounds.at(-1)?.push(moment);
  }
  return rounds;
}

function checkRound(route: Route, round: readonly Moment[]): void {
  const budgets = round.map((attempt) => ruleOf(route, attempt)?.budget);
  for (const [budget, most] of Object.entries(ATTEMPTS_PER_ROUND)) {
    expect(budgets.filter((spent) => spent === budget).length).toBeLessThanOrEqual(most);
  }
  // What was not sent costs nothing, but each deployment says so once only.
  const unsent = round.filter((attempt) => ruleOf(route, attempt)?.budget === 'none').map(({ deployment }) => deployment);
  expect(new Set(unsent).size).toBe(unsent.length);
}

test('every turn keeps its bounds, whatever fails, whatever is known and whatever the clock does', async () => {
  await fc.assert(
    fc.asyncProperty(worlds, async (world) => {
      const { moments, result, endedAtMs } = await live(world);

      checkTurn(world, moments);
      expect(result.kind === 'gave-up' ? result.reason : '').not.toMatch(/NaN|Infinity|undefined|\[object/);
      // The last call may outlast the deadline by its own length; here that is two minutes.
      expect(endedAtMs).toBeLessThanOrEqual(DEADLINE_MS + 120_000);
    }),
    { numRuns: 800 },
  );
});

test('a pause that a cloud asked this turn for is kept', async () => {
  await fc.assert(
    fc.asyncProperty(worlds, async (world) => {
      const steps = world.steps.map((step) => ({ ...step, tookMs: Math.abs(step.tookMs) }));
      const { moments } = await live({ ...world, steps });
      const attempts = moments.filter(({ kind }) => kind === 'attempt');

      for (const [index, { deployment, atMs }] of attempts.entries()) {
        for (const earlier of attempts.slice(0, index).filter((attempt) => attempt.deployment === deployment)) {
          expect(atMs).toBeGreaterThanOrEqual(earlier.atMs + (earlier.failure?.retryAfterMs ?? 0));
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('the same inputs give the same decision, byte for byte, and stay as they were', () => {
  const inputs = fc.record({
    route: arbitrary.route,
    failures: fc.array(fc.record({ failure: arbitrary.failure, index: fc.nat({ max: 5 }), agoMs: fc.nat({ max: 60_000 }) }), {
      maxLength: 6,
    }),
    snapshot: arbitrary.snapshot,
    pin: arbitrary.pin,
    parks: fc.nat({ max: 40 }),
    canPayTwice: fc.boolean(),
    chance: fc.double({ min: 0, max: 0.999_999, noNaN: true }),
    sincePark: fc.nat({ max: 6 }),
    slackMs: fc.integer({ min: -10, max: arbitrary.HOUR_MS }),
  });
  fc.assert(
    fc.property(inputs, ({ failures, snapshot, pin, sincePark, slackMs, ...rest }) => {
      const input = {
        ...rest,
        policy: { version: 2, hourUsdMicros: 1_000_000 } as const,
        pin: toPin(pin),
        health: arbitrary.toHealth(snapshot, BEGIN_MS),
        failed: failures.map(({ failure, index, agoMs }) => {
          const { deployments } = rest.route;
          const id = deployments[index % deployments.length]?.id ?? deploymentAt('e0');
          return { deployment: id, failure, atMs: BEGIN_MS - agoMs };
        }),
        failedSincePark: Math.min(sincePark, failures.length),
        nowMs: BEGIN_MS,
        deadlineMs: BEGIN_MS + slackMs,
      };
      const copy = structuredClone(input);

      const decision = decideNext(input);

      expect(JSON.stringify(decideNext(copy))).toBe(JSON.stringify(decision));
      expect(input).toEqual(copy);
      // History is JSON: what does not survive it would be decided differently in a replay.
      expect(JSON.parse(JSON.stringify(decision))).toStrictEqual(decision);
    }),
    { numRuns: 800 },
  );
});
