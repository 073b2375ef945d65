/** What the emulated Agents Classic refuses: the list of what an adapter cannot get wrong unnoticed. */
import type { InvokeInlineAgentCommandInput, InvocationResultMember } from '@aws-sdk/client-bedrock-agent-runtime';
import { BedrockAgentRuntimeClient, InvokeAgentCommand, InvokeInlineAgentCommand } from '@aws-sdk/client-bedrock-agent-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EMULATED_CREDENTIALS } from './emulated-endpoints.ts';
import type { StartedAgentEmulator } from './managed-agents/agent-controls.ts';
import { CLASSIC_AGENT, CLASSIC_MODEL, CLASSIC_REGION, startClassic } from './managed-agents/start-classic.ts';

const SCRIPT = [
  {
    when: { inputContains: 'use two' },
    turns: [{ toolCalls: ['a', 'b'].map((path) => ({ name: 'read_file', input: { path } })) }, { text: 'Done.' }],
  },
];
const [agentId = '', agentAliasId = ''] = CLASSIC_AGENT.split('/');
let emulator: StartedAgentEmulator;
let sdk: BedrockAgentRuntimeClient;
let sessions = 0;

beforeAll(async () => {
  emulator = await startClassic(SCRIPT);
  sdk = aClient(CLASSIC_REGION);
});
afterAll(() => emulator.close());

function aClient(region: string): BedrockAgentRuntimeClient {
  return new BedrockAgentRuntimeClient({
    region,
    endpoint: emulator.origin,
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler(),
    credentials: {
      accessKeyId: EMULATED_CREDENTIALS.EMULATED_AWS_ACCESS_KEY_ID,
      secretAccessKey: EMULATED_CREDENTIALS.EMULATED_AWS_SECRET_ACCESS_KEY,
    },
  });
}

function aSession(): string {
  sessions += 1;
  return `session-${sessions}`;
}

const nameOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'taken',
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  );

function inlineWith(overrides: Partial<InvokeInlineAgentCommandInput>): Promise<string> {
  const usual = {
    sessionId: aSession(),
    foundationModel: CLASSIC_MODEL,
    instruction: 'Do what the user asks of you, and nothing else.',
    inputText: 'hello',
  };
  return nameOf(sdk.send(new InvokeInlineAgentCommand({ ...usual, ...overrides })));
}

function functions(name: string, parameters: readonly string[]): Partial<InvokeInlineAgentCommandInput> {
  const details = Object.fromEntries(parameters.map((one) => [one, { type: 'string' as const }]));
  const functionSchema = { functions: [{ name, parameters: details }] };
  return {
    actionGroups: [{ actionGroupName: 'mine', actionGroupExecutor: { customControl: 'RETURN_CONTROL' }, functionSchema }],
  };
}

describe('an inline agent', () => {
  test('is taken as it should be', async () => {
    expect(await inlineWith(functions('one', ['a', 'b', 'c', 'd', 'e']))).toBe('taken');
  });

  test.each<[string, Partial<InvokeInlineAgentCommandInput>]>([
    ['short instructions', { instruction: 'Be brief.' }],
    ['nothing said', { inputText: '' }],
    ['a model that is not there', { foundationModel: 'openai.gpt-none' }],
    ['six parameters', functions('one', ['a', 'b', 'c', 'd', 'e', 'f'])],
    ['a name with two lines in a row', functions('one__two', [])],
    ['a session of another form', { sessionId: 'a session' }],
    ['an idle time above the most', { idleSessionTTLInSeconds: 10_000 }],
  ])('is refused with %s', async (_what, overrides) => {
    expect(await inlineWith(overrides)).toBe('ValidationException');
  });
});

describe('results', () => {
  const aResult = (overrides: object = {}): InvocationResultMember => ({
    functionResult: { actionGroup: 'repo', function: 'read_file', responseBody: { TEXT: { body: 'x' } }, ...overrides },
  });

  async function answered(results: readonly InvocationResultMember[], given?: string): Promise<string> {
    const saved = { agentId, agentAliasId, sessionId: aSession() };
    const { completion = [] } = await sdk.send(new InvokeAgentCommand({ ...saved, inputText: 'use two' }));
    let invocationId = given;
    for await (const { returnControl } of completion) invocationId ??= returnControl?.invocationId;
    const sessionState = { invocationId, returnControlInvocationResults: [...results] };
    return nameOf(sdk.send(new InvokeAgentCommand({ ...saved, sessionState })));
  }

  test('are taken together', async () => {
    expect(await answered([aResult(), aResult()])).toBe('taken');
  });

  test.each([
    ['of one call of two', [aResult()]],
    ['of another function', [aResult(), aResult({ function: 'other' })]],
    ['without a body', [aResult(), aResult({ responseBody: undefined })]],
    ['with a confirmation that nobody asked for', [aResult(), aResult({ confirmationState: 'CONFIRM' })]],
  ])('are refused %s', async (_what, results) => {
    expect(await answered(results)).toBe('ValidationException');
  });

  test('are refused for an invocation that nobody knows', async () => {
    expect(await answered([aResult(), aResult()], 'unknown')).toBe('ValidationException');
  });

  test('that are failures end the turn', async () => {
    expect(await answered([aResult(), aResult({ responseState: 'FAILURE' })])).toBe('DependencyFailedException');
  });
});

describe('a request', () => {
  test('is refused without a signature, and with one of another region', async () => {
    const unsigned = await fetch(`${emulator.origin}/agents/${aSession()}`, { method: 'POST', body: '{}' });
    const command = new InvokeAgentCommand({ agentId, agentAliasId, sessionId: aSession(), inputText: 'hello' });

    expect(unsigned.headers.get('x-amzn-errortype')).toContain('MissingAuthenticationTokenException');
    expect(await nameOf(aClient('us-west-2').send(command))).toBe('InvalidSignatureException');
  });

  test('is refused for an agent that is not there', async () => {
    const command = new InvokeAgentCommand({ agentId: 'OTHER', agentAliasId, sessionId: aSession(), inputText: 'hello' });

    expect(await nameOf(sdk.send(command))).toBe('ResourceNotFoundException');
  });
});
