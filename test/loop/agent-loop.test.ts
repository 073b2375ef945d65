import { describe, expect, test } from 'vitest';
import { runAgentLoop } from '../../workflows/agent-loop.ts';
import { newLoopState } from '../../workflows/loop-state.ts';
import { DEFAULT_TURN_POLICY } from '../../workflows/domain/turn-policy.ts';
import type { ToolCallReference } from '../../workflows/domain/turn.ts';
import { aFailure, anAnswer, aRoute, deploymentAt } from '../support/builders.ts';
import { scriptedEffects } from './scripted-effects.ts';

const LIMITS = { route: aRoute('azure', 'aws'), maxTurns: 10, policy: DEFAULT_TURN_POLICY };

function aCall(callId: string): ToolCallReference {
  return { callId, name: 'exec_command', item: `item-of-${callId}`, excerpt: 'npm test' };
}

describe('the agent loop', () => {
  test('ends as completed when an answer asks for no tool', async () => {
    const effects = scriptedEffects({ outcomes: [{ kind: 'answered', answer: anAnswer() }] });

    const end = await runAgentLoop(newLoopState('begin'), LIMITS, effects);

    expect(end).toEqual({ kind: 'ended', ending: { kind: 'completed' } });
    expect(effects.attempts).toEqual([{ turn: 1, attempt: 1, deployment: deploymentAt('azure'), head: 'begin', results: [] }]);
  });

  test('gives the results of calls to the next turn in the order in which the model asked', async () => {
    const effects = scriptedEffects({
      outcomes: [
        { kind: 'answered', answer: anAnswer({ head: 'one', calls: [aCall('a'), aCall('b')] }) },
        { kind: 'answered', answer: anAnswer({ head: 'two' }) },
      ],
    });

    await runAgentLoop(newLoopState('begin'), LIMITS, effects);

    expect(effects.toolCalls).toEqual(['a', 'b']);
    expect(effects.attempts[1]).toMatchObject({ turn: 2, head: 'one', results: ['result-of-a', 'result-of-b'] });
  });

  test('stays on the deployment that answered after a failover', async () => {
    const effects = scriptedEffects({
      outcomes: [
        { kind: 'failed', failure: aFailure({ kind: 'timeout', phase: 'sent', acceptance: 'unknown' }) },
        { kind: 'answered', answer: anAnswer({ calls: [aCall('a')] }) },
        { kind: 'answered', answer: anAnswer() },
      ],
    });

    await runAgentLoop(newLoopState('begin'), LIMITS, effects);

    expect(effects.attempts.map(({ deployment }) => deployment)).toEqual(['azure', 'aws', 'aws'].map(deploymentAt));
  });

  test('fails with a reason when the turns are used up', async () => {
    const effects = scriptedEffects({
      outcomes: () => ({ kind: 'answered', answer: anAnswer({ calls: [aCall('a')] }) }),
    });

    const end = await runAgentLoop(newLoopState('begin'), { ...LIMITS, maxTurns: 3 }, effects);

    expect(effects.attempts).toHaveLength(3);
    expect(end).toMatchObject({ ending: { kind: 'failed', reason: expect.stringContaining('3 turns') } });
  });

  test.each(['max-output-tokens', 'content-filter'] as const)('fails when an answer was cut by %s', async (incomplete) => {
    const effects = scriptedEffects({
      outcomes: [{ kind: 'answered', answer: anAnswer({ incomplete, calls: [aCall('a')] }) }],
    });

    const end = await runAgentLoop(newLoopState('begin'), LIMITS, effects);

    expect(end).toMatchObject({ ending: { kind: 'failed' } });
    expect(effects.toolCalls).toEqual([]);
  });

  test('goes on in a new run in the middle of tool calls, running each once', async () => {
    const calls = [aCall('a'), aCall('b'), aCall('c')];
    const first = scriptedEffects({
      outcomes: [{ kind: 'answered', answer: anAnswer({ head: 'one', calls }) }],
      continueAsNewAfterSteps: 2,
    });

    const end = await runAgentLoop(newLoopState('begin'), LIMITS, first);
    if (end.kind !== 'continue-as-new') throw new Error('it should go on in a new run');
    const second = scriptedEffects({ outcomes: [{ kind: 'answered', answer: anAnswer() }] });
    await runAgentLoop(end.state, LIMITS, second);

    expect([...first.toolCalls, ...second.toolCalls]).toEqual(['a', 'b', 'c']);
    expect(second.attempts[0]).toMatchObject({
      turn: 2,
      head: 'one',
      results: ['result-of-a', 'result-of-b', 'result-of-c'],
    });
  });

  test('tells a story in which every tool call begins and ends once', async () => {
    const effects = scriptedEffects({
      outcomes: [
        { kind: 'answered', answer: anAnswer({ calls: [aCall('a')] }) },
        { kind: 'answered', answer: anAnswer() },
      ],
    });

    await runAgentLoop(newLoopState('begin'), LIMITS, effects);

    expect(effects.told.map(({ kind }) => kind)).toEqual([
      'attempt-started',
      'turn-answered',
      'tool-started',
      'tool-ended',
      'attempt-started',
      'turn-answered',
    ]);
  });
});
