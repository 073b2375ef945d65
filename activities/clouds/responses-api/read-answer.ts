/** A whole response of a cloud -> the answer as transcript items, or the reason why it is none. */
import { EMPTY_ANSWER_CODE } from '../../../workflows/domain/failure-class.ts';
import type { ToolDefinition } from '../../../workflows/domain/tool-call.ts';
import type { ToolInput, TranscriptItem } from '../../../workflows/domain/transcript.ts';
import type { Usage } from '../../../workflows/domain/usage.ts';
import type { ModelAnswer, ModelRequest } from '../cloud-client.ts';
import { PATCH_TOOL, toPatch } from './patch-operation.ts';
import { toCode } from './read-refusal.ts';
import type { ResponseObject } from './response-object.ts';
import { CUSTOM_CALL_ITEM, FUNCTION_CALL_ITEM, MESSAGE_ITEM, OUTPUT_ITEM, PATCH_CALL_ITEM } from './response-object.ts';

/** The cloud says that it is done, but what it gave is no answer. `code` is for the failure. */
export class NoAnswerError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.name = 'NoAnswerError';
    this.code = toCode(code);
  }
}

/** The answer in a response that ended `completed` or `incomplete`. @throws NoAnswerError */
export function readAnswer(response: ResponseObject, request: ModelRequest): ModelAnswer {
  const items = (response.output ?? []).flatMap((item) => readOutputItem(item, request));
  const incomplete = readIncomplete(response);
  if (incomplete === undefined && !items.some(({ kind }) => kind !== 'reasoning')) throw new NoAnswerError(EMPTY_ANSWER_CODE);
  return {
    responseId: response.id,
    items,
    usage: readUsage(response),
    ...(incomplete === undefined ? {} : { incomplete }),
  };
}

function readIncomplete(response: ResponseObject): ModelAnswer['incomplete'] {
  if (response.status !== 'incomplete') return undefined;
  const reason = response.incomplete_details?.reason ?? 'no reason';
  if (reason === 'max_output_tokens') return 'max-output-tokens';
  if (reason === 'content_filter') return 'content-filter';
  throw new NoAnswerError(`incomplete: ${reason}`);
}

export function readUsage({ usage }: ResponseObject): Usage {
  const { input_tokens: input, input_tokens_details: inputDetails } = usage ?? {};
  const { output_tokens: output, output_tokens_details: outputDetails } = usage ?? {};
  const { cached_tokens: cached, cache_write_tokens: written } = inputDetails ?? {};
  return {
    inputTokens: input ?? 0,
    cachedInputTokens: cached ?? 0,
    outputTokens: output ?? 0,
    reasoningTokens: outputDetails?.reasoning_tokens ?? 0,
    ...(written ? { cacheWriteTokens: written } : {}),
  };
}

/** What an item's tools and reasoning are read by. */
type Asked = Pick<ModelRequest, 'tools' | 'boundary'>;

/** @throws NoAnswerError */
export function readOutputItem(raw: unknown, request: Asked): readonly TranscriptItem[] {
  const item = OUTPUT_ITEM.safeParse(raw).data;
  if (item === undefined) throw new NoAnswerError('output item without a type');
  switch (item.type) {
    case 'message':
      return readMessage(raw);
    case 'reasoning':
      // Without its encrypted content it is a mere reference to what no cloud keeps for us: replayed, it would be refused.
      if (typeof item.encrypted_content !== 'string') return [];
      return [{ kind: 'reasoning', boundary: request.boundary, payload: JSON.stringify(raw) }];
    case 'function_call':
      // Cut off by the token limit: its arguments are not whole, and it must not be run.
      return item.status === 'incomplete' ? [] : [readFunctionCall(raw, request)];
    case 'custom_tool_call':
      return item.status === 'incomplete' ? [] : [readCustomCall(raw)];
    case 'apply_patch_call':
      // Such a call knows no `incomplete`; what a limit cut off is left in progress.
      return item.status === 'in_progress' ? [] : [readPatchCall(raw)];
    default:
      // What waits for a result of ours cannot be left out: the conversation would hang on it. We never offer such tools.
      if (typeof item.call_id === 'string') throw new NoAnswerError(`unknown call ${item.type}`);
      return [];
  }
}

/** What was said and what was refused become items of their own. */
function readMessage(raw: unknown): readonly TranscriptItem[] {
  const message = MESSAGE_ITEM.safeParse(raw).data;
  if (message === undefined) throw new NoAnswerError('malformed message');
  const content = message.content ?? [];
  const refusals = content.filter(({ type }) => type === 'refusal').map(({ refusal }) => refusal ?? '');
  const texts = content.filter(({ type }) => type === 'output_text').map(({ text }) => text ?? '');
  const phase = readPhase(message.phase);
  const said: readonly TranscriptItem[] =
    texts.length > 0 || refusals.length === 0 ? [{ kind: 'assistant-message', text: texts.join(''), ...phase }] : [];
  const refused: readonly TranscriptItem[] =
    refusals.length > 0 ? [{ kind: 'assistant-message', text: refusals.join(''), refusal: true, ...phase }] : [];
  return [...said, ...refused];
}

function readPhase(phase: string | null | undefined): {
  readonly phase?: 'commentary' | 'final-answer';
} {
  if (phase === 'commentary') return { phase: 'commentary' };
  return phase === 'final_answer' ? { phase: 'final-answer' } : {};
}

function readFunctionCall(raw: unknown, request: Asked): TranscriptItem {
  const call = FUNCTION_CALL_ITEM.safeParse(raw).data;
  if (call === undefined) throw new NoAnswerError('malformed function call');
  const input = toFunctionInput(call.arguments ?? '', call.name, request.tools);
  return { kind: 'tool-call', callId: call.call_id, name: call.name, input };
}

/** The arguments of a function's call; those of a freeform tool that was rendered as a function are its text. */
export function toFunctionInput(json: string, name: string, tools: readonly ToolDefinition[]): ToolInput {
  const isFreeform = tools.some((tool) => tool.name === name && tool.form.kind === 'freeform');
  return (isFreeform ? unwrapInput(json) : undefined) ?? { kind: 'json', text: json };
}

function readCustomCall(raw: unknown): TranscriptItem {
  const call = CUSTOM_CALL_ITEM.safeParse(raw).data;
  if (call === undefined) throw new NoAnswerError('malformed custom tool call');
  return {
    kind: 'tool-call',
    callId: call.call_id,
    name: call.name,
    input: { kind: 'text', text: call.input ?? '' },
  };
}

function readPatchCall(raw: unknown): TranscriptItem {
  const call = PATCH_CALL_ITEM.safeParse(raw).data;
  if (call === undefined) throw new NoAnswerError('malformed apply_patch call');
  return { kind: 'tool-call', callId: call.call_id, name: PATCH_TOOL, input: { kind: 'text', text: toPatch(call.operation) } };
}

/** `{"input": "…"}` of a freeform tool rendered as a function; anything else stays as written, for the tool to answer. */
function unwrapInput(json: string): ToolInput | undefined {
  try {
    const parsed: unknown = JSON.parse(json);
    if (typeof parsed !== 'object' || parsed === null || !('input' in parsed)) return undefined;
    return typeof parsed.input === 'string' ? { kind: 'text', text: parsed.input } : undefined;
  } catch {
    return undefined;
  }
}
