/** A conversation as a text, for a session that begins where another one ended: a service takes what users say, not what others answered. */
import type { ToolCall, ToolResult, TranscriptItem } from '../../workflows/domain/transcript.ts';

/** Some 50,000 tokens: with more, steps of the middle are left out. */
const MAX_CHARACTERS = 200_000;
/** Whatever the beginning takes, so much is left for what is new. */
const LEAST_FOR_NEWEST = 50_000;
/** Of one output or input. */
const MAX_ITEM_CHARACTERS = 8_000;

const HEADING =
  'You take over a task that another session began. What follows is all that happened so far, oldest first; its tool calls have been run, ' +
  'and what they changed is as they left it. Go on from there: do not repeat what is done, and do not answer this summary itself.';

/** The beginning, which says what the task is, stays whole; of the rest, what users said goes last, and older steps before newer ones. */
export function describeTranscript(items: readonly TranscriptItem[]): string {
  const told = items.flatMap((item) => describeItem(item).map((text): Told => ({ text, isUser: item.kind === 'user-message' })));
  const firstStep = told.findIndex(({ isUser }) => !isUser);
  const [beginning, rest] = firstStep < 0 ? [told, []] : [told.slice(0, firstStep), told.slice(firstStep)];
  const room = Math.max(MAX_CHARACTERS - lengthOf(beginning), LEAST_FOR_NEWEST);
  const said = newestWithin(
    rest.filter(({ isUser }) => isUser),
    room / 2,
  );
  const steps = newestWithin(
    rest.filter(({ isUser }) => !isUser),
    room - lengthOf(said),
  );
  const kept = new Set([...said, ...steps]);
  return [HEADING, ...beginning.map(({ text }) => text), ...withGaps(rest, kept)].join('\n\n');
}

interface Told {
  readonly text: string;
  readonly isUser: boolean;
}

function lengthOf(told: readonly Told[]): number {
  return told.reduce((sum, { text }) => sum + text.length, 0);
}

function newestWithin(told: readonly Told[], room: number): readonly Told[] {
  let left = room;
  const tooOld = told.findLastIndex(({ text }) => {
    left -= text.length;
    return left < 0;
  });
  return told.slice(tooOld + 1);
}

function withGaps(told: readonly Told[], kept: ReadonlySet<Told>): readonly string[] {
  const lines: string[] = [];
  let gap = 0;
  for (const part of told) {
    if (!kept.has(part)) {
      gap += 1;
      continue;
    }
    if (gap > 0) lines.push(noteOf(gap));
    gap = 0;
    lines.push(part.text);
  }
  return gap > 0 ? [...lines, noteOf(gap)] : lines;
}

function noteOf(gap: number): string {
  return `[${gap} earlier steps are left out.]`;
}

function describeItem(item: TranscriptItem): readonly string[] {
  switch (item.kind) {
    case 'user-message':
      return [`User${item.origin === undefined ? '' : ` (${item.origin})`}:\n${item.text}`];
    case 'assistant-message':
      return [`You:\n${item.text}`];
    case 'tool-call':
      return [`You called ${item.name} (${item.callId}):\n${shorten(inputOf(item))}`];
    case 'tool-result':
      return [`Its result (${item.callId}), ${outcomeOf(item)}:\n${shorten(item.output)}`];
    case 'reasoning':
      return [];
  }
}

function inputOf({ input }: ToolCall): string {
  return input.text;
}

function outcomeOf({ outcome }: ToolResult): string {
  return outcome === 'unknown' ? 'outcome unknown, it may have run in part or in full' : outcome;
}

function shorten(text: string): string {
  if (text.length <= MAX_ITEM_CHARACTERS) return text.toWellFormed();
  const half = MAX_ITEM_CHARACTERS / 2;
  return `${text.slice(0, half)}\n[…]\n${text.slice(-half)}`.toWellFormed();
}
