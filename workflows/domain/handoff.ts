/**
 * Turns a transcript over to a deployment. What is only valid where it was made is dropped, what every cloud checks is put
 * right, and what was lost is counted. Property: any prefix of any transcript comes out valid for every cloud.
 */
import type { Reasoning, ToolCall, ToolResult, TranscriptItem } from './transcript.ts';

/** What a handoff changed; all zero on the deployment that made every item. */
export interface HandoffLosses {
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
const LOST_RESULT = 'The result of this call was lost. It may have run in part or in full: check before repeating it.';

/** Renders a transcript for the boundary of a deployment. */
export function handOver(items: readonly TranscriptItem[], boundary: string): Handoff {
  const kept = items.filter((item) => item.kind !== 'reasoning' || item.boundary === boundary);
  const paired = pairCalls(kept.map(cleanItem));
  return {
    items: dropDanglingReasoning(paired.items),
    losses: { ...paired.losses, reasoningDropped: items.length - kept.length },
  };
}

interface OpenCall {
  readonly callId: string;
  readonly wireId: string;
}

/**
 * Gives every call exactly one result and an id that every cloud takes. Clouds may reuse an id in a later turn, so ids are
 * matched to the nearest open call, and a reused one is renamed.
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

function isModelMade(item: TranscriptItem | undefined): item is ToolCall | Reasoning {
  return item?.kind === 'tool-call' || item?.kind === 'assistant-message';
}

/** Half of a surrogate pair cannot be written as UTF-8: some clouds answer 400, others replace it. */
function cleanItem(item: TranscriptItem): TranscriptItem {
  switch (item.kind) {
    case 'user-message':
    case 'assistant-message':
      return { ...item, text: toText(item.text) };
    case 'tool-call':
      return { ...item, input: { ...item.input, text: toWellFormed(item.input.text) } };
    case 'tool-result':
      return { ...item, output: toText(item.output) };
    case 'reasoning':
      return item;
  }
}

/** Empty content is refused by some clouds. */
function toText(text: string): string {
  return text === '' ? '(empty)' : toWellFormed(text);
}

function toWellFormed(text: string): string {
  return text.toWellFormed();
}
