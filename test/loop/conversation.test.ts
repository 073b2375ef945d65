import { describe, expect, test } from 'vitest';
import { runAgentLoop } from '../../workflows/agent-loop.ts';
import { DEFAULT_TURN_POLICY } from '../../workflows/domain/turn-policy.ts';
import type { ToolCallReference } from '../../workflows/domain/turn.ts';
import { newLoopState } from '../../workflows/loop-state.ts';
import { aRoute, anAnswer } from '../support/builders.ts';
import { scriptedEffects } from './scripted-effects.ts';

const LIMITS = { route: aRoute('azure', 'aws'), maxTurns: 10, policy: DEFAULT_TURN_POLICY };

function aCall(callId: string, rest: Partial<ToolCallReference> = {}): ToolCallReference {
  return { callId, name: 'exec_command', item: `item-of-${callId}`, excerpt: 'npm test', ...rest };
}

function answered(head: string, ...calls: readonly ToolCallReference[]) {
  return { kind: 'answered', answer: anAnswer({ head, calls }) } as const;
}

describe('a message to a task', () => {
  test('that steers is read before the next turn, behind the results of the last one', async () => {
    const effects = scriptedEffects({
      outcomes: [answered('one', aCall('a')), answered('two')],
      messages: [{ item: 'message', afterStates: 1, mode: 'steer' }],
    });

    await runAgentLoop(newLoopState('begin'), LIMITS, effects);

    expect(effects.attempts[1]).toMatchObject({ turn: 2, head: 'one', results: ['result-of-a', 'message'] });
  });

  test('that waits for the end is read when the model has nothing more to do', async () => {
    const effects = scriptedEffects({
      outcomes: [answered('one', aCall('a')), answered('two'), answered('three')],
      messages: [{ item: 'message', afterStates: 0, mode: 'enqueue' }],
    });

    const end = await runAgentLoop(newLoopState('begin'), LIMITS, effects);

    expect(effects.attempts.map(({ results }) => results)).toEqual([[], ['result-of-a'], ['message']]);
    expect(end).toEqual({ kind: 'ended', ending: { kind: 'completed' } });
  });

  test('that interrupts ends calls that were not run, and each still has a result', async () => {
    const effects = scriptedEffects({
      outcomes: [answered('one', aCall('a'), aCall('b')), answered('two')],
      messages: [{ item: 'message', afterStates: 1, mode: 'interrupt' }],
    });

    await runAgentLoop(newLoopState('begin'), LIMITS, effects);

    expect(effects.decisions).toEqual(['interrupted', 'interrupted']);
    expect(effects.attempts[1]).toMatchObject({ results: ['result-of-a', 'result-of-b', 'message'] });
  });

  test('that interrupts a turn has the next one begin under a number of its own', async () => {
    let isAsked = false;
    const effects = scriptedEffects({
      outcomes: [answered('one')],
      messages: [{ item: 'message', afterStates: 0, mode: 'steer' }],
    });
    const interruptible: typeof effects.interruptible = async (work) => {
      // The second piece of work of a task without calls is its first turn.
      if (isAsked) return effects.interruptible(work);
      isAsked = true;
      return work();
    };

    await runAgentLoop({ ...newLoopState('begin'), turn: 3 }, LIMITS, { ...effects, interruptible });

    expect(effects.attempts).toMatchObject([{ turn: 4, attempt: 1, results: ['message'] }]);
  });

  test('that rolls back lets the task go on from there, under a turn of its own', async () => {
    const effects = scriptedEffects({
      outcomes: [answered('one', aCall('a')), answered('two', aCall('b')), answered('three')],
      messages: [{ item: 'message', afterStates: 4, mode: 'interrupt', back: { head: 'one', results: ['result-of-a'] } }],
    });

    await runAgentLoop(newLoopState('begin'), LIMITS, effects);

    expect(effects.attempts.at(-1)).toMatchObject({ turn: 4, head: 'one', results: ['result-of-a', 'message'] });
  });
});

describe('an output that must be as a schema says', () => {
  const limits = { ...LIMITS, hasOutputSchema: true as const };

  test('is asked for again with what is wrong', async () => {
    const effects = scriptedEffects({ outcomes: [answered('one'), answered('two')], corrections: ['correction'] });

    const end = await runAgentLoop(newLoopState('begin'), limits, effects);

    expect(effects.attempts[1]).toMatchObject({ turn: 2, head: 'one', results: ['correction'] });
    expect(end).toEqual({ kind: 'ended', ending: { kind: 'completed' } });
  });

  test('fails the task when it is still wrong after two corrections', async () => {
    const effects = scriptedEffects({
      outcomes: [answered('one'), answered('two'), answered('three')],
      corrections: ['first', 'second', 'third'],
    });

    const end = await runAgentLoop(newLoopState('begin'), limits, effects);

    expect(effects.attempts).toHaveLength(3);
    expect(end).toMatchObject({ ending: { kind: 'failed', reason: 'third is wrong (outputSchema), also after 2 corrections' } });
  });

  test('is corrected anew after a message', async () => {
    const effects = scriptedEffects({
      outcomes: [answered('1'), answered('2'), answered('3'), answered('4'), answered('5'), answered('6')],
      corrections: ['first', 'second', 'third', 'fourth'],
      messages: [{ item: 'message', afterStates: 5, mode: 'enqueue' }],
    });

    const end = await runAgentLoop(newLoopState('begin'), limits, effects);

    expect(effects.attempts.map(({ results }) => results[0])).toEqual([
      undefined,
      'first',
      'second',
      'message',
      'third',
      'fourth',
    ]);
    expect(end).toEqual({ kind: 'ended', ending: { kind: 'completed' } });
  });
});
