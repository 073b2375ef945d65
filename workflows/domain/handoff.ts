/**
 * Turns a transcript over to a deployment. What is only valid where it was made is dropped, what every cloud checks is put
 * right, and what was lost is counted. Property: any prefix of any transcript comes out valid for every cloud.
 */
import type { ToolInput, ToolResult, TranscriptItem } from './transcript.ts';

/** What a handoff changed; all zero on the deployment that made every item. */
export interface HandoffLosses {
  /** Made at another boundary, or left with nothing after it. */
  readonly reasoningDropped: number;
  readonly callIdsRenamed: number;
  /** Calls that had no result (the host was lost, or the turn was cut): a result saying so is put in. */
  readonly callsCompleted: number;
  readonly resultsDropped: number;
}

export interface Handoff {
  readonly items: readonly TranscriptItem[];
  readonly losses: HandoffLosses;
}

/** Every cloud takes these; 64 is the limit of the strictest. */
const CALL_ID = /^[A-Za-z0-9_-]{1,64}$/;
const TOOL_NAME_CHARACTERS = 64;
const LOST_RESULT = 'The result of this call was lost. It may have run in part or in full: check before repeating it.';

/** Renders a transcript for the boundary of a deployment. */
export function handOver(items: readonly TranscriptItem[], boundary: string): Handoff {
  const kept = items.filter((item) => item.kind !== 'reasoning' || item.boundary === boundary);
  const paired = pairCalls(kept.map(cleanItem));
  const whole = dropDanglingReasoning(paired.items);
  return {
    items: whole,
    losses: { ...paired.losses, reasoningDropped: countReasoning(items) - countReasoning(whole) },
  };
}

function countReasoning(items: readonly TranscriptItem[]): number {
  return items.filter(({ kind }) => kind === 'reasoning').length;
}

interface OpenCall {
  readonly callId: string;
  readonly wireId: string;
}

/**
 * Gives every call exactly one result and an id that every cloud takes. Clouds may reuse an id in a later turn, so a
 * result belongs to the oldest call of its id that is still open, and a reused id is renamed.
 */
function pairCalls(items: readonly TranscriptItem[]): {
  items: readonly TranscriptItem[];
  losses: Omit<HandoffLosses, 'reasoningDropped'>;
} {
  const output: TranscriptItem[] = [];
  const used = new Set<string>();
  let open: OpenCall[] = [];
  let [callIdsRenamed, callsCompleted, resultsDropped] = [0, 0, 0];

  const closeOpenCalls = (): void => {
    output.push(...open.map(({ wireId }) => lostResult(wireId)));
    callsCompleted += open.length;
    open = [];
  };
  let afterResult = false;
  for (const item of items) {
    if (item.kind === 'tool-call') {
      // A model's next call after results belongs to the next turn: calls still open will never get their result.
      if (afterResult) closeOpenCalls();
      afterResult = false;
      const wireId = freeCallId(item.callId, used);
      if (wireId !== item.callId) callIdsRenamed += 1;
      used.add(wireId);
      open.push({ callId: item.callId, wireId });
      output.push({ ...item, callId: wireId });
    } else if (item.kind === 'tool-result') {
      const call = open.find(({ callId }) => callId === item.callId);
      if (call === undefined) {
        resultsDropped += 1;
        continue;
      }
      afterResult = true;
      open = open.filter((other) => other !== call);
      output.push({ ...item, callId: call.wireId });
    } else {
      if (item.kind === 'user-message' || afterResult) closeOpenCalls();
      output.push(item);
    }
  }
  closeOpenCalls();
  return { items: output, losses: { callIdsRenamed, callsCompleted, resultsDropped } };
}

function freeCallId(callId: string, used: ReadonlySet<string>): string {
  if (CALL_ID.test(callId) && !used.has(callId)) return callId;
  let number = used.size;
  while (used.has(`call_${number}`)) number += 1;
  return `call_${number}`;
}

function lostResult(callId: string): ToolResult {
  return { kind: 'tool-result', callId, outcome: 'unknown', output: LOST_RESULT };
}

/** A cloud refuses reasoning that nothing follows, as a cut transcript can end. */
function dropDanglingReasoning(items: readonly TranscriptItem[]): readonly TranscriptItem[] {
  return items.filter((item, index) => item.kind !== 'reasoning' || isModelMade(items[nextAfterReasoning(items, index)]));
}

function nextAfterReasoning(items: readonly TranscriptItem[], index: number): number {
  let next = index + 1;
  while (items[next]?.kind === 'reasoning') next += 1;
  return next;
}

function isModelMade(item: TranscriptItem | undefined): boolean {
  return item?.kind === 'tool-call' || item?.kind === 'assistant-message';
}

/** Half of a surrogate pair cannot be written as UTF-8: some clouds answer 400, others replace it. */
function cleanItem(item: TranscriptItem): TranscriptItem {
  switch (item.kind) {
    case 'user-message':
    case 'assistant-message':
      return { ...item, text: toText(item.text) };
    case 'tool-call':
      return { ...item, name: toToolName(item.name), input: cleanInput(item.input) };
    case 'tool-result':
      return { ...item, output: toText(item.output) };
    case 'reasoning':
      return { ...item, payload: toWellFormedJson(item.payload) };
  }
}

/** Models make names up (`functions.read_file`), and clouds refuse the transcript that has one ever after. */
function toToolName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, TOOL_NAME_CHARACTERS) || 'unnamed';
}

function cleanInput({ kind, text }: ToolInput): ToolInput {
  return { kind, text: kind === 'json' && text === '' ? '{}' : toText(text) };
}

/** Empty content is refused by some clouds. */
function toText(text: string): string {
  return text === '' ? '(empty)' : text.toWellFormed();
}

/** In JSON a half pair is always written as an escape; a payload without one is replayed to the letter. */
function toWellFormedJson(json: string): string {
  if (!/\\ud[89a-f]/i.test(json)) return json;
  try {
    return JSON.stringify(JSON.parse(json, (_key, value: unknown) => (typeof value === 'string' ? value.toWellFormed() : value)));
  } catch {
    // No JSON at all: whoever renders it says so.
    return json;
  }
}
