/**
 * What a reasoning engine tells, as far as we read it: events of the Agent Development Kit, one line of JSON each, or `{"output": "…"}`
 * of an engine that tells no events. The kit writes names with underscores, the service's list of events the same in camel case.
 */
import { z } from 'zod';
import { EMPTY_ANSWER_CODE } from '../../../workflows/domain/failure-class.ts';
import type { ToolCall, TranscriptItem } from '../../../workflows/domain/transcript.ts';
import type { Usage } from '../../../workflows/domain/usage.ts';
import { NO_USAGE, addUsage } from '../../../workflows/domain/usage.ts';
import { NoAnswerError, toFunctionInput } from '../../clouds/responses-api/read-answer.ts';
import type { ResponseDialect } from '../../clouds/responses-api/cloud-dialect.ts';
import { BrokenStreamError, StreamedError } from '../../clouds/responses-api/read-response-stream.ts';
import { MAX_EVENT_CHARACTERS, EventTooLargeError, readChunks } from '../../clouds/responses-api/server-sent-events.ts';
import type { SessionPlan, SessionTurn } from '../managed-agent-client.ts';

export const AGENT_ENGINE_RESPONSE: ResponseDialect = { requestIdHeaders: ['x-request-id', 'x-goog-request-id'] };

const COUNT = z.number().int().nonnegative().nullish();
const CALL = z.object({ id: z.string().nullish(), name: z.string(), args: z.unknown().optional() });
const PART = z.preprocess(
  toCamel,
  z.object({
    text: z.string().nullish(),
    thought: z.boolean().nullish(),
    functionCall: CALL.nullish(),
    functionResponse: z.unknown().optional(),
  }),
);
/** What the kit puts beside the content, the service into `eventMetadata`. */
const METADATA = { partial: z.boolean().nullish(), longRunningToolIds: z.array(z.string()).nullish() };
const EVENT = z.preprocess(
  toCamel,
  z.object({
    ...METADATA,
    output: z.unknown().optional(),
    error: z.unknown().optional(),
    author: z.string().nullish(),
    content: z.object({ parts: z.array(PART).nullish() }).nullish(),
    errorCode: z.union([z.string(), z.number()]).nullish(),
    /** Seconds, or RFC 3339. */
    timestamp: z.union([z.number(), z.string()]).nullish(),
    eventMetadata: z.object(METADATA).nullish(),
    usageMetadata: z
      .preprocess(
        toCamel,
        z.object({
          promptTokenCount: COUNT,
          cachedContentTokenCount: COUNT,
          candidatesTokenCount: COUNT,
          thoughtsTokenCount: COUNT,
        }),
      )
      .nullish()
      .catch(null),
  }),
);
type EventObject = z.infer<typeof EVENT>;

export const EVENT_PAGE = z.object({ sessionEvents: z.array(z.unknown()).nullish(), nextPageToken: z.string().nullish() });

/** One event, with what it says of the turn. */
export interface EngineEvent {
  readonly isOfUser: boolean;
  /** A piece of what a later event tells whole. */
  readonly isPartial: boolean;
  readonly texts: readonly string[];
  /** Calls that wait for a result of ours. */
  readonly waiting: readonly { readonly id: string; readonly name: string; readonly args: unknown }[];
  /** Names of what the engine called by itself. */
  readonly called: readonly string[];
  readonly hasResults: boolean;
  readonly error: unknown;
  readonly usage: Usage;
  /** Milliseconds since 1970; NaN where it is not told. */
  readonly atMs: number;
}

/** @throws BrokenStreamError, NoAnswerError */
export function readEvent(raw: unknown): EngineEvent {
  const event = EVENT.safeParse(raw).data;
  if (event === undefined) throw new BrokenStreamError('malformed event');
  const parts = event.content?.parts ?? [];
  const longRunning = new Set(event.longRunningToolIds ?? event.eventMetadata?.longRunningToolIds ?? []);
  const calls = parts.flatMap(({ functionCall: call }) => (call === null || call === undefined ? [] : [call]));
  const waits = ({ id }: (typeof calls)[number]): boolean => typeof id === 'string' && longRunning.has(id);
  const said = parts.flatMap(({ text, thought }) => (typeof text === 'string' && thought !== true ? [text] : []));
  return {
    isOfUser: event.author === 'user',
    isPartial: (event.partial ?? event.eventMetadata?.partial) === true,
    texts: [...said, ...readOutput(event)].filter((text) => text !== ''),
    waiting: calls.filter(waits).map(({ id, name, args }) => ({ id: id ?? '', name, args })),
    called: calls.filter((call) => !waits(call)).map(({ name }) => name),
    hasResults: parts.some(({ functionResponse }) => functionResponse !== null && functionResponse !== undefined),
    error: errorOf(event),
    usage: toUsage(event),
    atMs: toMs(event.timestamp),
  };
}

/** An engine of another kind gives any JSON here; text alone is an answer. */
function readOutput({ output }: EventObject): readonly string[] {
  if (output === undefined) return [];
  if (typeof output !== 'string') throw new NoAnswerError('output is no text');
  return [output];
}

function errorOf({ error, errorCode }: EventObject): unknown {
  if (error !== undefined && error !== null) return error;
  return errorCode === undefined || errorCode === null ? undefined : { code: String(errorCode) };
}

function toUsage({ partial, usageMetadata: tokens }: EventObject): Usage {
  if (partial === true || tokens === null || tokens === undefined) return NO_USAGE;
  const { thoughtsTokenCount: thoughts, candidatesTokenCount: candidates } = tokens;
  return {
    inputTokens: tokens.promptTokenCount ?? 0,
    cachedInputTokens: tokens.cachedContentTokenCount ?? 0,
    outputTokens: (candidates ?? 0) + (thoughts ?? 0),
    reasoningTokens: thoughts ?? 0,
  };
}

/** Of the most that a `Date` can be, in milliseconds; a number of another unit is beyond it. */
const MOST_MS = 8.64e15;

function toMs(timestamp: number | string | null | undefined): number {
  const ms = typeof timestamp === 'number' ? timestamp * 1_000 : Date.parse(timestamp ?? '');
  return Math.abs(ms) <= MOST_MS ? ms : Number.NaN;
}

/** Whether nothing needs to come after it, as the kit itself sees it: it calls nothing of its own, or it waits for us. */
export function isEnd({ isOfUser, isPartial, waiting, called, hasResults }: EngineEvent): boolean {
  if (isOfUser || isPartial || called.length > 0) return false;
  return waiting.length > 0 || !hasResults;
}

/** Whether it has said anything, or waits for us. */
export function hasAnswer(events: readonly EngineEvent[]): boolean {
  return events.some(
    ({ isOfUser, isPartial, texts, waiting }) => !isOfUser && !isPartial && (texts.length > 0 || waiting.length > 0),
  );
}

/** What the events since an input come to. @throws StreamedError, NoAnswerError */
export function toTurn(events: readonly EngineEvent[], plan: SessionPlan): SessionTurn {
  const whole = events.filter(({ isOfUser, isPartial }) => !isOfUser && !isPartial);
  const failed = whole.find(({ error }) => error !== undefined);
  if (failed !== undefined) throw new StreamedError(failed.error);
  const said = whole.flatMap(readItems);
  const calls = whole.flatMap(({ waiting }) => waiting.map((call) => readCall(call, plan)));
  if (!hasAnswer(whole)) throw new NoAnswerError(EMPTY_ANSWER_CODE);
  const at = Math.max(...events.map(({ atMs }) => atMs).filter((ms) => !Number.isNaN(ms)));
  return {
    items: [...said, ...calls],
    usage: whole.map(({ usage }) => usage).reduce(addUsage, NO_USAGE),
    ...(Number.isFinite(at) ? { marker: new Date(at).toISOString() } : {}),
  };
}

function readItems({ texts, called }: EngineEvent): readonly TranscriptItem[] {
  const said = texts.map((text): TranscriptItem => ({ kind: 'assistant-message', text }));
  const did = called.map((name): TranscriptItem => ({
    kind: 'assistant-message',
    text: `(Called ${name} by itself.)`,
    phase: 'commentary',
  }));
  return [...said, ...did];
}

function readCall({ id, name, args }: EngineEvent['waiting'][number], { tools }: SessionPlan): ToolCall {
  return { kind: 'tool-call', callId: id, name, input: toFunctionInput(JSON.stringify(args ?? {}), name, tools) };
}

/** What came after the marker. A millisecond is lost when a time is written; inputs are further apart. */
export function since(events: readonly EngineEvent[], marker: string | undefined): readonly EngineEvent[] {
  const readMs = Date.parse(marker ?? '');
  return Number.isNaN(readMs) ? events : events.slice(events.findLastIndex(({ atMs }) => atMs < readMs + 1) + 1);
}

/** The lines of JSON of `:streamQuery`, with `data:` before them or not: the service's pages show both. @throws BrokenStreamError */
export async function* readLines(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of readChunks(body, signal)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_EVENT_CHARACTERS) throw new EventTooLargeError();
    for (const line of lines) yield* readLine(line);
  }
  yield* readLine(rest);
}

function* readLine(line: string): Generator<unknown> {
  const text = line.replace(/^data:/, '').trim();
  if (text === '' || text.startsWith(':')) return;
  try {
    yield JSON.parse(text);
  } catch {
    throw new BrokenStreamError('malformed event');
  }
}

/** Of the names of fields alone: what they hold may be anybody's. */
function toCamel(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name.replaceAll(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase()),
      field,
    ]),
  );
}
