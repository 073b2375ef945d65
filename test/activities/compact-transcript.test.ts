import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compactedTranscript, cutMiddle, summaryRequest } from '../../activities/conversation/compact-transcript.ts';
import { shrinkForSummary } from '../../activities/conversation/shrink-for-summary.ts';
import { compactionLimits } from '../../workflows/domain/compaction.ts';
import { handOver } from '../../workflows/domain/handoff.ts';
import { tokensOfItems, tokensOfText } from '../../workflows/domain/token-estimate.ts';
import type { TranscriptItem, UserMessage } from '../../workflows/domain/transcript.ts';
import { anyTranscript, BOUNDARIES } from '../domain/arbitrary-transcript.ts';
import { aToolCall, aToolResult, said, userSaid } from '../support/builders.ts';

const LIMITS = compactionLimits(undefined);
const CONTEXT: UserMessage = { kind: 'user-message', origin: 'context', text: '# AGENTS.md instructions for /w' };
const SUMMARY_REQUEST_TOKENS = tokensOfItems(summaryRequest([]));

/** A task that did much: `turns` calls with long results. */
function longWork(turns: number, outputCharacters = 4_000): readonly TranscriptItem[] {
  return Array.from({ length: turns }, (_, turn) => [
    said(`looking at ${turn}`),
    aToolCall({ callId: `c${turn}` }),
    aToolResult({ callId: `c${turn}`, output: `${turn} `.padEnd(outputCharacters, 'x') }),
  ]).flat();
}

const textsOf = (items: readonly TranscriptItem[]): readonly string[] =>
  items.flatMap((item) => (item.kind === 'user-message' ? [item.text] : []));

describe('a compacted transcript', () => {
  test('is the beginning, what the user said to the letter, and the summary, and nothing of the work', () => {
    const items = [CONTEXT, userSaid('Mend it.'), ...longWork(50), userSaid('Also the docs.'), ...longWork(50)];

    const compacted = compactedTranscript(items, '  parser.ts is mended; the docs are left  ', LIMITS);

    expect(compacted.map(({ kind }) => kind)).toEqual(Array.from({ length: 4 }, () => 'user-message'));
    expect(compacted.slice(0, 3)).toEqual([CONTEXT, userSaid('Mend it.'), userSaid('Also the docs.')]);
    expect(compacted[3]).toMatchObject({ origin: 'summary', text: expect.stringMatching(/Go on from here.*\n\nparser\.ts/s) });
    expect(tokensOfItems(compacted)).toBeLessThan(tokensOfItems(items) / 100);
  });

  test('replaces the summary before it, and forgets corrections', () => {
    const first = compactedTranscript([CONTEXT, userSaid('Mend it.'), ...longWork(9)], 'first', LIMITS);
    const correction: UserMessage = { kind: 'user-message', origin: 'correction', text: 'no JSON' };

    const second = compactedTranscript([...first, ...longWork(9), correction], 'second', LIMITS);

    expect(second).toHaveLength(3);
    expect(textsOf(second).join('\n')).toContain('second');
    expect(textsOf(second).join('\n')).not.toMatch(/first|no JSON/);
  });

  test('keeps the task and the newest messages when there is no room for all, and says how many it does not', () => {
    const followUps = Array.from({ length: 30 }, (_, index) => userSaid(`${index}:`.padEnd(4_000, 'y')));

    const compacted = compactedTranscript([userSaid('The task.'), ...followUps], 's', LIMITS);

    expect(textsOf(compacted)[0]).toBe('The task.');
    expect(compacted.slice(1, -1)).toEqual(followUps.slice(-(compacted.length - 2)));
    expect(textsOf(compacted).at(-1)).toContain(`${30 - (compacted.length - 2)} messages of the user are in the hand-off alone`);
  });

  test('cuts a task that is far too long in its middle', () => {
    const task = `begin ${'z'.repeat(400_000)} end`;

    const [kept] = textsOf(compactedTranscript([userSaid(task), userSaid('Go on.')], 's', LIMITS));

    expect(kept).toMatch(/^begin z+\n\[… cut here: the whole has 400010 characters …\]\nz+ end$/);
    expect(tokensOfText(kept ?? '')).toBeLessThanOrEqual(LIMITS.userTokens / 2);
  });

  test('is valid wherever it goes, within its limits, and smaller than what was too long, whatever it is made of', () => {
    fc.assert(
      fc.property(anyTranscript, fc.string({ unit: 'binary' }), fc.constantFrom(...BOUNDARIES), (shreds, summary, boundary) => {
        const items = [CONTEXT, ...shreds, ...longWork(20)];

        const compacted = compactedTranscript(items, summary, LIMITS);

        const { items: sent, losses } = handOver(compacted, boundary);
        expect(losses).toEqual({ reasoningDropped: 0, callIdsRenamed: 0, callsCompleted: 0, resultsDropped: 0 });
        expect(sent).toHaveLength(compacted.length);
        expect(tokensOfItems(compacted)).toBeLessThan(tokensOfItems(items));
        expect(textsOf(compacted)).toEqual(expect.arrayContaining(textsOf(shreds).slice(-1)));
      }),
    );
  });

  test('never has more of the user and of the summary than its limits', () => {
    const limits = { userTokens: 300, summaryTokens: 100 };
    const message = fc.string({ maxLength: 3_000 }).map((text) => userSaid(text));
    fc.assert(
      fc.property(fc.array(message), fc.string({ maxLength: 3_000 }), (messages, summary) => {
        const texts = textsOf(compactedTranscript(messages, summary, limits));
        const user = texts.slice(0, -1).reduce((sum, text) => sum + tokensOfText(text), 0);

        expect(user).toBeLessThanOrEqual(limits.userTokens);
        expect(tokensOfText(texts.at(-1) ?? '')).toBeLessThanOrEqual(limits.summaryTokens + 120);
      }),
    );
  });

  test('cuts a text to what was asked for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), fc.nat({ max: 200 }), (text, mostTokens) => {
        expect(tokensOfText(cutMiddle(text, mostTokens))).toBeLessThanOrEqual(mostTokens);
      }),
    );
  });
});

describe('the request for a summary', () => {
  test('is the conversation and our question, when that fits', () => {
    const items = [CONTEXT, userSaid('Mend it.'), ...longWork(3)];

    const request = summaryRequest(shrinkForSummary(items, 100_000));

    expect(request.slice(0, -1)).toEqual(items);
    expect(request.at(-1)).toMatchObject({ text: expect.stringContaining('hand-off for the model that takes over') });
  });

  test('leaves the oldest results out first, and keeps the newest whole', () => {
    const items = [userSaid('Mend it.'), ...longWork(20)];

    const shrunk = shrinkForSummary(items, SUMMARY_REQUEST_TOKENS + tokensOfItems(items) / 2);

    const outputs = shrunk.flatMap((item) => (item.kind === 'tool-result' ? [item.output.includes('left out')] : []));
    expect(outputs).toEqual([...Array.from({ length: 11 }, () => true), ...Array.from({ length: 9 }, () => false)]);
    expect(shrunk).toHaveLength(items.length);
  });

  test('gives up the work before what is asked for', () => {
    const items = [CONTEXT, userSaid('Mend it.'), ...longWork(500)];

    const shrunk = shrinkForSummary(items, SUMMARY_REQUEST_TOKENS + 40);

    expect(shrunk.slice(0, 2)).toEqual([CONTEXT, userSaid('Mend it.')]);
    expect(tokensOfItems(summaryRequest(shrunk))).toBeLessThanOrEqual(SUMMARY_REQUEST_TOKENS + 40);
  });

  test('fits, and keeps calls and results together, whatever the conversation is', () => {
    fc.assert(
      fc.property(anyTranscript, fc.integer({ min: 20, max: 400 }), fc.constantFrom(...BOUNDARIES), (shreds, room, boundary) => {
        const items = [userSaid('go '.repeat(400)), ...longWork(3, 400), ...shreds, ...longWork(3, 400)];

        const shrunk = shrinkForSummary(items, SUMMARY_REQUEST_TOKENS + room);

        expect(tokensOfItems(shrunk)).toBeLessThanOrEqual(room);
        const [before, after] = [handOver(items, boundary), handOver(shrunk, boundary)];
        expect(after.losses.callsCompleted).toBeLessThanOrEqual(before.losses.callsCompleted);
      }),
    );
  });
});
