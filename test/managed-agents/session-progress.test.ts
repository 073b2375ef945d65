import { describe, expect, test } from 'vitest';
import { describeTranscript } from '../../activities/managed-agents/describe-transcript.ts';
import {
  answeredWith,
  callsOnce,
  firstInput,
  newInput,
  seenOf,
  settle,
} from '../../activities/managed-agents/session-progress.ts';
import type { AgentSessionRecord } from '../../activities/store/agent-session-record.ts';
import { toDeploymentId } from '../../workflows/domain/ids.ts';
import { NO_USAGE } from '../../workflows/domain/usage.ts';
import type { TranscriptItem } from '../../workflows/domain/transcript.ts';

const ASKED: TranscriptItem = { kind: 'user-message', text: 'count them' };
const CALL: TranscriptItem = { kind: 'tool-call', callId: 'c-1', name: 'list_files', input: { kind: 'json', text: '{}' } };
const RESULT: TranscriptItem = { kind: 'tool-result', callId: 'c-1', outcome: 'ok', output: '3' };
const ANSWER: TranscriptItem = { kind: 'assistant-message', text: 'Three.' };
const RECORD: AgentSessionRecord = {
  deployment: toDeploymentId('openai-agents', 'm'),
  generation: 1,
  sessionId: 'sess_1',
  seen: seenOf([]),
};

describe('a session that has a part of the transcript', () => {
  const asked = { turn: 1, key: 'k', items: [ASKED] };
  const answered = answeredWith(RECORD, asked, { items: [CALL], usage: NO_USAGE, marker: 'm-1', continuation: 'turn-1' });

  test('is settled once the transcript has its answer, and not before', () => {
    expect(settle(answered, [ASKED])).toBe(answered);
    expect(settle(answered, [ASKED, { ...CALL, name: 'other' }])).toBe(answered);
    expect(settle(answered, [ASKED, CALL, RESULT])).toEqual({
      ...RECORD,
      seen: seenOf([ASKED, CALL]),
      marker: 'm-1',
      continuation: 'turn-1',
    });
  });

  test('keeps in mind what of its own work nobody can take along, each once', () => {
    const turn = { items: [CALL], usage: NO_USAGE, leftBehind: ['files of its environment'] };

    const again = answeredWith(answeredWith(RECORD, asked, turn), asked, turn);

    expect(again.leftBehind).toEqual(['files of its environment']);
  });

  test('is told what is new: results by the names of their calls, and what users say', () => {
    const record = settle(answered, [ASKED, CALL, RESULT]);

    expect(newInput(record, [ASKED, CALL, RESULT, ASKED])).toEqual({
      results: [{ ...RESULT, name: 'list_files' }],
      messages: ['count them'],
      continuation: 'turn-1',
    });
  });

  test('cannot be told that its conversation is another one, or that others answered meanwhile', () => {
    const record = settle(answered, [ASKED, CALL]);

    expect(newInput(record, [{ ...ASKED, text: 'other' }, CALL, RESULT])).toBeUndefined();
    expect(newInput(record, [ASKED, CALL, RESULT, ANSWER, ASKED])).toBeUndefined();
    expect(newInput(record, [ASKED])).toBeUndefined();
    expect(newInput(record, [ASKED, CALL])).toBeUndefined();
  });
});

describe('the calls of an answer', () => {
  test('are each one, however often they are told, and none that has its result already', () => {
    const other = { ...CALL, callId: 'c-2' };

    expect(callsOnce([ANSWER, CALL, other, CALL], { results: [] })).toEqual([ANSWER, CALL, other]);
    expect(callsOnce([CALL, other], { results: [{ ...RESULT, name: 'list_files' }] })).toEqual([other]);
  });
});

describe('a session that begins', () => {
  test('with what users said is told just that', () => {
    expect(firstInput([ASKED, ASKED])).toEqual({ results: [], messages: ['count them', 'count them'] });
  });

  test('where another one ended is told all of it in one message', () => {
    const { messages } = firstInput([ASKED, CALL, RESULT, ANSWER]);

    expect(messages).toHaveLength(1);
    for (const part of [
      'You take over a task',
      'count them',
      'You called list_files (c-1)',
      'Its result (c-1), ok:\n3',
      'Three.',
    ])
      expect(messages[0]).toContain(part);
  });

  test('is asked what was said last in messages of their own, behind the one that tells the rest', () => {
    const user = (text: string): TranscriptItem => ({ kind: 'user-message', text });

    const { messages } = firstInput([ASKED, ANSWER, user('only the odd ones'), user('and quickly')]);

    expect(messages.slice(1)).toEqual(['only the odd ones', 'and quickly']);
    expect(messages[0]).toContain('Three.');
    expect(messages[0]).not.toContain('odd');
  });

  test('is told that the outcome of a call is unknown', () => {
    expect(
      describeTranscript([ASKED, CALL, { ...RESULT, kind: 'tool-result', callId: 'c-1', outcome: 'unknown', output: '' }]),
    ).toContain('outcome unknown, it may have run in part or in full');
  });

  test('is told the task and the newest steps of one that is too long', () => {
    const steps = Array.from({ length: 100 }, (_, index): TranscriptItem => {
      return { kind: 'assistant-message', text: `step ${index} ${'x'.repeat(5_000)}` };
    });

    const text = describeTranscript([ASKED, ...steps]);

    expect(text.length).toBeLessThan(205_000);
    expect(text).toContain('count them');
    expect(text).toMatch(/\[\d+ earlier steps are left out\.\]/);
    expect(text).toContain('step 99');
    expect(text).not.toContain('step 1 ');
  });

  test('is told what users said, at the beginning and since, before the steps between', () => {
    const user = (text: string): TranscriptItem => ({ kind: 'user-message', text });
    const steps = Array.from({ length: 60 }, (_, index): TranscriptItem => {
      return { kind: 'assistant-message', text: `step ${index} ${'x'.repeat(5_000)}` };
    });

    const text = describeTranscript([
      user('the rules of the project'),
      ASKED,
      ...steps.slice(0, 10),
      user('only the odd ones'),
      ...steps.slice(10),
      user('and quickly'),
    ]);

    const places = ['the rules of', 'count them', 'only the odd ones', 'step 59 ', 'and quickly'].map((words) =>
      text.indexOf(words),
    );
    expect(places.every((place) => place > 0)).toBe(true);
    expect(places).toEqual(places.toSorted((left, right) => left - right));
    expect(text.match(/\[\d+ earlier steps are left out\.\]/g)).toHaveLength(2);
    expect(text.length).toBeLessThan(205_000);
  });

  test('is told what is new behind a beginning that is longer than all else may be', () => {
    const long: TranscriptItem = { kind: 'user-message', text: 'y'.repeat(300_000) };

    const text = describeTranscript([long, ANSWER, { kind: 'user-message', text: 'and then the last' }]);

    expect(text).toContain('Three.');
    expect(text).toContain('and then the last');
  });
});
