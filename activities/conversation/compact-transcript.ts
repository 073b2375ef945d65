/**
 * A conversation that has become too long goes on from a summary of itself. The model writes it (`summaryRequest`), and the new
 * conversation is made of text alone: how it began, what the user said, the summary. Calls, results and reasoning stay behind, so
 * that any cloud can take it up.
 */
import type { CompactionLimits } from '../../workflows/domain/compaction.ts';
import { CHARACTERS_PER_TOKEN, tokensOfText } from '../../workflows/domain/token-estimate.ts';
import type { TranscriptItem, UserMessage } from '../../workflows/domain/transcript.ts';

const ASK_FOR_SUMMARY = [
  'This conversation has become too long to go on. Write a hand-off for the model that takes over: it sees the messages of the user',
  'and what you write now, and nothing else of this conversation. The workspace stays as it is.',
  '',
  'Write down, in this order and as briefly as nothing is lost:',
  '- what is asked for, with every constraint and wish of the user that still holds, and what was decided since',
  '- what is done: which files were changed, and how it was checked (commands and what they said)',
  '- what was found out that is not plain from the files: causes, places in the code, what was tried and did not work',
  '- calls of which it is not known whether they ran, processes and sessions that are open',
  '- what is left to do, the very next step first',
  '',
  'Name files, functions, commands and error messages exactly. Where a result says that it was left out, do not guess what it was.',
  'Answer with the hand-off alone. Call no tool.',
].join('\n');

const PREAMBLE = [
  'The conversation before this point was too long and was replaced by this hand-off, which the model wrote that worked on the task',
  'until now. The files in the workspace are as it left them. Go on from here; do not begin again, and trust the files over the text.',
].join(' ');

/** What is sent to have the summary written; without any tools. */
export function summaryRequest(items: readonly TranscriptItem[]): readonly TranscriptItem[] {
  return [...items, { kind: 'user-message', text: ASK_FOR_SUMMARY, origin: 'summary' }];
}

/**
 * The conversation that the task goes on with. What we wrote at its beginning stays to the letter; so does what the user said, the
 * task first and then the newest, as far as the limit goes. Earlier summaries are within the new one.
 */
export function compactedTranscript(
  items: readonly TranscriptItem[],
  summary: string,
  limits: CompactionLimits,
): readonly TranscriptItem[] {
  const messages = items.filter((item) => item.kind === 'user-message');
  const said = messages.filter(({ origin }) => origin === undefined);
  const { kept, leftOut } = keepSaid(said, limits.userTokens);
  return [...messages.filter(({ origin }) => origin === 'context'), ...kept, summaryMessage(summary, leftOut, limits)];
}

function summaryMessage(summary: string, leftOut: number, { summaryTokens }: CompactionLimits): UserMessage {
  const missing =
    leftOut === 0 ? '' : ` ${leftOut === 1 ? 'One message' : `${leftOut} messages`} of the user are in the hand-off alone.`;
  const text = `${PREAMBLE}${missing}\n\n${cutMiddle(summary.trim(), summaryTokens)}`;
  return { kind: 'user-message', text, origin: 'summary' };
}

interface Kept {
  readonly kept: readonly UserMessage[];
  readonly leftOut: number;
}

/** Which task it is must never be lost, however much was said since: the first message has up to half of the room for itself. */
function keepSaid([task, ...later]: readonly UserMessage[], mostTokens: number): Kept {
  if (task === undefined) return { kept: [], leftOut: 0 };
  const first = cutMessage(task, later.length === 0 ? mostTokens : Math.floor(mostTokens / 2));
  let room = mostTokens - tokensOfText(first.text);
  const kept: UserMessage[] = [];
  for (const message of later.toReversed()) {
    const isNewest = kept.length === 0;
    const fitting = isNewest ? cutMessage(message, room) : message;
    const tokens = tokensOfText(fitting.text);
    if (tokens > room) break;
    room -= tokens;
    kept.push(fitting);
  }
  return { kept: [first, ...kept.toReversed()], leftOut: later.length - kept.length };
}

function cutMessage(message: UserMessage, mostTokens: number): UserMessage {
  return { ...message, text: cutMiddle(message.text, mostTokens) };
}

/** Beginning and end, which say most; at most so many tokens with the note between them. */
export function cutMiddle(text: string, mostTokens: number): string {
  if (tokensOfText(text) <= mostTokens) return text;
  const note = `\n[… cut here: the whole has ${text.length} characters …]\n`;
  const half = Math.floor((mostTokens * CHARACTERS_PER_TOKEN - note.length) / 2);
  if (half <= 0) return text.slice(0, mostTokens * CHARACTERS_PER_TOKEN).toWellFormed();
  return `${text.slice(0, half).toWellFormed()}${note}${text.slice(text.length - half).toWellFormed()}`;
}
