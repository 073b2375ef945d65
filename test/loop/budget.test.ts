import { describe, expect, test } from 'vitest';
import { runAgentLoop } from '../../workflows/agent-loop.ts';
import { newLoopState } from '../../workflows/loop-state.ts';
import type { LoopState } from '../../workflows/loop-state.ts';
import type { TaskBudget } from '../../workflows/domain/budget.ts';
import { newSpending } from '../../workflows/domain/budget.ts';
import { DEFAULT_TURN_POLICY } from '../../workflows/domain/turn-policy.ts';
import type { AttemptOutcome } from '../../workflows/model-turn.ts';
import { aFailure, anAnswer, aRoute } from '../support/builders.ts';
import type { Script, ScriptedEffects } from './scripted-effects.ts';
import { scriptedEffects } from './scripted-effects.ts';

const LIMITS = { route: aRoute('azure', 'aws'), maxTurns: 10, policy: DEFAULT_TURN_POLICY };
const BEGIN_MS = 1_000_000;
/** A first turn is taken for 2,000 tokens in and 1,000 out: 12,000 micro-dollars at the price of the route. */
const FIRST_TURN_USD = 0.012;

const LAST: AttemptOutcome = { kind: 'answered', answer: anAnswer() };
const LOST: AttemptOutcome = {
  kind: 'failed',
  failure: aFailure({ kind: 'protocol', phase: 'output', acceptance: 'accepted', suspenseUsdMicros: 9_000 }),
};

function anAnswerWithCalls(...callIds: readonly string[]): AttemptOutcome {
  const calls = callIds.map((callId) => ({ callId, name: 'exec_command', item: callId, excerpt: 'npm test' }));
  return { kind: 'answered', answer: anAnswer({ calls }) };
}

function begin(overrides: Partial<LoopState> = {}): LoopState {
  return { ...newLoopState('begin'), spending: newSpending(BEGIN_MS, { characters: 0 }), ...overrides };
}

function aTask(budget: TaskBudget, script: Partial<Script>): ScriptedEffects {
  return scriptedEffects({ outcomes: [LAST], budget, ...script });
}

function pausesOf({ told }: ScriptedEffects) {
  return told.flatMap((event) => (event.kind === 'budget-used-up' ? event.exceeded : []));
}

describe('a task with a budget', () => {
  test('pauses before the turn that would pass it, and goes on when it is raised', async () => {
    const effects = aTask(
      { turns: 1 },
      { outcomes: [anAnswerWithCalls('a'), LAST], raises: [{ budget: { turns: 2 }, afterMs: 5_000 }] },
    );

    const end = await runAgentLoop(begin(), LIMITS, effects);

    expect(end).toEqual({ kind: 'ended', ending: { kind: 'completed' } });
    expect(pausesOf(effects)).toEqual([{ kind: 'turns', limit: 1, spent: 1, next: 1 }]);
    expect(effects.attempts.map(({ turn }) => turn)).toEqual([1, 2]);
  });

  test('asks again when a raise was too small', async () => {
    const raises = [0.005, 5].map((costUsd) => ({ budget: { costUsd }, afterMs: 1 }));
    const effects = aTask({ costUsd: 0.001 }, { raises });

    await runAgentLoop(begin(), LIMITS, effects);

    expect(pausesOf(effects).map(({ limit }) => limit)).toEqual([0.001, 0.005]);
  });

  test('pauses between two tool calls, and runs each once', async () => {
    const effects = aTask(
      { toolCalls: 2 },
      { outcomes: [anAnswerWithCalls('a', 'b', 'c'), LAST], raises: [{ budget: { toolCalls: 3 }, afterMs: 1 }] },
    );

    await runAgentLoop(begin(), LIMITS, effects);

    expect(effects.toolCalls).toEqual(['a', 'b', 'c']);
    expect(pausesOf(effects)).toEqual([{ kind: 'toolCalls', limit: 2, spent: 2, next: 1 }]);
  });

  test('does not take the time that it waits for a raise from its own', async () => {
    const slow = (): AttemptOutcome => anAnswerWithCalls('a');
    const effects = aTask(
      { wallClockMs: 60_000 },
      { outcomes: slow, raises: [{ budget: { wallClockMs: 120_000 }, afterMs: 86_400_000 }] },
    );
    const waited = await effects.sleepUntil(BEGIN_MS + 60_000, 'its own work').then(() => effects);

    const end = await runAgentLoop(begin(), { ...LIMITS, maxTurns: 2 }, waited);

    expect(end).toMatchObject({ ending: { reason: expect.stringContaining('2 turns') } });
    expect(pausesOf(effects)).toEqual([{ kind: 'wallClockMs', limit: 60_000, spent: 60_000, next: 0 }]);
  });

  test('counts the tokens of every turn, and guesses those of the next by the last', async () => {
    const effects = aTask(
      { tokens: 3_220 },
      { outcomes: [anAnswerWithCalls('a'), anAnswerWithCalls('b'), LAST], raises: [{ budget: { tokens: 9_999 }, afterMs: 1 }] },
    );

    await runAgentLoop(begin(), { ...LIMITS, maxTurns: 30 }, { ...effects });
    expect(pausesOf(effects)).toEqual([]);

    const tight = aTask({ tokens: 3_000 }, { outcomes: () => anAnswerWithCalls('a') });
    await expect(runAgentLoop(begin(), { ...LIMITS, maxTurns: 100 }, tight)).rejects.toThrow('cancelled while it waited');
    expect(pausesOf(tight)).toEqual([{ kind: 'tokens', limit: 3_000, spent: 2_970, next: 120 }]);
  });

  test('takes its spending along into the next run', async () => {
    const first = aTask({ toolCalls: 2 }, { outcomes: [anAnswerWithCalls('a', 'b')], continueAsNewAfterSteps: 3 });
    const end = await runAgentLoop(begin(), LIMITS, first);
    if (end.kind !== 'continue-as-new') throw new Error('it should go on in a new run');
    const second = aTask({ toolCalls: 2 }, { outcomes: [anAnswerWithCalls('c')] });

    const waiting = runAgentLoop(end.state, LIMITS, second);

    await expect(waiting).rejects.toThrow('cancelled while it waited');
    expect(second.toolCalls).toEqual([]);
    expect(pausesOf(second)).toEqual([{ kind: 'toolCalls', limit: 2, spent: 2, next: 1 }]);
  });

  test('asks for an answer that was lost again only when it can pay both, and waits for a raise otherwise', async () => {
    const effects = aTask(
      { costUsd: FIRST_TURN_USD },
      { outcomes: [LOST, LAST], raises: [{ budget: { costUsd: 1 }, afterMs: 7_200_000 }] },
    );

    const end = await runAgentLoop(begin(), LIMITS, effects);

    expect(end).toEqual({ kind: 'ended', ending: { kind: 'completed' } });
    expect(pausesOf(effects)).toEqual([
      { kind: 'costUsd', limit: FIRST_TURN_USD, spent: 0.009, next: FIRST_TURN_USD, suspense: 0.009 },
    ]);
    expect(effects.attempts.map(({ turn, attempt }) => [turn, attempt])).toEqual([
      [1, 1],
      [1, 2],
    ]);
  });

  test('makes at most one such replay in a turn, however often its budget is raised', async () => {
    const raises = [1, 2, 3].map((costUsd) => ({ budget: { costUsd }, afterMs: 1 }));
    const effects = aTask({ costUsd: FIRST_TURN_USD }, { outcomes: () => LOST, raises });

    const end = await runAgentLoop(begin(), LIMITS, effects);

    expect(end).toMatchObject({ ending: { kind: 'failed', reason: expect.stringContaining('may be billed') } });
    expect(effects.attempts).toHaveLength(2);
  });

  test('keeps what is in suspense from being spent again, also of a worker that could not say how much it was', async () => {
    const lost: AttemptOutcome = { kind: 'failed', failure: aFailure({ kind: 'interrupted', acceptance: 'unknown' }) };
    const effects = aTask({ costUsd: 2.5 * FIRST_TURN_USD }, { outcomes: [lost, anAnswerWithCalls('a'), LAST] });

    await runAgentLoop(begin(), LIMITS, effects);

    expect(effects.states.at(-1)?.spending).toMatchObject({ suspenseUsdMicros: 12_000, usdMicros: 400, toolCalls: 1 });
  });

  test('stays within its turns even when its budget has more', async () => {
    const effects = aTask({ turns: 100 }, { outcomes: () => anAnswerWithCalls('a') });

    const end = await runAgentLoop(begin(), { ...LIMITS, maxTurns: 2 }, effects);

    expect(end).toMatchObject({ ending: { kind: 'failed', reason: expect.stringContaining('raise maxTurns') } });
  });

  test('goes on without a word about money when nothing was taken by a cloud', async () => {
    const refused: AttemptOutcome = { kind: 'failed', failure: aFailure() };
    const effects = aTask({ costUsd: FIRST_TURN_USD }, { outcomes: [refused, LAST] });

    await runAgentLoop(begin(), LIMITS, effects);

    expect(pausesOf(effects)).toEqual([]);
    expect(effects.attempts).toHaveLength(2);
  });
});
