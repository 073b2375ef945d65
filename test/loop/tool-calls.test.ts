import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runAgentLoop } from '../../workflows/agent-loop.ts';
import type { ApprovalNeeded, ToolCallReference, ToolStep } from '../../workflows/domain/turn.ts';
import { DEFAULT_TURN_POLICY } from '../../workflows/domain/turn-policy.ts';
import { newLoopState } from '../../workflows/loop-state.ts';
import { nextGroup } from '../../workflows/tool-calls.ts';
import { aRoute, anAnswer } from '../support/builders.ts';
import { scriptedEffects } from './scripted-effects.ts';

const LIMITS = { route: aRoute('azure'), maxTurns: 10, policy: DEFAULT_TURN_POLICY };
const NEEDED: ApprovalNeeded = { approval: { reason: 'it leaves the sandbox', about: 'npm publish' } };

function aCall(callId: string, sideBySide?: true): ToolCallReference {
  const reference = { callId, name: 'read_file', item: `item-of-${callId}`, excerpt: 'a.ts' };
  return sideBySide === undefined ? reference : { ...reference, sideBySide };
}

function outcomes(...calls: readonly ToolCallReference[]) {
  return [
    { kind: 'answered', answer: anAnswer({ head: 'one', calls }) },
    { kind: 'answered', answer: anAnswer({ head: 'two' }) },
  ] as const;
}

describe('calls side by side', () => {
  test('begin together, and their results keep the order of the model', async () => {
    const begun: string[] = [];
    const ends = new Map<string, (step: ToolStep) => void>();
    const effects = scriptedEffects({
      outcomes: outcomes(aCall('a', true), aCall('b', true), aCall('c')),
      runTool(callId) {
        begun.push(callId);
        if (callId === 'c') return { item: 'of-c', outcome: 'ok' };
        return new Promise<ToolStep>((done) => {
          ends.set(callId, done);
          // The second one ends first.
          if (ends.size === 2) for (const id of ['b', 'a']) ends.get(id)?.({ item: `of-${id}`, outcome: 'ok' });
        });
      },
    });

    await runAgentLoop(newLoopState('begin'), LIMITS, effects);

    expect(begun).toEqual(['a', 'b', 'c']);
    expect(effects.attempts[1]?.results).toEqual(['of-a', 'of-b', 'of-c']);
  });

  test('are those at the beginning that may, at most eight, and at least one', () => {
    const call = fc.boolean().map((may) => aCall('x', may ? true : undefined));
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 20 }), (calls) => {
        const group = nextGroup(calls);
        expect(calls.slice(0, group.length)).toEqual(group);
        expect(group.length).toBeGreaterThanOrEqual(1);
        expect(group.length).toBeLessThanOrEqual(8);
        expect(group.length === 1 || group.every(({ sideBySide }) => sideBySide === true)).toBe(true);
      }),
    );
  });
});

describe('a call that needs approval', () => {
  test('is run when it is approved', async () => {
    const effects = scriptedEffects({
      outcomes: outcomes(aCall('a')),
      runTool: (_callId, decision) => (decision === undefined ? NEEDED : { item: 'result', outcome: 'ok' }),
      approvals: [{ kind: 'approved', by: 'ada' }],
    });

    await runAgentLoop(newLoopState('begin'), LIMITS, effects);

    expect(effects.decisions).toEqual([undefined, 'approved']);
    expect(effects.attempts[1]?.results).toEqual(['result']);
  });

  test.each([{ kind: 'denied', by: 'ada' }, { kind: 'expired' }] as const)('is told to have been $kind', async (answer) => {
    const effects = scriptedEffects({
      outcomes: outcomes(aCall('a')),
      runTool: (_callId, decision) => (decision === undefined ? NEEDED : { item: 'words', outcome: 'refused' }),
      approvals: [answer],
    });

    await runAgentLoop(newLoopState('begin'), LIMITS, effects);

    expect(effects.decisions).toEqual([undefined, answer.kind]);
    expect(effects.told).toContainEqual(expect.objectContaining({ kind: 'tool-ended', outcome: 'refused' }));
  });

  test('is judged anew when the policy changes while it waits, as often as that is', async () => {
    let asked = 0;
    const effects = scriptedEffects({
      outcomes: outcomes(aCall('a')),
      runTool() {
        asked += 1;
        return asked < 3 ? NEEDED : { item: 'result', outcome: 'ok' };
      },
      approvals: [{ kind: 'policy-changed' }, { kind: 'policy-changed' }],
    });

    await runAgentLoop(newLoopState('begin'), LIMITS, effects);

    expect(effects.decisions).toEqual([undefined, undefined, undefined]);
    expect(effects.attempts[1]?.results).toEqual(['result']);
  });
});
