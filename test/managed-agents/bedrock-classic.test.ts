/** What is Agents Classic's own: inline agents, its schema of functions, its results, and the ways in which its stream can fail. */
import { describe, expect, test, vi } from 'vitest';
import type { BedrockClassicConnection } from '../../activities/managed-agents/bedrock-classic/client.ts';
import { createBedrockClassicClient } from '../../activities/managed-agents/bedrock-classic/client.ts';
import type { SessionInput, SessionPlan } from '../../activities/managed-agents/managed-agent-client.ts';
import type { ToolDefinition } from '../../workflows/domain/tool-call.ts';
import { APPLY_PATCH, READ_FILE, failureOf } from '../clouds/builders.ts';
import { EMULATED_CREDENTIALS } from '../emulators/emulated-endpoints.ts';
import { CLASSIC_AGENT, CLASSIC_MODEL, CLASSIC_REGION, startClassic } from '../emulators/managed-agents/start-classic.ts';
import { aPlan, answers, callsOf, lastText, listening, openWith, says } from './conversation.ts';
import { BEDROCK_CLASSIC } from './emulated-classic.ts';
import { PATIENT, aScene } from './scene.ts';

const NESTED: ToolDefinition = {
  name: 'docs__search',
  description: 'Searches.',
  form: {
    kind: 'function',
    parameters: {
      type: 'object',
      properties: { query: { type: 'object', properties: { all: { type: 'array', items: { type: 'string' } } } } },
    },
  },
};
const COUNT: ToolDefinition = {
  name: 'count',
  description: 'Counts.',
  form: {
    kind: 'function',
    parameters: {
      type: 'object',
      properties: { from: { type: 'integer' }, by: { type: 'number' }, loud: { type: 'boolean' }, word: { type: 'string' } },
    },
  },
};
const SCRIPT = [
  {
    when: { inputContains: 'use each tool' },
    turns: [
      {
        toolCalls: [
          { name: 'read_file', input: { path: 'a.txt' } },
          { name: 'docs_search', input: { query: { all: ['x', 'y'] } } },
          { name: 'apply_patch', input: '*** Begin Patch' },
          { name: 'count', input: { from: 3, by: 0.5, loud: true, word: '7' } },
        ],
      },
      { text: 'All are used.' },
    ],
  },
  {
    when: { inputContains: 'use an operation' },
    turns: [{ toolCalls: [{ name: 'GET /files/{id}', input: { id: 'f1' } }] }, { text: 'It was got.' }],
  },
];

const { client, emulator, fault, ledger } = aScene({
  ...BEDROCK_CLASSIC,
  start: (script) => startClassic([...(script as []), ...SCRIPT]),
});

const saved = (overrides: Partial<SessionPlan> = {}): SessionPlan => aPlan(BEDROCK_CLASSIC, overrides);

function inline(overrides: Partial<SessionPlan> = {}): SessionPlan {
  const { agentId: _, ...plan } = aPlan(BEDROCK_CLASSIC);
  return { ...plan, wireModel: CLASSIC_MODEL, ...overrides };
}

function connected(overrides: Partial<BedrockClassicConnection>) {
  const credential = { kind: 'default-chain' } as const;
  return createBedrockClassicClient({ region: CLASSIC_REGION, baseUrl: emulator().origin, credential, ...overrides }, PATIENT);
}

const requestsOf = async (): Promise<number> => (await ledger()).requests.length;

describe('an inline agent', () => {
  test('is defined with every call, and goes on by its session', async () => {
    const plan = inline();
    const { turn, session } = await openWith(client(), plan, says('say hello'));

    const next = await client().send(session, says('and once more'), listening());
    await client().close(session);

    expect([lastText(turn), lastText(next)]).toEqual(['hello there', 'hello again']);
    expect((await ledger()).sessions.find(({ id }) => id === plan.key)?.closed).toBe(true);
    expect((await ledger()).requests.at(-1)?.path).toBe(`/agents/${plan.key}`);
  });

  test('is told of every tool in a schema that holds scalars alone, and its calls come back as the tool has them', async () => {
    const tools = [READ_FILE, NESTED, APPLY_PATCH, COUNT];

    const { turn, session } = await openWith(client(), inline({ tools }), says('use each tool'));

    expect(callsOf(turn).map(({ name }) => name)).toEqual(['read_file', 'docs__search', 'apply_patch', 'count']);
    const [path, query, patch, count] = callsOf(turn).map(({ input }) => input);
    expect(path).toEqual({ kind: 'json', text: '{"path":"a.txt"}' });
    expect(query).toEqual({ kind: 'json', text: '{"query":{"all":["x","y"]}}' });
    expect(patch).toEqual({ kind: 'text', text: '*** Begin Patch' });
    expect(JSON.parse(count?.text ?? '')).toEqual({ from: 3, by: 0.5, loud: true, word: '7' });
    expect(lastText(await client().send(session, answers(turn), listening()))).toBe('All are used.');
  });

  test('may have instructions that are shorter than the service takes', async () => {
    const { turn } = await openWith(client(), inline({ instructions: '' }), says('say hello'));

    expect(lastText(turn)).toBe('hello there');
  });

  test('of a model that is not there is told as such, though the service calls the request wrong', async () => {
    const failure = await failureOf(client().open(inline({ wireModel: 'openai.gpt-none' }), says('say hello'), listening()));

    expect(failure).toMatchObject({ kind: 'not-found', scope: 'deployment', acceptance: 'not-accepted' });
  });
});

describe('results', () => {
  const waiting = () => openWith(client(), saved({ tools: [READ_FILE] }), says('use two tools'));
  const refusalOf = async (change: (input: SessionInput) => SessionInput) => {
    const { turn, session } = await waiting();
    const before = await requestsOf();
    const failure = await failureOf(client().send(session, change(answers(turn)), listening()));
    expect(await requestsOf()).toBe(before);
    return failure;
  };

  test('are put into the order of their calls', async () => {
    const { turn, session } = await waiting();
    const input = answers(turn);

    const next = await client().send(session, { ...input, results: input.results.toReversed() }, listening());

    expect(lastText(next)).toBe('Both are read.');
  });

  test.each([
    ['of some calls alone', (input: SessionInput) => ({ ...input, results: input.results.slice(1) })],
    [
      'of calls that nobody made',
      (input: SessionInput) => ({ ...input, results: input.results.map((one) => ({ ...one, callId: 'x' })) }),
    ],
    ['without what their calls came with', ({ key, results, messages }: SessionInput) => ({ key, results, messages })],
  ])('%s are not sent', async (_name, change) => {
    expect(await refusalOf(change)).toMatchObject({ kind: 'invalid-request', acceptance: 'not-accepted', scope: 'request' });
  });

  test('may come with what users said meanwhile', async () => {
    const { turn, session } = await waiting();

    const next = await client().send(session, { ...answers(turn), messages: ['be quick'] }, listening());

    expect(lastText(next)).toBe('Both are read.');
  });

  test('of an operation of an API are given as its answer', async () => {
    const { turn, session } = await openWith(client(), saved(), says('use an operation'));
    expect(callsOf(turn)).toMatchObject([{ name: 'get_files_id', input: { kind: 'json', text: '{"id":"f1"}' } }]);

    expect(lastText(await client().send(session, answers(turn, 'failed'), listening()))).toBe('It was got.');
  });
});

describe('a session', () => {
  test('tells the tokens of its traces', async () => {
    const { turn } = await openWith(client(), saved(), says('say hello'));

    expect(turn.usage).toMatchObject({ inputTokens: 100, outputTokens: 20 });
  });

  test.each([
    ['saved', saved(), 5_500_000],
    ['inline', inline(), 3_700_000],
  ])(
    'of a %s agent that was left alone for too long is not asked, since it would silently be another',
    async (_kind, plan, agoMs) => {
      const { session } = await openWith(client(), plan, says('say hello'));
      const before = await requestsOf();
      const old = { ...session, marker: String(Date.now() - agoMs) };

      const failure = await failureOf(client().send(old, says('and once more'), listening()));

      expect(failure).toMatchObject({ kind: 'not-found', scope: 'request', acceptance: 'not-accepted', code: 'session expired' });
      expect(await requestsOf()).toBe(before);
    },
  );

  test.each(['AGENT12345', 'AGENT12345/ALIAS12345/MORE', 'agent one/alias'])(
    'with a saved agent called %s is not opened',
    async (agentId) => {
      const failure = await failureOf(client().open(saved({ agentId }), says('say hello'), listening()));

      expect(failure).toMatchObject({ kind: 'invalid-request', acceptance: 'not-accepted' });
    },
  );

  test('with a saved agent that is not there is a failure of the deployment', async () => {
    const [, alias] = CLASSIC_AGENT.split('/');
    const failure = await failureOf(client().open(saved({ agentId: `OTHER/${alias}` }), says('say hello'), listening()));

    expect(failure).toMatchObject({ kind: 'not-found', scope: 'deployment', code: 'ResourceNotFoundException' });
  });
});

describe('a stream', () => {
  test('may take long in all, as long as something comes', async () => {
    const impatient = BEDROCK_CLASSIC.createClient(emulator().origin, { ...PATIENT, idleMs: 1_500 });
    // Three events and the end: more in all than it may be silent for.
    await fault({ kind: 'slow', eventDelayMs: 500 });

    const turn = await impatient.open(saved(), says('say hello'), listening());

    expect(lastText(turn)).toBe('hello there');
  });

  test('that breaks behind a return of control has said all', async () => {
    const eventsOfTheTurn = 4;
    await fault({ kind: 'stream-cut', afterEvents: eventsOfTheTurn });

    const turn = await client().open(saved({ tools: [READ_FILE] }), says('use the tool'), listening());

    expect(callsOf(turn)).toMatchObject([{ name: 'read_file' }]);
  });
});

describe('a failure', () => {
  const opening = () => failureOf(client().open(saved(), says('say hello'), listening()));

  test.each([0, 2])('that comes as an exception after %i events is one of an input that was taken', async (afterEvents) => {
    await fault({ kind: 'turn-failed', code: 'ThrottlingException', afterEvents });

    expect(await opening()).toMatchObject({
      kind: 'rate-limited',
      code: 'ThrottlingException',
      acceptance: 'accepted',
      status: 200,
    });
  });

  test.each([
    [{ kind: 'frame-cut', afterEvents: 0 }],
    [{ kind: 'frame-cut', afterEvents: 2 }],
    [{ kind: 'stream-cut', afterEvents: 0 }],
    [{ kind: 'stream-cut', afterEvents: 2 }],
  ])('of the stream by %j is told as such', async (cause) => {
    await fault(cause);

    expect(await opening()).toMatchObject({ kind: 'protocol', code: 'stream cut', acceptance: 'accepted', status: 200 });
  });

  test('of what the agent depends on leaves open whether it had begun', async () => {
    await fault({ kind: 'status', on: 'open', status: 424 });

    expect(await opening()).toMatchObject({ kind: 'unavailable', code: 'DependencyFailedException', acceptance: 'unknown' });
  });

  test('is tried once, and hands on when to come again', async () => {
    await fault({ kind: 'status', on: 'open', status: 429, headers: { 'retry-after': '7' } });
    const before = await requestsOf();

    expect(await opening()).toMatchObject({ kind: 'rate-limited', retryAfterMs: 7_000, requestId: expect.any(String) });
    expect(await requestsOf()).toBe(before + 1);
  });
});

describe('credentials', () => {
  test('may be temporary', async () => {
    const credential = {
      kind: 'access-key',
      accessKeyId: EMULATED_CREDENTIALS.EMULATED_AWS_ACCESS_KEY_ID,
      secretAccessKey: EMULATED_CREDENTIALS.EMULATED_AWS_SECRET_ACCESS_KEY,
      sessionToken: EMULATED_CREDENTIALS.EMULATED_AWS_SESSION_TOKEN,
    } as const;

    const { turn } = await openWith(connected({ credential }), saved(), says('say hello'));

    expect(lastText(turn)).toBe('hello there');
  });

  test('that cannot be had keep everything from being sent', async () => {
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    const before = await requestsOf();
    const without = connected({ credential: { kind: 'profile', profile: 'no-such-profile' } });

    const failure = await failureOf(without.open(saved(), says('say hello'), listening()));
    vi.unstubAllEnvs();

    expect(failure).toMatchObject({ kind: 'authentication', phase: 'resolve', acceptance: 'not-accepted' });
    expect(await requestsOf()).toBe(before);
  });

  test('that are a key of Bedrock are refused with what to do instead', () => {
    const credential = { kind: 'bearer-token', token: EMULATED_CREDENTIALS.EMULATED_AWS_BEDROCK_API_KEY } as const;

    expect(() => connected({ credential })).toThrow(/takes no Bedrock API key: configure an access key/);
  });
});
