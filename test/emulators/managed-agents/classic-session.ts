/** One session of the emulated Agents Classic: what it remembers, what it waits for, and the events of a turn. */
import { randomUUID } from 'node:crypto';
import type { ConversationScript, ScriptedTurn } from '../conversation-script.ts';
import { selectTurn } from '../conversation-script.ts';
import type { LedgerSession } from './agent-ledger.ts';
import type { ClassicActionGroup, ClassicResult, Invocation } from './classic-bodies.ts';
import type { ClassicEvent } from './classic-frames.ts';

interface HistoryItem {
  readonly type?: string;
  readonly role?: string;
  readonly content?: string;
  readonly output?: string;
}

interface Refusal {
  readonly status: number;
  readonly name: string;
  readonly message: string;
}

/** A call as it is told, and asked about in the results. */
interface Pending {
  readonly invocationId: string;
  readonly inputs: readonly InvocationInput[];
}

type InvocationInput = Readonly<
  Record<'functionInvocationInput' | 'apiInvocationInput', Readonly<Record<string, unknown>> | undefined>
>;

const TOKENS = { inputTokens: 100, outputTokens: 20 };
/** Scripts write a call of an operation so: `GET /files/{id}`. */
const OPERATION = /^(GET|POST|PUT|PATCH|DELETE) (\/.*)$/;

export class ClassicSession {
  readonly id: string;
  readonly entry: LedgerSession;
  isWorking = false;
  readonly #history: HistoryItem[] = [];
  #pending: Pending | undefined;

  constructor(id: string) {
    this.id = id;
    this.entry = { id, metadata: {}, status: 'idle', closed: false };
  }

  /** Why it does not take this; `undefined`: it does. */
  whyNot({ inputText, state, endSession }: Invocation): Refusal | undefined {
    const invalid = (message: string): Refusal => ({ status: 400, name: 'ValidationException', message });
    if (endSession) return undefined;
    if (state === undefined) return inputText === undefined ? invalid('inputText is missing.') : undefined;
    if (state.invocationId !== this.#pending?.invocationId) return invalid('The invocation id is unknown.');
    const { inputs } = this.#pending;
    const results = state.returnControlInvocationResults;
    if (results.length !== inputs.length) return invalid('All inputs of an invocation are answered together.');
    const problem = results.map((result, index) => whyNoAnswer(result, inputs[index])).find((text) => text !== undefined);
    if (problem !== undefined) return invalid(problem);
    const isFailure = results.some((result) => outcomeOf(result).responseState === 'FAILURE');
    return isFailure ? { status: 424, name: 'DependencyFailedException', message: 'An action failed.' } : undefined;
  }

  take({ inputText, state }: Invocation): void {
    this.#pending = undefined;
    if (state === undefined) {
      this.#history.push({ role: 'user', content: inputText ?? '' });
      return;
    }
    for (const result of state.returnControlInvocationResults) {
      const { confirmationState, responseBody = {} } = outcomeOf(result);
      const said = Object.values(responseBody).map(({ body }) => body);
      this.#history.push({ type: 'function_call_output', output: [confirmationState ?? '', ...said].join(' ') });
    }
  }

  /** The events of the turn that the script has now. */
  play(
    script: ConversationScript | undefined,
    groups: readonly ClassicActionGroup[],
    enableTrace: boolean,
  ): readonly ClassicEvent[] {
    const turn = script === undefined ? {} : selectTurn(script, this.#history);
    this.#history.push({ role: 'assistant' });
    const calls = this.#call(turn, groups);
    const rationale = calls.length > 0 && turn.text !== undefined ? [{ rationale: { traceId: 't', text: turn.text } }] : [];
    const steps = [
      { modelInvocationInput: { traceId: 't', type: 'ORCHESTRATION', text: JSON.stringify(this.#history) } },
      ...rationale,
      { modelInvocationOutput: { traceId: 't', metadata: { usage: TOKENS } } },
    ];
    const traces = steps.map((step): ClassicEvent => {
      return { type: 'trace', payload: { sessionId: this.id, trace: { orchestrationTrace: step } } };
    });
    return [...(enableTrace ? traces : []), ...this.#say(turn, calls)];
  }

  #say({ text }: ScriptedTurn, inputs: readonly InvocationInput[]): readonly ClassicEvent[] {
    if (inputs.length > 0) {
      this.#pending = { invocationId: randomUUID(), inputs };
      const { invocationId } = this.#pending;
      return [{ type: 'returnControl', payload: { invocationId, invocationInputs: inputs } }];
    }
    if (text === undefined) return [];
    return [{ type: 'chunk', payload: { bytes: Buffer.from(text).toString('base64'), attribution: { citations: [] } } }];
  }

  #call({ toolCalls = [], mcpApproval }: ScriptedTurn, groups: readonly ClassicActionGroup[]): readonly InvocationInput[] {
    const calls = toolCalls.map(({ name, input }) => toInput(name, input, groups));
    if (mcpApproval === undefined) return calls;
    const { server, tool, arguments: given = {} } = mcpApproval;
    const asked = {
      actionGroup: server,
      function: tool,
      parameters: toParameters(given),
      actionInvocationType: 'USER_CONFIRMATION',
    };
    return [...calls, { functionInvocationInput: asked, apiInvocationInput: undefined }];
  }
}

type Given = string | Readonly<Record<string, unknown>>;

function toInput(name: string, input: Given, groups: readonly ClassicActionGroup[]): InvocationInput {
  const [, httpMethod, apiPath] = OPERATION.exec(name) ?? [];
  if (httpMethod !== undefined) {
    const content = { 'application/json': { properties: toParameters(typeof input === 'string' ? { input } : input) } };
    const called = { actionGroup: 'api', httpMethod, apiPath, parameters: [], requestBody: { content } };
    return { apiInvocationInput: { ...called, actionInvocationType: 'RESULT' }, functionInvocationInput: undefined };
  }
  const group = groups.find(({ functionSchema }) => functionSchema.functions.some((one) => one.name === name));
  if (group === undefined) throw new Error(`no action group has the function ${name}: declare it, or correct the script`);
  const declared = group.functionSchema.functions.find((one) => one.name === name)?.parameters ?? {};
  const isOneText = Object.keys(declared).join() === 'input' && (typeof input === 'string' || !('input' in input));
  const values = isOneText ? { input: typeof input === 'string' ? input : JSON.stringify(input) } : input;
  const called = { actionGroup: group.actionGroupName, function: name, actionInvocationType: 'RESULT' };
  return {
    functionInvocationInput: { ...called, parameters: toParameters(typeof values === 'string' ? { input: values } : values) },
    apiInvocationInput: undefined,
  };
}

/** Every value is text, beside its type. */
function toParameters(values: Readonly<Record<string, unknown>>) {
  return Object.entries(values).map(([name, value]) => {
    if (typeof value === 'string') return { name, type: 'string', value };
    const type = Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value;
    return { name, type, value: JSON.stringify(value) };
  });
}

/** What was confirmed and what was not, in order. */
export function decisionsOf(results: readonly ClassicResult[]): readonly ('approved' | 'denied')[] {
  return results.flatMap((result) => {
    const { confirmationState } = outcomeOf(result);
    return confirmationState === undefined ? [] : [confirmationState === 'CONFIRM' ? 'approved' : 'denied'];
  });
}

function outcomeOf(result: ClassicResult) {
  return 'functionResult' in result ? result.functionResult : result.apiResult;
}

function whyNoAnswer(result: ClassicResult, input: InvocationInput | undefined): string | undefined {
  const asked = 'functionResult' in result ? input?.functionInvocationInput : input?.apiInvocationInput;
  if (asked === undefined) return 'The result is of another kind than its input.';
  const outcome: Readonly<Record<string, unknown>> = outcomeOf(result);
  const differs = ['actionGroup', 'function', 'apiPath', 'httpMethod'].find((name) => outcome[name] !== asked[name]);
  if (differs !== undefined) return `The result has another ${differs} than its input.`;
  const type = asked['actionInvocationType'];
  const [wantsConfirmation, wantsResult] = [type !== 'RESULT', type !== 'USER_CONFIRMATION'];
  if (wantsConfirmation !== (outcome['confirmationState'] !== undefined)) return 'The confirmation is missing, or nobody asked.';
  return wantsResult && outcome['responseBody'] === undefined ? 'The body of the result is missing.' : undefined;
}
