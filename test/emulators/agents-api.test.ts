/** The emulated Agents API refuses what the services would: it is that which finds bugs in adapters. Requests are plain, without an SDK. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sign } from '../support/emulated-cloud.ts';
import { EMULATED_CREDENTIALS } from './emulated-endpoints.ts';
import type { StartedAgentEmulator } from './managed-agents/agent-controls.ts';
import { BEDROCK_MANAGED, OPENAI_AGENTS, startAgentsApi } from './managed-agents/start-agents-api.ts';

const SCRIPT = [
  { when: { inputContains: 'use it' }, turns: [{ toolCalls: [{ name: 'f', input: { a: 1 } }] }, { text: 'used' }] },
  { when: { inputContains: 'hello' }, turns: [{ text: 'hello there' }] },
];
const SAYS = [{ role: 'user', content: [{ type: 'input_text', text: 'hello' }] }];
const OPENING = { agent: { model: 'gpt-6.1-sol' }, environment: { type: 'none' }, input: SAYS };
const BEDROCK_OPENING = {
  agent: { model: 'openai.gpt-6.1-sol' },
  role_arn: 'arn:aws:iam::123456789012:role/r',
  environment: {
    type: 'aws_bedrock_agentcore',
    runtime_arn: 'arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/r',
    workspace_directory: '/w',
  },
  input: SAYS,
};

type Headers = Readonly<Record<string, string>>;

describe('OpenAI', () => {
  let emulator: StartedAgentEmulator;
  beforeAll(async () => {
    emulator = await startAgentsApi(OPENAI_AGENTS, SCRIPT);
  });
  afterAll(() => emulator.close());

  const usual: Headers = { authorization: `Bearer ${EMULATED_CREDENTIALS.EMULATED_OPENAI_API_KEY}`, 'openai-beta': 'agents=v1' };
  const ask = (
    method: string,
    path: string,
    { body, headers = usual }: { body?: object; headers?: Headers } = {},
  ): Promise<Response> =>
    fetch(`${emulator.origin}/v1/agents/sessions${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const opened = async (input: object[] = SAYS): Promise<string> => {
    const { id } = (await (await ask('POST', '', { body: { ...OPENING, input } })).json()) as { id: string }; // ours
    return id;
  };
  const settled = async (id: string) => {
    const state = async () => (await (await ask('GET', `/${id}`)).json()) as { status: string; required_actions: object[] };
    await expect.poll(async () => (await state()).status).not.toBe('in_progress');
    return state();
  };

  test.each([
    ['no beta header', { body: OPENING, headers: { authorization: usual['authorization'] ?? '' } }, 400],
    ['no key', { body: OPENING, headers: { 'openai-beta': 'agents=v1' } }, 401],
    ['another key', { body: OPENING, headers: { ...usual, authorization: 'Bearer sk-other' } }, 401],
    ['the style of another cloud', { body: OPENING, headers: { 'openai-beta': 'agents=v1', 'api-key': 'k' } }, 401],
    ['a role', { body: { ...OPENING, role_arn: 'arn:aws:iam::123456789012:role/r' }, headers: usual }, 400],
    ['an unknown field', { body: { ...OPENING, temperature: 1 }, headers: usual }, 400],
    ['no input', { body: { ...OPENING, input: [] }, headers: usual }, 400],
    ['no environment', { body: { agent: OPENING.agent, input: SAYS }, headers: usual }, 400],
    ['no model', { body: { ...OPENING, agent: {} }, headers: usual }, 404],
    ['an unknown model', { body: { ...OPENING, agent: { model: 'gpt-0' } }, headers: usual }, 404],
    ['an unknown agent', { body: { ...OPENING, agent_id: 'agent_0' }, headers: usual }, 404],
    [
      'a custom tool',
      { body: { ...OPENING, agent: { ...OPENING.agent, tools: [{ type: 'custom', name: 'x' }] } }, headers: usual },
      400,
    ],
    ['metadata that are too long', { body: { ...OPENING, metadata: { k: 'v'.repeat(513) } }, headers: usual }, 400],
  ])('refuses an opening with %s', async (_what, request, status) => {
    expect((await ask('POST', '', request)).status).toBe(status);
  });

  test('refuses results that nobody waits for, and a success that tells an error', async () => {
    const id = await opened();
    await settled(id);
    const result = { type: 'agent.session.input.tool_result', call_id: 'c', turn_id: 't', success: true, output: 'x' };

    expect((await ask('POST', `/${id}/events`, { body: { events: [result] } })).status).toBe(400);
    expect((await ask('POST', `/${id}/events`, { body: { events: [{ ...result, error: 'e' }] } })).status).toBe(400);
    expect((await ask('POST', `/${id}/events`, { body: { events: [] } })).status).toBe(400);
  });

  test('waits until all calls have their results, and takes no message instead', async () => {
    const id = await opened([{ role: 'user', content: [{ type: 'input_text', text: 'use it' }] }]);
    const { status, required_actions: actions } = await settled(id);

    expect([status, actions.length]).toEqual(['requires_action', 1]);
    const message = { type: 'agent.session.input.message', input: SAYS };
    expect((await ask('POST', `/${id}/events`, { body: { events: [message] } })).status).toBe(409);
  });

  test('takes the same key once', async () => {
    const id = await opened();
    await settled(id);
    const events = [{ type: 'agent.session.input.message', input: SAYS }];
    const keyed = { ...usual, 'idempotency-key': 'k1' };

    expect((await ask('POST', `/${id}/events`, { body: { events }, headers: keyed })).status).toBe(202);
    await settled(id);
    expect((await ask('POST', `/${id}/events`, { body: { events }, headers: keyed })).status).toBe(202);

    const ledger = (await (await fetch(`${emulator.control}/ledger`)).json()) as { inputs: { sessionId: string }[] }; // ours
    expect(ledger.inputs.filter(({ sessionId }) => sessionId === id).length).toBe(2);
  });

  test('tells a listener what happens from then on, and nothing before', async () => {
    const id = await opened();
    await settled(id);
    const response = await ask('GET', `/${id}/events`);
    await ask('POST', `/${id}/events`, { body: { events: [{ type: 'agent.session.input.message', input: SAYS }] } });

    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      if (text.match(/event: agent\.session\.idle/g)?.length === 2) break;
    }

    expect(text.startsWith('event: agent.session.idle')).toBe(true);
    expect(text.match(/event: agent\.session\.turn\.created/g)?.length).toBe(1);
  });

  test('knows nothing of a session that was deleted', async () => {
    const id = await opened();
    await settled(id);

    expect((await ask('DELETE', `/${id}`)).status).toBe(200);
    for (const path of ['', '/events', '/items', '/turns']) expect((await ask('GET', `/${id}${path}`)).status).toBe(404);
    expect((await ask('DELETE', `/${id}`)).status).toBe(404);
  });

  test('refuses a cursor and an order that it does not know', async () => {
    const id = await opened();

    expect((await ask('GET', `/${id}/items?after=item_0`)).status).toBe(400);
    expect((await ask('GET', `/${id}/items?order=up`)).status).toBe(400);
  });

  test('refuses faults that it does not know', async () => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ faults: [{ kind: 'flood' }] });

    expect((await fetch(`${emulator.control}/faults`, { method: 'POST', headers, body })).status).toBe(400);
  });
});

describe('Bedrock', () => {
  let emulator: StartedAgentEmulator;
  beforeAll(async () => {
    emulator = await startAgentsApi(BEDROCK_MANAGED, SCRIPT);
  });
  afterAll(() => emulator.close());

  const open = async (body: object, signing: object = {}): Promise<number> => {
    const url = `${emulator.origin}/openai/v1/agents/sessions`;
    const text = JSON.stringify(body);
    const signed = await sign(url, text, {
      accessKeyId: EMULATED_CREDENTIALS.EMULATED_AWS_ACCESS_KEY_ID,
      secretAccessKey: EMULATED_CREDENTIALS.EMULATED_AWS_SECRET_ACCESS_KEY,
      region: 'us-east-1',
      service: 'bedrock-mantle',
      ...signing,
    });
    return (await fetch(url, { method: 'POST', headers: { ...signed, 'openai-beta': 'agents=v1' }, body: text })).status;
  };

  test.each([
    ['what it takes', { body: BEDROCK_OPENING, signing: {} }, 200],
    ['the name of another service', { body: BEDROCK_OPENING, signing: { service: 'bedrock' } }, 403],
    ['another region', { body: BEDROCK_OPENING, signing: { region: 'us-west-2' } }, 403],
    ['a wrong secret', { body: BEDROCK_OPENING, signing: { secretAccessKey: 'wrong' } }, 403],
    ['no role', { body: { ...BEDROCK_OPENING, role_arn: undefined }, signing: {} }, 400],
    ['no environment of its own', { body: { ...BEDROCK_OPENING, environment: { type: 'none' } }, signing: {} }, 400],
    ['a saved agent', { body: { ...BEDROCK_OPENING, agent_id: 'agent_1' }, signing: {} }, 400],
    ['a name of OpenAI', { body: { ...BEDROCK_OPENING, agent: { model: 'gpt-6.1-sol' } }, signing: {} }, 404],
  ])('answers an opening with %s', async (_what, { body, signing }, status) => {
    expect(await open(body, signing)).toBe(status);
  });

  test('takes no Bedrock API key', async () => {
    const headers = {
      authorization: `Bearer ${EMULATED_CREDENTIALS.EMULATED_AWS_BEDROCK_API_KEY}`,
      'openai-beta': 'agents=v1',
    };
    const url = `${emulator.origin}/openai/v1/agents/sessions`;

    expect((await fetch(url, { method: 'POST', headers, body: JSON.stringify(BEDROCK_OPENING) })).status).toBe(403);
  });
});
