/** What a session has of its task's transcript, and so what it is told next. Pure: who keeps the records and who sends is elsewhere. */
import type { TranscriptItem, UserMessage } from '../../workflows/domain/transcript.ts';
import { digestOf } from '../digest.ts';
import type { AgentSessionRecord, SeenTranscript } from '../store/agent-session-record.ts';
import { describeTranscript } from './describe-transcript.ts';
import type { SessionInput, SessionResult, SessionTurn } from './managed-agent-client.ts';

export function seenOf(items: readonly TranscriptItem[]): SeenTranscript {
  return { items: items.length, digest: digestOf(items) };
}

function begins(items: readonly TranscriptItem[], seen: SeenTranscript): boolean {
  return seen.items <= items.length && digestOf(items.slice(0, seen.items)) === seen.digest;
}

/** An answer that has become a part of the transcript is no longer pending. */
export function settle(record: AgentSessionRecord, items: readonly TranscriptItem[]): AgentSessionRecord {
  const { pending, ...rest } = record;
  const answered = pending?.answered;
  if (answered === undefined || !begins(items, answered.seen)) return record;
  const { marker: _marker, continuation: _continuation, ...kept } = rest;
  return { ...kept, ...answered };
}

/** What is new to the session; `undefined`: its conversation is another one by now, and it cannot be told so. */
export function newInput(
  { seen, continuation }: Pick<AgentSessionRecord, 'seen' | 'continuation'>,
  items: readonly TranscriptItem[],
): Omit<SessionInput, 'key'> | undefined {
  if (!begins(items, seen) || seen.items === items.length) return undefined;
  const results: SessionResult[] = [];
  const messages: string[] = [];
  for (const item of items.slice(seen.items)) {
    if (item.kind === 'user-message') messages.push(item.text);
    else if (item.kind === 'tool-result') results.push({ ...item, name: nameOf(items, item.callId) });
    else return undefined;
  }
  return { results, messages, ...(continuation === undefined ? {} : { continuation }) };
}

/** What a session begins with: what users said, behind all that happened elsewhere before they said it last. */
export function firstInput(items: readonly TranscriptItem[]): Omit<SessionInput, 'key'> {
  const lastStep = items.findLastIndex(({ kind }) => kind !== 'user-message');
  const asked = items.slice(lastStep + 1).filter((item): item is UserMessage => item.kind === 'user-message');
  const before = lastStep < 0 ? [] : [describeTranscript(items.slice(0, lastStep + 1))];
  return { results: [], messages: [...before, ...asked.map(({ text }) => text)] };
}

/** Of several calls with one id the latest is meant. */
function nameOf(items: readonly TranscriptItem[], callId: string): string {
  const call = items.findLast((item) => item.kind === 'tool-call' && item.callId === callId);
  return call?.kind === 'tool-call' ? call.name : '';
}

/** A call that is told twice, or again with its result, is one: what it does is done once. */
export function callsOnce(
  items: readonly TranscriptItem[],
  { results }: Pick<SessionInput, 'results'>,
): readonly TranscriptItem[] {
  const known = new Set(results.map(({ callId }) => callId));
  return items.filter((item) => {
    if (item.kind !== 'tool-call') return true;
    const isNew = !known.has(item.callId);
    known.add(item.callId);
    return isNew;
  });
}

/** The session answered what was asked; it is settled once the transcript has it. */
export function answeredWith(
  record: AgentSessionRecord,
  asked: { readonly key: string; readonly turn: number; readonly items: readonly TranscriptItem[] },
  { items, marker, continuation, leftBehind = [] }: SessionTurn,
): AgentSessionRecord {
  const seen = seenOf([...asked.items, ...items]);
  const answered = { seen, ...(marker === undefined ? {} : { marker }), ...(continuation === undefined ? {} : { continuation }) };
  const left = [...new Set([...(record.leftBehind ?? []), ...leftBehind])];
  const pending = { key: asked.key, turn: asked.turn, asked: seenOf(asked.items), answered };
  return { ...record, ...(left.length === 0 ? {} : { leftBehind: left }), pending };
}
