import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { handOver } from '../../workflows/domain/handoff.ts';
import type { TranscriptItem } from '../../workflows/domain/transcript.ts';
import { aToolCall, aReasoning, aToolResult, said, userSaid } from '../support/builders.ts';
import { anyTranscript, BOUNDARIES } from './arbitrary-transcript.ts';

const HERE = 'azure:eastus2:gpt-6';
const THERE = 'openai:default:gpt-6';
const RUNS = { numRuns: 500 };
const NO_LOSSES = { reasoningDropped: 0, callIdsRenamed: 0, callsCompleted: 0, resultsDropped: 0 };

const boundary = fc.constantFrom(...BOUNDARIES, 'nowhere');

function forAnyHandoff(check: (output: readonly TranscriptItem[], input: readonly TranscriptItem[], boundary: string) => void) {
  fc.assert(
    fc.property(anyTranscript, boundary, (items, at) => check(handOver(items, at).items, items, at)),
    RUNS,
  );
}

function ofKind<Kind extends TranscriptItem['kind']>(items: readonly TranscriptItem[], kind: Kind) {
  return items.filter((item): item is Extract<TranscriptItem, { kind: Kind }> => item.kind === kind);
}

describe('a transcript that is handed over', () => {
  test('stays as it is where all of it was made', () => {
    const items = [
      userSaid('fix it'),
      aReasoning({ boundary: HERE }),
      said('I look.'),
      aToolCall({ callId: 'a' }),
      aToolCall({ callId: 'b', input: { kind: 'text', text: '*** Begin Patch' } }),
      aToolResult({ callId: 'b' }),
      aToolResult({ callId: 'a' }),
      aReasoning({ boundary: HERE }),
      said('Done.'),
    ];

    expect(handOver(items, HERE)).toEqual({ items, losses: NO_LOSSES });
  });

  test('loses the reasoning of other boundaries alone', () => {
    const [ours, theirs] = [aReasoning({ boundary: HERE }), aReasoning({ boundary: THERE })];

    const { items, losses } = handOver([userSaid('go'), theirs, ours, said('x'), theirs, said('y')], HERE);

    expect(items).toEqual([userSaid('go'), ours, said('x'), said('y')]);
    expect(losses).toEqual({ ...NO_LOSSES, reasoningDropped: 2 });
  });

  test('keeps all of the reasoning that led to an answer', () => {
    const items = [aReasoning({ boundary: HERE }), aReasoning({ boundary: HERE }), said('x')];

    expect(handOver(items, HERE)).toEqual({ items, losses: NO_LOSSES });
  });

  test('loses the reasoning that a cut left with nothing after it, and counts it', () => {
    const { items, losses } = handOver([userSaid('go'), aReasoning({ boundary: HERE }), aReasoning({ boundary: HERE })], HERE);

    expect(items).toEqual([userSaid('go')]);
    expect(losses).toEqual({ ...NO_LOSSES, reasoningDropped: 2 });
  });

  test('says of a call without a result that it may have run, before anything else is said', () => {
    const { items, losses } = handOver(
      [aToolCall({ callId: 'a' }), aToolCall({ callId: 'b' }), aToolResult({ callId: 'a' }), said('x')],
      HERE,
    );

    expect(items).toMatchObject([
      { kind: 'tool-call', callId: 'a' },
      { kind: 'tool-call', callId: 'b' },
      { kind: 'tool-result', callId: 'a', outcome: 'ok' },
      { kind: 'tool-result', callId: 'b', outcome: 'unknown', output: expect.stringContaining('check before repeating it') },
      { kind: 'assistant-message', text: 'x' },
    ]);
    expect(losses).toEqual({ ...NO_LOSSES, callsCompleted: 1 });
  });

  test('gives an id that a later turn uses again to the later call and its result', () => {
    const items = [
      aToolCall({ callId: 'a' }),
      aToolResult({ callId: 'a', output: 'first' }),
      aToolCall({ callId: 'a' }),
      aToolResult({ callId: 'a', output: 'second' }),
    ];

    const handoff = handOver(items, HERE);
    const [first, second] = ofKind(handoff.items, 'tool-result');

    expect(ofKind(handoff.items, 'tool-call').map(({ callId }) => callId)).toEqual([first?.callId, second?.callId]);
    expect([first?.output, second?.output]).toEqual(['first', 'second']);
    expect(handoff.losses).toEqual({ ...NO_LOSSES, callIdsRenamed: 1 });
  });

  test('loses a result that no call asked for', () => {
    const handoff = handOver(
      [userSaid('go'), aToolResult({ callId: 'a' }), aToolCall({ callId: 'b' }), aToolResult({ callId: 'b' })],
      HERE,
    );

    expect(handoff.items).toEqual([userSaid('go'), aToolCall({ callId: 'b' }), aToolResult({ callId: 'b' })]);
    expect(handoff.losses).toEqual({ ...NO_LOSSES, resultsDropped: 1 });
  });

  test.each([
    ['functions.read_file', 'functions_read_file'],
    ['n'.repeat(65), 'n'.repeat(64)],
    ['', 'unnamed'],
  ])('has the tool that a model called %j under a name that every cloud takes', (name, taken) => {
    expect(handOver([aToolCall({ name }), aToolResult()], HERE).items).toEqual([aToolCall({ name: taken }), aToolResult()]);
  });
});

describe('any transcript, cut anywhere and handed over to any boundary,', () => {
  test('has exactly one result after each call, and no result without a call', () => {
    forAnyHandoff((output) => {
      const order = (kind: 'tool-call' | 'tool-result') =>
        new Map(output.flatMap((item, index) => (item.kind === kind ? [[item.callId, index] as const] : [])));
      const [calls, results] = [order('tool-call'), order('tool-result')];

      expect(new Set(results.keys())).toEqual(new Set(calls.keys()));
      expect(results.size).toBe(ofKind(output, 'tool-result').length);
      expect([...results].filter(([callId, index]) => index < (calls.get(callId) ?? Infinity))).toEqual([]);
    });
  });

  test('has all results of a turn before the next thing that a person says, or a model after results', () => {
    forAnyHandoff((output) => {
      const opensAt = output.map((item, index) => item.kind === 'user-message' || output[index - 1]?.kind === 'tool-result');
      const unanswered = output.map((_, index) => {
        const before = output.slice(0, index);
        return ofKind(before, 'tool-call').length - ofKind(before, 'tool-result').length;
      });

      expect(output.filter((item, at) => opensAt[at] && item.kind !== 'tool-result' && unanswered[at] !== 0)).toEqual([]);
    });
  });

  test('has call ids that every cloud takes, each of them once', () => {
    forAnyHandoff((output) => {
      const ids = ofKind(output, 'tool-call').map(({ callId }) => callId);

      expect(ids.filter((id) => !/^[A-Za-z0-9_-]{1,64}$/.test(id))).toEqual([]);
      expect(new Set(ids).size).toBe(ids.length);
    });
  });

  test('has tool names that every cloud takes', () => {
    forAnyHandoff((output) => {
      expect(ofKind(output, 'tool-call').filter(({ name }) => !/^[A-Za-z0-9_-]{1,64}$/.test(name))).toEqual([]);
    });
  });

  test('has the reasoning of that boundary alone, and none that nothing of the model follows', () => {
    forAnyHandoff((output, _, at) => {
      expect(ofKind(output, 'reasoning').filter((item) => item.boundary !== at)).toEqual([]);
      const nexts = output.flatMap((item, index) => (item.kind === 'reasoning' ? [output[index + 1]?.kind ?? 'nothing'] : []));
      expect(nexts.filter((kind) => !['reasoning', 'tool-call', 'assistant-message'].includes(kind))).toEqual([]);
    });
  });

  test('is well-formed Unicode with nothing empty in it', () => {
    forAnyHandoff((output) => {
      const texts = output.flatMap(textsOf);

      expect(texts.filter((text) => text === '' || !text.isWellFormed())).toEqual([]);
    });
  });

  test('keeps what was said and called, in its order', () => {
    const kinds = (items: readonly TranscriptItem[]) =>
      items.map(({ kind }) => kind).filter((kind) => kind !== 'reasoning' && kind !== 'tool-result');

    forAnyHandoff((output, input) => {
      expect(kinds(output)).toEqual(kinds(input));
    });
  });

  test('is not changed by a second handoff', () => {
    forAnyHandoff((output, _, at) => {
      expect(handOver(output, at)).toEqual({ items: output, losses: NO_LOSSES });
    });
  });

  test('lacks exactly what is counted as lost', () => {
    fc.assert(
      fc.property(anyTranscript, boundary, (items, at) => {
        const { items: output, losses } = handOver(items, at);
        const count = (kind: TranscriptItem['kind']) => ofKind(items, kind).length - ofKind(output, kind).length;
        const calls = ofKind(output, 'tool-call');
        const renamed = ofKind(items, 'tool-call').filter(({ callId }, index) => calls[index]?.callId !== callId);
        const foreign = ofKind(items, 'reasoning').filter((item) => item.boundary !== at);

        expect(count('reasoning')).toBe(losses.reasoningDropped);
        expect(losses.reasoningDropped).toBeGreaterThanOrEqual(foreign.length);
        expect(renamed.length).toBe(losses.callIdsRenamed);
        expect(count('tool-result')).toBe(losses.resultsDropped - losses.callsCompleted);
        expect(output.filter((item) => item.kind === 'tool-result' && item.output.startsWith('The result of this')).length).toBe(
          losses.callsCompleted,
        );
      }),
      RUNS,
    );
  });

  test('begins with what was sent before, so that the prompt cache is hit', () => {
    fc.assert(
      fc.property(anyTranscript, anyTranscript, boundary, (before, after, at) => {
        const asked = [...before, userSaid('go on')];
        const sent = handOver(asked, at).items;

        expect(handOver([...asked, ...after], at).items.slice(0, sent.length)).toEqual(sent);
      }),
      RUNS,
    );
  });
});

function textsOf(item: TranscriptItem): readonly string[] {
  switch (item.kind) {
    case 'user-message':
    case 'assistant-message':
      return [item.text];
    case 'tool-call':
      return [item.callId, item.name, item.input.text];
    case 'tool-result':
      return [item.callId, item.output];
    case 'reasoning':
      return [item.payload, summaryOf(item.payload)];
  }
}

function summaryOf(payload: string): string {
  const { summary } = JSON.parse(payload) as { summary: readonly { text: string }[] }; // as it was generated
  return `summary: ${summary[0]?.text}`;
}
