/** What the two services that speak the Agents API have beyond the contract: the order of requests, keys, and what is theirs alone. */
import { describe, expect, test } from 'vitest';
import { createBedrockManagedClient } from '../../activities/managed-agents/bedrock-managed/client.ts';
import { APPLY_PATCH, READ_FILE, failureOf } from '../clouds/builders.ts';
import type { EmulatedService } from './emulated-services.ts';
import { aPlan, answers, callsOf, lastText, listening, openWith, says } from './conversation.ts';
import { EMULATED_SERVICES, aBedrockConnection } from './emulated-services.ts';
import { PATIENT, aScene } from './scene.ts';

const SERVICES = EMULATED_SERVICES.filter(({ name }) => name === 'openai-agents' || name === 'bedrock-managed');

function serviceNamed(wanted: string): EmulatedService {
  const [found] = SERVICES.filter(({ name }) => name === wanted);
  if (found === undefined) throw new Error(`no row for ${wanted}`);
  return found;
}

describe.each(SERVICES)('the Agents API of $name', (service) => {
  const { client, emulator, fault, ledger } = aScene(service);
  const requests = async (from: number) =>
    (await ledger()).requests
      .slice(from)
      .map(({ method, path }) => `${method} ${path.replace(/.*\/sessions/, '').replace(/sess_\w+|\?.*/g, '')}`);

  test('is listened to before an input is sent', async () => {
    const { session } = await openWith(client(), aPlan(service), says('say hello'));
    const before = (await ledger()).requests.length;

    await client().send(session, says('and once more'), listening());

    expect((await requests(before)).slice(0, 2)).toEqual(['GET //events', 'POST //events']);
  });

  test('is sent nothing when it cannot be listened to', async () => {
    const { session } = await openWith(client(), aPlan(service), says('say hello'));
    await fault({ kind: 'status', on: 'follow', status: 500, count: 1 });
    const options = listening();

    const failure = await failureOf(client().send(session, says('and once more'), options));

    expect(failure).toMatchObject({ kind: 'unavailable', acceptance: 'not-accepted', responseId: session.sessionId });
    expect(options.told).toEqual([]);
  });

  test('is asked once for each input, whatever comes of it', async () => {
    const before = (await ledger()).requests.length;
    await fault({ kind: 'status', on: 'open', status: 503 });

    await failureOf(client().open(aPlan(service), says('say hello'), listening()));

    expect(await requests(before)).toEqual(['POST ']);
  });

  test('is told keys only where it knows them', async () => {
    const plan = aPlan(service);
    const input = says('and once more');
    const { session } = await openWith(client(), plan, says('say hello'));
    await client().send(session, input, listening());

    const keys = (await ledger()).requests.flatMap(({ key }) => (key === null ? [] : [key]));

    expect(keys.includes(plan.key)).toBe(service.traits.idempotentInput);
    expect(keys.includes(input.key)).toBe(service.traits.idempotentInput);
  });

  test('tells the tokens of a session in all, of which a turn has its own', async () => {
    const { turn, session } = await openWith(client(), aPlan(service), says('say hello'));
    const next = await client().send(session, says('and once more'), listening());

    expect(turn.usage).toEqual({ inputTokens: 100, cachedInputTokens: 50, outputTokens: 20, reasoningTokens: 5 });
    expect(next.usage).toEqual(turn.usage);
  });

  test('is waited for when it accepted an input, and records it only later', async () => {
    const { session } = await openWith(client(), aPlan(service), says('say hello'));
    const input = says('and once more');
    await fault({ kind: 'recorded-late', afterMs: 30, count: 1 }, { kind: 'answer-lost', on: 'input', count: 1 });
    await failureOf(client().send(session, input, listening()));

    const turn = await client().reconcile(session, input, listening());

    expect(turn !== undefined && lastText(turn)).toBe('hello again');
  });

  test('is not waited for at the end of a task longer than that may take, whichever request is silent', async () => {
    const hasty = service.createClient(emulator().origin, { ...PATIENT, cancelMs: 700 });
    const { session } = await openWith(client(), aPlan(service), says('say hello'));
    await fault({ kind: 'slow', eventDelayMs: 200, count: 1 });
    const { promise, resolve } = Promise.withResolvers<void>();
    const controller = new AbortController();
    const options = listening({ signal: controller.signal });
    const progress = { ...options.progress, onSession: async () => resolve() };
    const turn = client().send(session, says('and once more'), { ...options, progress });
    await promise;
    await fault({ kind: 'silence', on: 'read' });

    expect(await failureOf(hasty.close(session))).toMatchObject({ kind: 'timeout', code: 'nothing came for 700 ms' });

    controller.abort(new Error('enough'));
    await expect(turn).rejects.toThrow('enough');
  });

  test('is not sent again what it may have taken, by itself', async () => {
    const { session } = await openWith(client(), aPlan(service), says('say hello'));
    await fault({ kind: 'answer-lost', on: 'input' });
    const before = (await ledger()).requests.length;

    await failureOf(client().send(session, says('and once more'), listening()));

    expect(await requests(before)).toEqual(['GET //events', 'POST //events']);
  });
});

describe('the Agents API of OpenAI', () => {
  const service = serviceNamed('openai-agents');
  const { client, fault, ledger } = aScene(service);

  test('is not asked about calls again whose results it has, but not recorded', async () => {
    const { turn, session } = await openWith(client(), aPlan(service, { tools: [READ_FILE] }), says('use the tool'));
    await fault({ kind: 'recorded-late', afterMs: 100, count: 1 });

    const next = await client().send(session, answers(turn), listening());

    expect([lastText(next), callsOf(next)]).toEqual(['It is done.', []]);
  });

  test('tells how a turn ended to whoever asks later', async () => {
    const { session } = await openWith(client(), aPlan(service), says('say hello'));
    const input = says('and once more');
    await fault(
      { kind: 'turn-failed', code: 'credit_balance_exhausted', count: 1 },
      { kind: 'answer-lost', on: 'input', count: 1 },
    );
    await failureOf(client().send(session, input, listening()));
    await expect.poll(async () => (await ledger()).sessions.at(-1)?.status).toBe('idle');

    expect(await failureOf(client().reconcile(session, input, listening()))).toMatchObject({
      kind: 'quota-exhausted',
      code: 'credit_balance_exhausted',
      acceptance: 'accepted',
    });
  });

  test('opens a session of a saved agent, which has a model of its own', async () => {
    const { wireModel: _, ...plan } = aPlan(service, { agentId: 'agent_emulated', instructions: '' });

    expect(lastText(await client().open(plan, says('say hello'), listening()))).toBe('hello there');
  });

  test('is not found where there is no such agent or model', async () => {
    const unknown = aPlan(service, { agentId: 'agent_unknown' });

    expect(await failureOf(client().open(unknown, says('x'), listening()))).toMatchObject({ kind: 'not-found' });
    expect(await failureOf(client().open(aPlan(service, { wireModel: 'none' }), says('x'), listening()))).toMatchObject({
      kind: 'not-found',
      scope: 'deployment',
    });
  });

  test('takes the text of a freeform tool as that of a function, and gives it back as text', async () => {
    const { turn } = await openWith(client(), aPlan(service, { tools: [APPLY_PATCH] }), says('patch it'));

    expect(callsOf(turn)[0]?.input).toEqual({ kind: 'text', text: '*** Begin Patch' });
  });

  test('is not given results whose turn nobody knows', async () => {
    const { turn, session } = await openWith(client(), aPlan(service, { tools: [READ_FILE] }), says('use the tool'));
    const { continuation: _, ...input } = answers(turn);
    const before = (await ledger()).requests.length;

    expect(await failureOf(client().send(session, input, listening()))).toMatchObject({
      kind: 'invalid-request',
      acceptance: 'not-accepted',
    });
    expect((await ledger()).requests.length).toBe(before);
  });

  test('takes what a user says together with the results that it waits for', async () => {
    const { turn, session } = await openWith(client(), aPlan(service, { tools: [READ_FILE] }), says('use the tool'));

    const next = await client().send(session, { ...answers(turn), messages: ['and once more'] }, listening());

    expect(lastText(next)).toBe('hello again');
  });
});

describe('the Agents API of Bedrock', () => {
  const service = serviceNamed('bedrock-managed');
  const { client, emulator, fault, ledger } = aScene(service);

  test('is in three regions, and not asked for in others', async () => {
    const elsewhere = createBedrockManagedClient({ ...aBedrockConnection(emulator().origin), region: 'eu-west-1' }, PATIENT);
    const before = (await ledger()).requests.length;

    expect(await failureOf(elsewhere.open(aPlan(service), says('say hello'), listening()))).toMatchObject({
      kind: 'unsupported',
      acceptance: 'not-accepted',
      code: 'no managed agents in eu-west-1',
    });
    expect((await ledger()).requests.length).toBe(before);
  });

  test('explains that a region may lack the model or the whole service', async () => {
    await fault({ kind: 'not-in-region', count: 1 });

    await expect(openWith(client(), aPlan(service), says('say hello'))).rejects.toMatchObject({
      failure: { kind: 'not-found', scope: 'deployment', code: 'this region lacks the model, or Bedrock Managed Agents' },
    });
  });

  test('explains that the account is not admitted, although its credentials are good', async () => {
    await fault({ kind: 'not-entitled', count: 1 });

    expect(await failureOf(client().open(aPlan(service), says('say hello'), listening()))).toEqual({
      kind: 'authentication',
      scope: 'account',
      phase: 'headers',
      acceptance: 'not-accepted',
      status: 401,
      code: 'account not admitted to Bedrock Managed Agents by AWS',
    });
  });
});
