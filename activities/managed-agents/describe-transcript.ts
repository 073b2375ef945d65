/** A conversation as a text, for a session that begins where another one ended: a service takes what users say, not what others answered. */
import type { ToolCall, ToolResult, TranscriptItem } from '../../workflows/domain/transcript.ts';

/** Some 50,000 tokens: with more, the beginning of the middle is left out. */
const MAX_CHARACTERS = 200_000;
/** Of one output or input. */
const MAX_ITEM_CHARACTERS = 8_000;

const HEADING =
  'You take over a task that another session began. What follows is all that happened so far, oldest first; its tool calls have been run, ' +
  'and what they changed is as they left it. Go on from there: do not repeat what is done, and do not answer this summary itself.';

export function describeTranscript(items: readonly TranscriptItem[]): string {
  const parts = items.flatMap(describeItem);
  const [first = '', ...rest] = parts;
  let room = MAX_CHARACTERS - first.length;
  const kept: string[] = [];
  for (const part of rest.toReversed()) {
    room -= part.length;
    if (room < 0) break;
    kept.unshift(part);
  }
  const left = rest.length - kept.length;
  const note = left === 0 ? [] : [`[${left} earlier steps are left out.]`];
  return [HEADING, first, ...note, ...kept].join('\n\n');
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
