/** The events of Agents Classic that its emulator does not send, and what is answered to them. Pure: no service is started. */
import { describe, expect, test } from 'vitest';
import { toWireTools } from '../../activities/managed-agents/bedrock-classic/function-schema.ts';
import { renderInput, renderOpening } from '../../activities/managed-agents/bedrock-classic/request.ts';
import type { AgentEvent } from '../../activities/managed-agents/bedrock-classic/response.ts';
import { readTurn } from '../../activities/managed-agents/bedrock-classic/response.ts';
import type { SessionInput, SessionPlan, SessionTurn } from '../../activities/managed-agents/managed-agent-client.ts';
import type { ToolDefinition } from '../../workflows/domain/tool-call.ts';
import { READ_FILE } from '../clouds/builders.ts';
import { answers, callsOf, lastText } from './conversation.ts';

const PLAN: SessionPlan = { key: 'key-1', agentId: 'AGENT/ALIAS', instructions: 'Be brief.', tools: [READ_FILE], metadata: {} };

async function* streamOf(...events: readonly AgentEvent[]): AsyncGenerator<AgentEvent> {
  yield* events;
}

const turnOf = (...events: readonly AgentEvent[]): Promise<SessionTurn> => readTurn(streamOf(...events), PLAN);
const aChunk = (bytes: Uint8Array): AgentEvent => ({ chunk: { bytes } });

function asking(actionInvocationType: 'USER_CONFIRMATION' | 'USER_CONFIRMATION_AND_RESULT'): AgentEvent {
  const parameters = [{ name: 'path', type: 'string', value: 'a.txt' }];
  const called = { actionGroup: 'repo', function: 'read_file', parameters, agentId: 'HELPER', actionInvocationType };
  return { returnControl: { invocationId: 'inv-1', invocationInputs: [{ functionInvocationInput: called }] } };
}

const resultsIn = (input: SessionInput): unknown => {
  const sent = renderInput('key-1', PLAN, input);
  return sent.kind === 'saved' ? sent.command.input.sessionState?.returnControlInvocationResults : undefined;
};

describe('an answer', () => {
  test('is whole although its chunks cut through a character', async () => {
    const bytes = Buffer.from('größer');

    const turn = await turnOf(aChunk(bytes.subarray(0, 3)), aChunk(bytes.subarray(3)));

    expect(lastText(turn)).toBe('größer');
  });

  test('leaves behind the files that came with it', async () => {
    const turn = await turnOf(aChunk(Buffer.from('Done.')), { files: { files: [{ name: 'a.csv' }, { name: 'b.png' }] } });

    expect(turn.leftBehind).toEqual(['files that its code made: a.csv, b.png']);
  });

  test('that is only spaces is none', async () => {
    await expect(turnOf(aChunk(Buffer.from(' \n')))).rejects.toMatchObject({ code: 'empty answer' });
  });

  test('that never came since a step failed is told as such', async () => {
    await expect(turnOf({ trace: { trace: { failureTrace: { failureReason: 'x' } } } })).rejects.toMatchObject({
      code: 'failure trace',
    });
  });

  test('counts the tokens of each step that asked a model', async () => {
    const step = (inputTokens: number) => ({ modelInvocationOutput: { metadata: { usage: { inputTokens, outputTokens: 1 } } } });
    const traces = [{ preProcessingTrace: step(2) }, { orchestrationTrace: step(3) }, { orchestrationTrace: { rationale: {} } }];

    const turn = await turnOf(...traces.map((trace) => ({ trace: { trace } })), aChunk(Buffer.from('Done.')));

    expect(turn.usage).toMatchObject({ inputTokens: 5, outputTokens: 2 });
  });

  test.each([
    { invocationInputs: [{ functionInvocationInput: { actionGroup: 'repo', function: 'read_file' } }] },
    { invocationId: 'inv-1', invocationInputs: [] },
    { invocationId: 'inv-1', invocationInputs: [{}] },
    { invocationId: 'inv-1', invocationInputs: [{ functionInvocationInput: { actionGroup: 'repo' } }] },
    { invocationId: 'inv-1', invocationInputs: [{ apiInvocationInput: { actionGroup: 'repo', apiPath: '/' } }] },
  ])('is malformed with a return of control like %j', async (returnControl) => {
    await expect(turnOf({ returnControl })).rejects.toMatchObject({ code: expect.stringMatching(/^malformed/) });
  });
});

describe('a call that wants a confirmation', () => {
  test('and the result is a call of our tool, whose running confirms it', async () => {
    const turn = await turnOf(asking('USER_CONFIRMATION_AND_RESULT'));
    const of = { actionGroup: 'repo', agentId: 'HELPER', function: 'read_file' };
    const responseBody = { TEXT: { body: 'two tests passed' } };

    expect(callsOf(turn)).toMatchObject([{ name: 'read_file', callId: 'inv-1_0' }]);
    expect(resultsIn(answers(turn))).toEqual([{ functionResult: { ...of, confirmationState: 'CONFIRM', responseBody } }]);
    expect(resultsIn(answers(turn, 'failed'))).toEqual([
      { functionResult: { ...of, confirmationState: 'CONFIRM', responseState: 'REPROMPT', responseBody } },
    ]);
    expect(resultsIn(answers(turn, 'refused'))).toEqual([
      { functionResult: { ...of, confirmationState: 'DENY', responseState: 'REPROMPT', responseBody } },
    ]);
  });

  test('alone is an approval, and only that is given', async () => {
    const turn = await turnOf(asking('USER_CONFIRMATION'));
    const of = { actionGroup: 'repo', agentId: 'HELPER', function: 'read_file' };

    expect(resultsIn(answers(turn))).toEqual([{ functionResult: { ...of, confirmationState: 'CONFIRM' } }]);
    expect(resultsIn(answers(turn, 'unknown'))).toEqual([{ functionResult: { ...of, confirmationState: 'DENY' } }]);
  });
});

describe('what users say', () => {
  test('opens a saved agent behind the instructions of the task, which it does not have', () => {
    const { command } = renderOpening(PLAN, { key: 'k', results: [], messages: ['first', 'second'] });

    expect(command.input.inputText).toBe('Be brief.\n\nfirst\n\nsecond');
  });

  test('goes with the last result, since its own place is ignored then', async () => {
    const turn = await turnOf(asking('USER_CONFIRMATION_AND_RESULT'));

    expect(JSON.stringify(resultsIn({ ...answers(turn), messages: ['be quick'] }))).toContain(
      'two tests passed\\n\\n(Meanwhile, the user says: be quick)',
    );
  });
});

describe('a tool in the schema of functions', () => {
  const aTool = (
    name: string,
    parameters: Readonly<Record<string, unknown>> = { type: 'object', properties: {} },
  ): ToolDefinition => ({
    name,
    description: 'd'.repeat(2_000),
    form: { kind: 'function', parameters },
  });
  const withProperties = (properties: Readonly<Record<string, unknown>>) => aTool('one', { type: 'object', properties });

  test('has a name that the service takes, and no other tool has', () => {
    const names = ['a__b', 'a_b', 'a..b', '__', 'Ä', 'fine-name'];

    const wireNames = toWireTools(names.map((name) => aTool(name))).map(({ wireName }) => wireName);

    expect(new Set(wireNames).size).toBe(names.length);
    expect(wireNames.every((name) => /^(?:[0-9a-zA-Z][_-]?){1,100}$/.test(name))).toBe(true);
    expect(wireNames).toEqual(['a_b_2', 'a_b', 'a_b_3', 'tool', 'tool_2', 'fine-name']);
  });

  test('has a description within the limit', () => {
    expect(toWireTools([aTool('one')])[0]?.definition.description).toHaveLength(1_200);
  });

  test('keeps scalars, what they mean and which are needed', () => {
    const parameters = {
      type: 'object',
      properties: { path: { type: 'string', description: 'Where.' }, mode: { type: 'string', enum: ['r', 'w'] } },
      required: ['path'],
    };

    expect(toWireTools([aTool('one', parameters)])[0]?.definition.parameters).toEqual({
      path: { type: 'string', required: true, description: 'Where.' },
      mode: { type: 'string', required: false, description: 'One of: r, w.' },
    });
  });

  test.each([
    ['a nested object', withProperties({ a: { type: 'object' } })],
    ['a list', withProperties({ a: { type: 'array', items: { type: 'string' } } })],
    ['a limit', withProperties({ a: { type: 'integer', minimum: 1 } })],
    ['a type that may be null', withProperties({ a: { type: ['string', 'null'] } })],
    ['a name that is not taken', withProperties({ a__b: { type: 'string' } })],
    [
      'too many parameters',
      withProperties(Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => [name, { type: 'string' }]))),
    ],
    ['alternatives', aTool('one', { type: 'object', properties: {}, anyOf: [{ required: ['a'] }] })],
  ])('with %s is one text of JSON', (_what, tool) => {
    expect(toWireTools([tool])[0]).toMatchObject({ form: 'json', definition: { parameters: { input: { type: 'string' } } } });
  });
});
