import { describe, expect, test } from 'vitest';
import { NOT_POLLED_CODE } from '../../workflows/domain/failure-class.ts';
import type { ModelFailure } from '../../workflows/domain/model-failure.ts';
import type { RouteHealth } from '../../workflows/domain/route-health.ts';
import { HEALTHY } from '../../workflows/domain/route-health.ts';
import { DEFAULT_TURN_POLICY } from '../../workflows/domain/turn-policy.ts';
import type { AttemptOutcome, TurnInput } from '../../workflows/model-turn.ts';
import { runModelTurn } from '../../workflows/model-turn.ts';
import { aFailure, anAnswer, aRoute, deploymentAt } from '../support/builders.ts';
import type { ScriptedEffects } from './scripted-effects.ts';
import { scriptedEffects } from './scripted-effects.ts';

const ANSWER: AttemptOutcome = { kind: 'answered', answer: anAnswer() };

function aTurn(overrides: Partial<TurnInput> = {}): TurnInput {
  return {
    route: aRoute('azure', 'aws', 'google'),
    policy: DEFAULT_TURN_POLICY,
    turn: 3,
    head: 'head',
    results: [],
    pin: null,
    health: HEALTHY,
    canPayTwice: true,
    ...overrides,
  };
}

/** Failures first, then answers. */
function failingFirst(...failures: readonly Partial<ModelFailure>[]): ScriptedEffects {
  return scriptedEffects({
    outcomes: [...failures.map((failure) => ({ kind: 'failed', failure: aFailure(failure) }) as const), ANSWER],
  });
}

function endpointsOf({ attempts }: ScriptedEffects): readonly string[] {
  return attempts.map(({ deployment }) => deployment);
}

describe('a turn', () => {
  test('moves to the next deployment when one is down, and says why', async () => {
    const effects = failingFirst({ kind: 'timeout', phase: 'headers', acceptance: 'accepted' });

    const result = await runModelTurn(aTurn(), effects);

    expect(result).toMatchObject({ kind: 'answered', deployment: deploymentAt('aws') });
    expect(effects.reasons[1]).toBe('failover: azure timeout (headers)');
  });

  test('waits out a short Retry-After on the same deployment, and takes it from the budget of retries', async () => {
    const effects = failingFirst({ kind: 'rate-limited', status: 429, retryAfterMs: 2_000 });

    await runModelTurn(aTurn(), effects);

    expect(endpointsOf(effects)).toEqual([deploymentAt('azure'), deploymentAt('azure')]);
    expect(effects.sleeps).toMatchObject([
      { ms: 2_000, reason: expect.stringMatching(/^turn 3 · retry: azure rate-limited: 429/) },
    ]);
    expect(effects.attempts.map(({ retry }) => retry)).toEqual([undefined, 'throttle']);
  });

  test('leaves a pause too short for a timer to the worker, and one that can be seen to a timer', async () => {
    const limited = { kind: 'rate-limited', status: 429, phase: 'headers' } as const;
    const effects = failingFirst(limited, limited);

    await runModelTurn(aTurn({ route: aRoute('azure') }), effects);

    expect(effects.attempts.map(({ pauseMs }) => pauseMs)).toEqual([undefined, 250, undefined]);
    expect(effects.sleeps).toEqual([{ ms: 500, reason: 'turn 3 · retry: azure rate-limited: 429' }]);
  });

  test('sends the transcript without reasoning, once, when the cloud refuses the reasoning in it', async () => {
    const refused = { kind: 'invalid-transcript', status: 400, phase: 'headers', scope: 'transcript' } as const;
    const effects = failingFirst(refused, refused);

    await runModelTurn(aTurn(), effects);

    expect(endpointsOf(effects)).toEqual([deploymentAt('azure'), deploymentAt('azure'), deploymentAt('aws')]);
    expect(effects.attempts.map(({ dropReasoning }) => dropReasoning)).toEqual([undefined, true, undefined]);
  });

  test('parks when every deployment is down, and goes on when the first may be asked again', async () => {
    const down = { kind: 'overloaded', status: 503 } as const;
    const open: RouteHealth = {
      ...HEALTHY,
      notices: ['azure', 'aws', 'google'].map((endpoint) => ({
        deployment: deploymentAt(endpoint),
        kind: 'open',
        untilMs: 1_030_000,
      })),
    };
    const failed = { kind: 'failed', failure: aFailure(down), health: open } as const;
    const effects = scriptedEffects({ outcomes: [failed, ANSWER] });

    const result = await runModelTurn(aTurn(), effects);

    expect(result.kind).toBe('answered');
    expect(effects.sleeps.map(({ ms }) => ms)).toEqual([30_000]);
    expect(effects.told.map(({ kind }) => kind)).toContain('parked');
  });

  test('asks the endpoint that the policy names when a filter cut the answer, and no one without such a policy', async () => {
    const cut: AttemptOutcome = { kind: 'answered', answer: anAnswer({ incomplete: 'content-filter' }) };
    const route = { ...aRoute('azure', 'aws', 'google'), afterFilter: [deploymentAt('google')] };
    const allowed = scriptedEffects({ outcomes: [cut, ANSWER] });
    const forbidden = scriptedEffects({ outcomes: [cut] });

    const result = await runModelTurn(aTurn({ route }), allowed);
    const asItIs = await runModelTurn(aTurn(), forbidden);

    expect(result).toMatchObject({ kind: 'answered', deployment: deploymentAt('google') });
    expect(allowed.reasons[1]).toMatch(/^failover by the tenant's policy: azure content-filtered/);
    expect(asItIs).toMatchObject({ kind: 'answered', answer: { incomplete: 'content-filter' } });
  });

  test('keeps what it knew of the others when nobody took the call from a queue', async () => {
    const notices = [{ deployment: deploymentAt('aws'), kind: 'open', untilMs: 1_600_000 }] as const;
    const effects = failingFirst({ phase: 'resolve', code: NOT_POLLED_CODE });

    await runModelTurn(aTurn({ health: { ...HEALTHY, notices } }), effects);

    expect(endpointsOf(effects)).toEqual([deploymentAt('azure'), deploymentAt('google')]);
  });

  test('gives up when two accepted answers were lost, since each may be billed', async () => {
    const lost = { kind: 'protocol', phase: 'output', acceptance: 'accepted' } as const;
    const effects = failingFirst(lost, lost);

    const result = await runModelTurn(aTurn(), effects);

    expect(result).toMatchObject({ kind: 'gave-up', reason: expect.stringContaining('may be billed') });
    expect(effects.attempts).toHaveLength(2);
  });

  test('gives up at its deadline when nothing ever comes back', async () => {
    const effects = scriptedEffects({ outcomes: () => ({ kind: 'failed', failure: aFailure() }) });
    const beginMs = effects.nowMs();

    const result = await runModelTurn(aTurn(), effects);

    expect(result).toMatchObject({ kind: 'gave-up', reason: expect.stringContaining('deadline') });
    expect(effects.nowMs() - beginMs).toBe(3_600_000);
  });

  test('numbers its attempts through waits and parks', async () => {
    const effects = failingFirst({}, {}, {}, {}, {});

    await runModelTurn(aTurn(), effects);

    expect(effects.attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('asks the pinned deployment first, and one with an open circuit not at all', async () => {
    const pin = {
      deployment: deploymentAt('aws'),
      sinceMs: 999_000,
      answeredAtMs: 999_000,
      prefixTokens: 5_000,
      outputTokens: 100,
    };
    const pinned = scriptedEffects({ outcomes: [ANSWER] });
    const open = scriptedEffects({ outcomes: [ANSWER] });

    await runModelTurn(aTurn({ pin }), pinned);
    const notices = [{ deployment: deploymentAt('aws'), kind: 'open', untilMs: 1_015_000 }] as const;
    await runModelTurn(aTurn({ pin, health: { ...HEALTHY, notices } }), open);

    expect(endpointsOf(pinned)).toEqual([deploymentAt('aws')]);
    expect(endpointsOf(open)).toEqual([deploymentAt('azure')]);
    expect(open.reasons[0]).toBe('aws is left alone after failures');
  });
});
