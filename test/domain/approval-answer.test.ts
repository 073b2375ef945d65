/** Which answers to waiting calls are taken. */
import { describe, expect, test } from 'vitest';
import type { AnsweredCall, Standing } from '../../workflows/approval-answer.ts';
import { isOfTurn, reasonAgainstAnswer } from '../../workflows/approval-answer.ts';

/** In turn 3 a call waits whose id was used before, in turn 1. */
const BEFORE: AnsweredCall = { decision: 'denied', by: 'ada', turn: 1 };
const STANDING: Standing = {
  waiting: [{ callId: 'call_0', turn: 3, canBeRemembered: false }],
  answered: (callId, turn) => (callId === 'call_0' && isOfTurn(BEFORE, turn) ? BEFORE : undefined),
  rules: 0,
};

function kindOf(input: unknown, wanted: 'approved' | 'denied' = 'approved') {
  return reasonAgainstAnswer(input, wanted, STANDING)?.kind;
}

describe('an answer', () => {
  test('without a turn is for the call that waits', () => {
    expect(kindOf({ callId: 'call_0', by: 'bob' })).toBeUndefined();
  });

  test('with the turn of the call that waits is for it', () => {
    expect(kindOf({ callId: 'call_0', turn: 3, by: 'bob' })).toBeUndefined();
  });

  test('that comes late is for no later call of the same id', () => {
    expect(kindOf({ callId: 'call_0', turn: 1, by: 'ada' }, 'denied')).toBeUndefined();
    expect(reasonAgainstAnswer({ callId: 'call_0', turn: 1, by: 'bob' }, 'approved', STANDING)).toEqual({
      kind: 'answered',
      words: 'the call was denied already, by ada',
    });
  });

  test.each([
    [{ callId: 'call_0', turn: 2, by: 'bob' }, 'not-waiting'],
    [{ callId: 'other', by: 'bob' }, 'not-waiting'],
    [{ callId: 'call_0', by: 'bob', remember: true }, 'no-rule'],
    [{ callId: 'call_0', turn: '3', by: 'bob' }, 'wrong-input'],
    [{ callId: 'call_0' }, 'wrong-input'],
    ['yes', 'wrong-input'],
  ])('is refused for what it is: %j', (input, kind) => {
    expect(kindOf(input)).toBe(kind);
  });
});
