/** The events of an invocation -> what the turn came to. */
import type { FunctionInvocationInput, ApiInvocationInput } from '@aws-sdk/client-bedrock-agent-runtime';
import { EMPTY_ANSWER_CODE } from '../../../workflows/domain/failure-class.ts';
import type { ToolCall, TranscriptItem } from '../../../workflows/domain/transcript.ts';
import type { Usage } from '../../../workflows/domain/usage.ts';
import { NO_USAGE } from '../../../workflows/domain/usage.ts';
import type { AnswerAllowance } from '../../clouds/responses-api/answer-allowance.ts';
import { createAllowance, spend } from '../../clouds/responses-api/answer-allowance.ts';
import { NoAnswerError } from '../../clouds/responses-api/read-answer.ts';
import type { SessionPlan, SessionTurn } from '../managed-agent-client.ts';
import { MCP_APPROVAL } from '../managed-agent-client.ts';
import type { PendingCall } from './continuation.ts';
import { writeContinuation } from './continuation.ts';
import type { WireParameter, WireTool } from './function-schema.ts';
import { toToolInput, toWireTools } from './function-schema.ts';

interface Invocation {
  readonly functionInvocationInput?: FunctionInvocationInput | undefined;
  readonly apiInvocationInput?: ApiInvocationInput | undefined;
}

/** What both operations' events have in common; an event has one of these, or is one that we do not know. */
export interface AgentEvent {
  readonly chunk?: { readonly bytes?: Uint8Array | undefined } | undefined;
  readonly trace?: { readonly trace?: object | undefined } | undefined;
  readonly returnControl?:
    | { readonly invocationId?: string | undefined; readonly invocationInputs?: readonly Invocation[] | undefined }
    | undefined;
  readonly files?: { readonly files?: readonly { readonly name?: string | undefined }[] | undefined } | undefined;
}

interface Heard {
  readonly allowance: AnswerAllowance;
  readonly chunks: Uint8Array[];
  usage: Usage;
  hasFailed: boolean;
  readonly files: string[];
  returned: AgentEvent['returnControl'];
}

/** @throws NoAnswerError when the stream ends well and says nothing, which is no error to the SDK; whatever the stream throws */
export async function readTurn(events: AsyncIterable<AgentEvent>, plan: SessionPlan): Promise<SessionTurn> {
  const heard: Heard = {
    allowance: createAllowance(),
    chunks: [],
    usage: NO_USAGE,
    hasFailed: false,
    files: [],
    returned: undefined,
  };
  for await (const event of events) {
    hear(heard, event);
    // Nothing comes after it: how the connection ends is no matter any more.
    if (heard.returned !== undefined) break;
  }
  const text = Buffer.concat(heard.chunks).toString('utf8');
  const { calls, continuation } = readInvocation(heard.returned, plan);
  if (text.trim() === '' && calls.length === 0) throw new NoAnswerError(heard.hasFailed ? 'failure trace' : EMPTY_ANSWER_CODE);
  const phase = calls.length === 0 ? 'final-answer' : 'commentary';
  const said: readonly TranscriptItem[] = text.trim() === '' ? [] : [{ kind: 'assistant-message', text, phase }];
  return {
    items: [...said, ...calls],
    usage: heard.usage,
    ...(continuation === undefined ? {} : { continuation }),
    ...(heard.files.length === 0 ? {} : { leftBehind: [`files that its code made: ${heard.files.join(', ')}`] }),
  };
}

function hear(heard: Heard, { chunk, trace, returnControl, files }: AgentEvent): void {
  if (chunk?.bytes !== undefined) {
    spend(heard.allowance, chunk.bytes.byteLength);
    heard.chunks.push(chunk.bytes);
  }
  if (trace?.trace !== undefined) hearTrace(heard, trace.trace);
  for (const { name = '?' } of files?.files ?? []) {
    spend(heard.allowance, name.length);
    heard.files.push(name);
  }
  if (returnControl !== undefined) heard.returned = returnControl;
}

/** Each step of an agent that asks the model tells what that took: before, within and after its orchestration, and when it delegates. */
function hearTrace(heard: Heard, trace: object): void {
  if ('failureTrace' in trace && trace.failureTrace !== undefined) heard.hasFailed = true;
  for (const step of Object.values(trace)) {
    const tokens = within(within(within(step, 'modelInvocationOutput'), 'metadata'), 'usage');
    heard.usage = {
      ...heard.usage,
      inputTokens: heard.usage.inputTokens + toCount(within(tokens, 'inputTokens')),
      outputTokens: heard.usage.outputTokens + toCount(within(tokens, 'outputTokens')),
    };
  }
}

function within(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name] // has it, as was just asked
    : undefined;
}

function toCount(value: unknown): number {
  return typeof value === 'number' && value > 0 ? value : 0;
}

interface Asked {
  readonly calls: readonly ToolCall[];
  readonly continuation?: string;
}

function readInvocation(returned: AgentEvent['returnControl'], plan: SessionPlan): Asked {
  if (returned === undefined) return { calls: [] };
  const { invocationId, invocationInputs = [] } = returned;
  if (invocationId === undefined || invocationInputs.length === 0) throw new NoAnswerError('malformed return of control');
  const tools = toWireTools(plan.tools);
  const read = invocationInputs.map((input, position) => readCall(input, `${invocationId}_${position}`, tools));
  return {
    calls: read.map(({ call }) => call),
    continuation: writeContinuation({ invocationId, calls: read.map(({ pending }) => pending) }),
  };
}

interface ReadCall {
  readonly call: ToolCall;
  readonly pending: PendingCall;
}

function readCall(
  { functionInvocationInput, apiInvocationInput }: Invocation,
  callId: string,
  tools: readonly WireTool[],
): ReadCall {
  if (functionInvocationInput !== undefined) return readFunctionCall(functionInvocationInput, callId, tools);
  if (apiInvocationInput !== undefined) return readApiCall(apiInvocationInput, callId, tools);
  throw new NoAnswerError('malformed return of control');
}

function readFunctionCall(input: FunctionInvocationInput, callId: string, tools: readonly WireTool[]): ReadCall {
  const { actionGroup, function: name, parameters = [] } = input;
  if (actionGroup === undefined || name === undefined) throw new NoAnswerError('malformed function call');
  const pending: PendingCall = { ...commonOf(input, callId, actionGroup), kind: 'function', function: name };
  return { pending, call: toCall({ pending, name, parameters }, tools) };
}

/** An operation has no name here but its method and path, which are made one: `GET /files/{id}` is `get_files_id`. */
function readApiCall(input: ApiInvocationInput, callId: string, tools: readonly WireTool[]): ReadCall {
  const { actionGroup, apiPath, httpMethod, parameters = [], requestBody } = input;
  if (actionGroup === undefined || apiPath === undefined || httpMethod === undefined)
    throw new NoAnswerError('malformed api call');
  const pending: PendingCall = { ...commonOf(input, callId, actionGroup), kind: 'api', apiPath, httpMethod };
  const name = `${httpMethod.toLowerCase()}${apiPath}`.replaceAll(/[^0-9a-zA-Z]+/g, '_').replace(/_$/, '');
  const inBody = Object.values(requestBody?.content ?? {}).flatMap(({ properties = [] }) => properties);
  return { pending, call: toCall({ pending, name, parameters: [...parameters, ...inBody] }, tools) };
}

const ASKS: Readonly<Record<string, PendingCall['asks']>> = {
  USER_CONFIRMATION: 'confirmation',
  USER_CONFIRMATION_AND_RESULT: 'both',
};

function commonOf(
  { agentId, actionInvocationType }: FunctionInvocationInput | ApiInvocationInput,
  callId: string,
  group: string,
) {
  const asks = ASKS[actionInvocationType ?? ''] ?? 'result';
  return { callId, actionGroup: group, asks, ...(agentId === undefined ? {} : { agentId }) };
}

interface Told {
  readonly pending: PendingCall;
  readonly name: string;
  readonly parameters: readonly WireParameter[];
}

function toCall({ pending, name, parameters }: Told, tools: readonly WireTool[]): ToolCall {
  const { callId, actionGroup, asks } = pending;
  const known = tools.find(({ wireName }) => wireName === name);
  // Whoever runs it asks for approval as ever; what the agent would run by itself is approved or not, like a tool of an MCP server.
  if (asks !== 'confirmation')
    return { kind: 'tool-call', callId, name: known?.tool.name ?? name, input: toToolInput(parameters, known) };
  const given: unknown = JSON.parse(toToolInput(parameters, undefined).text);
  const text = JSON.stringify({ server: actionGroup, tool: name, arguments: given });
  return { kind: 'tool-call', callId, name: MCP_APPROVAL, input: { kind: 'json', text } };
}
