import { describe, expect, test } from 'vitest';
import type { ModelFailure } from '../../workflows/domain/model-failure.ts';
import type { TurnInput } from '../../workflows/policy-1/model-turn.ts';
import { runTurnByPolicy1 } from '../../workflows/policy-1/model-turn.ts';
import { aFailure, anAnswer, aRoute, deploymentAt } from '../support/builders.ts';
import type { ScriptedEffects } from './scripted-effects.ts';
import { scriptedEffects } from './scripted-effects.ts';

const ANSWER = { kind: 'answered', answer: anAnswer() } as const;

function aTurn(overrides: Partial<TurnInput> = {}): TurnInput {
  return {
    route: aRoute('azure', 'aws', 'google'),
    turn: 3,
    head: 'head',
    results: [],
    current: null,
    health: [],
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

describe('a turn of a task planned with policy 1', () => {
  test('moves to the next deployment when one is down, and says why', async () => {
    const effects = failingFirst({ kind: 'timeout', phase: 'headers' });

    const result = await runTurnByPolicy1(aTurn(), effects);

    expect(result).toMatchObject({ kind: 'answered', deployment: deploymentAt('aws') });
    expect(effects.reasons[1]).toBe('failover: azure timeout (headers)');
  });

  test('waits out a short Retry-After on the same deployment', async () => {
    const effects = failingFirst({ kind: 'rate-limited', status: 429, retryAfterMs: 2_000 });

    await runTurnByPolicy1(aTurn(), effects);

    expect(endpointsOf(effects)).toEqual([deploymentAt('azure'), deploymentAt('azure')]);
    expect(effects.sleeps).toEqual([{ ms: 2_000, reason: 'turn 3 · retry: azure rate-limited: 429' }]);
  });

  test('moves on when the server asks for a long wait', async () => {
    const effects = failingFirst({ kind: 'rate-limited', retryAfterMs: 60_000 });

    await runTurnByPolicy1(aTurn(), effects);

    expect(endpointsOf(effects)).toEqual([deploymentAt('azure'), deploymentAt('aws')]);
    expect(effects.sleeps).toEqual([]);
  });

  test('parks when every deployment is down and goes on when the first may be tried again', async () => {
    const down = { kind: 'overloaded', status: 503, retryAfterMs: 30_000 } as const;
    const effects = failingFirst(down, down, down);

    const result = await runTurnByPolicy1(aTurn(), effects);

    expect(result.kind).toBe('answered');
    expect(effects.sleeps).toHaveLength(1);
    expect(effects.sleeps[0]?.ms).toBe(30_000);
    expect(effects.told.map(({ kind }) => kind)).toContain('parked');
  });

  test('gives up when two accepted answers were lost, since each may be billed', async () => {
    const lost = { kind: 'protocol', phase: 'output', acceptance: 'accepted' } as const;
    const effects = failingFirst(lost, lost);

    const result = await runTurnByPolicy1(aTurn(), effects);

    expect(result).toMatchObject({ kind: 'gave-up', reason: expect.stringContaining('may be billed') });
    expect(effects.attempts).toHaveLength(2);
  });

  test('gives up at its deadline when nothing ever comes back', async () => {
    const effects = scriptedEffects({ outcomes: () => ({ kind: 'failed', failure: aFailure() }) });
    const beginMs = effects.nowMs();

    const result = await runTurnByPolicy1(aTurn(), effects);

    expect(result).toMatchObject({ kind: 'gave-up', reason: expect.stringContaining('deadline') });
    expect(effects.nowMs() - beginMs).toBe(3_600_000);
  });

  test.each(['invalid-request', 'content-filtered', 'context-overflow'] as const)(
    'asks no other cloud after %s',
    async (kind) => {
      const effects = failingFirst({ kind });

      const result = await runTurnByPolicy1(aTurn(), effects);

      expect(result.kind).toBe('gave-up');
      expect(effects.attempts).toHaveLength(1);
    },
  );

  test('numbers its attempts through waits and parks', async () => {
    const effects = failingFirst({}, {}, {}, {}, {});

    await runTurnByPolicy1(aTurn(), effects);

    expect(effects.attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('remembers a failing deployment for the next turn', async () => {
    const first = await runTurnByPolicy1(aTurn(), failingFirst({ kind: 'timeout' }));
    const effects = scriptedEffects({ outcomes: [ANSWER] });

    await runTurnByPolicy1(aTurn({ turn: 4, health: first.health }), effects);

    expect(endpointsOf(effects)).toEqual([deploymentAt('aws')]);
    expect(effects.reasons[0]).toBe('azure has failed lately');
  });
});
