/** What is Agent Engine's alone: names, the engine's own code, and what it may tell instead of events. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createAgentEngineClient } from '../../activities/managed-agents/agent-engine/client.ts';
import { isEnd, readEvent, readLines, toTurn } from '../../activities/managed-agents/agent-engine/response.ts';
import { EMULATED_CREDENTIALS } from '../emulators/emulated-endpoints.ts';
import { EMULATED_ENGINE } from '../emulators/managed-agents/start-agent-engine.ts';
import { READ_FILE, failureOf } from '../clouds/builders.ts';
import { aPlan, answers, lastText, listening, openWith, says } from './conversation.ts';
import { AGENT_ENGINE } from './emulated-engines.ts';
import { IMPATIENT, PATIENT, aScene } from './scene.ts';

const SERVICE = [AGENT_ENGINE];
const PLAN = { key: 'k', instructions: '', tools: [READ_FILE], metadata: {} };

describe.each(SERVICE)('an engine at $name', (service) => {
  const { client, emulator, fault, ledger } = aScene(service);

  test.each([
    ['its id', EMULATED_ENGINE.id],
    ['its name', `projects/emulated/locations/us-central1/reasoningEngines/${EMULATED_ENGINE.id}`],
  ])('is named by %s', async (_what, agentId) => {
    expect(lastText(await client().open(aPlan(service, { agentId }), says('say hello'), listening()))).toBe('hello there');
  });

  test.each(['', '../4711', 'projects/emulated/locations/us-central1', 'a/b:streamQuery'])(
    'that "%s" does not name is refused before anything is sent',
    async (agentId) => {
      const before = (await ledger()).requests.length;

      const failure = await failureOf(client().open(aPlan(service, { agentId }), says('say hello'), listening()));

      expect(failure).toMatchObject({ kind: 'invalid-request', acceptance: 'not-accepted', scope: 'deployment' });
      expect((await ledger()).requests.length).toBe(before);
    },
  );

  test.each([
    'projects/other/locations/us-central1/reasoningEngines/4711',
    'projects/emulated/locations/europe-west4/reasoningEngines/4711',
    'projects/../locations/../reasoningEngines/4711',
    'projects/emulated/locations/us-central1/reasoningEngines/..',
  ])('is never called as %s, beyond its project and region', async (agentId) => {
    const before = (await ledger()).requests.length;

    const failure = await failureOf(client().open(aPlan(service, { agentId }), says('say hello'), listening()));

    expect(failure).toMatchObject({ kind: 'invalid-request', phase: 'resolve', acceptance: 'not-accepted' });
    expect((await ledger()).requests.length).toBe(before);
  });

  test('of several agents is waited for until the last of them has said its last word', async () => {
    const { session } = await openWith(client(), aPlan(service), says('say hello'));
    const input = says('look it up');
    await fault({ kind: 'stream-cut', afterEvents: 1, count: 1 }, { kind: 'slow', eventDelayMs: 50, count: 1 });
    await failureOf(client().send(session, input, listening()));

    const turn = await client().reconcile(session, input, listening());

    expect(turn?.items).toMatchObject([{ text: 'I have looked.' }, { text: 'It is found.' }]);
  });

  test('that never comes to an end is given up as ended when nothing changes for too long', async () => {
    const impatient = service.createClient(emulator().origin, IMPATIENT);
    const { session } = await openWith(client(), aPlan(service), says('say hello'));
    const input = says('and once more');
    await fault({ kind: 'stream-cut', afterEvents: 1, count: 1 }, { kind: 'slow', eventDelayMs: 2_000, count: 1 });
    await failureOf(client().send(session, input, listening()));

    const failure = await failureOf(impatient.reconcile(session, input, listening()));

    expect(failure).toMatchObject({ kind: 'timeout', phase: 'terminal', acceptance: 'accepted' });
  });

  test('has to be named', async () => {
    const failure = await failureOf(client().open(PLAN, says('say hello'), listening()));

    expect(failure).toMatchObject({ kind: 'invalid-request', code: 'no reasoning engine' });
  });

  test('that is not there is not found', async () => {
    const failure = await failureOf(client().open(aPlan(service, { agentId: '4712' }), says('say hello'), listening()));

    expect(failure).toMatchObject({ kind: 'not-found', scope: 'deployment', acceptance: 'not-accepted' });
  });

  test('whose code throws leaves open whether it has taken the input', async () => {
    const { turn, session } = await openWith(client(), aPlan(service, { tools: [READ_FILE] }), says('use the tool'));
    const { results, ...input } = answers(turn);
    const wrong = results.map((result) => ({ ...result, callId: 'adk-of-another' }));

    const failure = await failureOf(client().send(session, { ...input, results: wrong }, listening()));

    expect(failure).toMatchObject({ kind: 'unavailable', code: 'engine failed', acceptance: 'unknown', status: 400 });
  });

  test('has one session for a key, which a second opening does not give a second input', async () => {
    const plan = aPlan(service);
    const { sessionId } = await client().open(plan, says('say hello'), listening());

    const failure = await failureOf(client().open(plan, says('say hello'), listening()));

    expect(failure).toMatchObject({ kind: 'unavailable', acceptance: 'unknown', status: 409 });
    expect(await client().find(plan, listening())).toBe(sessionId);
    expect((await ledger()).inputs.filter((input) => input.sessionId === sessionId)).toHaveLength(1);
  });

  test('is not asked without a token', async () => {
    const { project, location } = EMULATED_ENGINE;
    const credential = { kind: 'access-token', token: '' } as const;
    const tokenless = createAgentEngineClient({ project, location, baseUrl: emulator().origin, credential }, PATIENT);
    const before = (await ledger()).requests.length;

    const failure = await failureOf(tokenless.open(aPlan(service), says('say hello'), listening()));

    expect(failure).toMatchObject({ kind: 'authentication', scope: 'credential', acceptance: 'not-accepted' });
    expect((await ledger()).requests.length).toBe(before);
    expect(EMULATED_CREDENTIALS.EMULATED_GOOGLE_TOKEN).not.toBe('');
  });
});

test('a stream that ends well, but for its last word, was cut', async () => {
  const call = { author: 'a', content: { parts: [{ function_call: { id: '1', name: 'look_up', args: {} } }] } };
  const server = createServer((request, response) =>
    response.end(request.url?.includes(':streamQuery') ? JSON.stringify(call) : '{}'),
  );
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const { project, location, id } = EMULATED_ENGINE;
  const connection = {
    project,
    location,
    baseUrl: `http://127.0.0.1:${port}`,
    credential: { kind: 'access-token', token: 't' },
  } as const;

  const opening = createAgentEngineClient(connection, PATIENT).open({ ...PLAN, agentId: id }, says('say hello'), listening());

  expect(await failureOf(opening)).toMatchObject({ kind: 'protocol', code: 'no terminal event', acceptance: 'accepted' });
  server.closeAllConnections();
  server.close();
});

describe('what an engine tells', () => {
  test('is a line of JSON each, marked as data or not, wherever the chunks end', async () => {
    expect(await linesOf('{"a":1}\r\n\ndata: {"b"', ':2}\n: ping\ndata:{"c":3}')).toEqual([{ a: 1 }, { b: 2 }, { c: 3 }]);
  });

  test('is a broken stream when it is no JSON', async () => {
    await expect(linesOf('{"a":1}\nTraceback (most recent call last)\n')).rejects.toThrow('malformed event');
  });

  test('may be its output alone, if that is text', () => {
    const event = readEvent({ output: 'It is done.' });

    expect(isEnd(event)).toBe(true);
    expect(lastText(toTurn([event], PLAN))).toBe('It is done.');
    expect(() => readEvent({ output: { rows: 3 } })).toThrow('output is no text');
    expect(() => readEvent(['text'])).toThrow('malformed event');
  });

  test.each([1.79e18, -1.79e18, 'soon', null])('of a time such as %j is no time', (timestamp) => {
    const event = readEvent({ author: 'a', content: { parts: [{ text: 'x' }] }, timestamp });

    expect(toTurn([event], PLAN)).not.toHaveProperty('marker');
  });

  test('of an end without a word is an end, and no answer', () => {
    const called = readEvent({ author: 'a', content: { parts: [{ function_call: { id: '1', name: 'look_up' } }] } });
    const thought = readEvent({ author: 'a', content: { parts: [{ text: 'hm', thought: true }] } });

    expect([called, thought].map(isEnd)).toEqual([false, true]);
    expect(() => toTurn([called, thought], PLAN)).toThrow('empty answer');
  });

  test('of tools of its own is said in a word, and is no end', () => {
    const call = readEvent({ author: 'a', content: { parts: [{ function_call: { id: '1', name: 'look_up', args: {} } }] } });
    const result = readEvent({ author: 'a', content: { parts: [{ function_response: { id: '1', name: 'look_up' } }] } });
    const said = readEvent({ author: 'a', content: { parts: [{ text: 'hm', thought: true }, { text: 'Found.' }] } });

    expect([call, result, said].map(isEnd)).toEqual([false, false, true]);
    expect(toTurn([call, result, said], PLAN).items).toEqual([
      { kind: 'assistant-message', text: '(Called look_up by itself.)', phase: 'commentary' },
      { kind: 'assistant-message', text: 'Found.' },
    ]);
  });

  test('of a tool that waits is a call, in the words of the stream and of the record', () => {
    const args = { path: 'a.txt', some_name: 1 };
    const call = { id: 'c1', name: 'read_file', args };
    const streamed = { author: 'a', content: { parts: [{ function_call: call }] }, long_running_tool_ids: ['c1'] };
    const kept = { author: 'a', content: { parts: [{ functionCall: call }] }, eventMetadata: { longRunningToolIds: ['c1'] } };

    for (const raw of [streamed, kept]) {
      const event = readEvent(raw);
      expect(isEnd(event)).toBe(true);
      expect(toTurn([event], PLAN).items).toEqual([
        { kind: 'tool-call', callId: 'c1', name: 'read_file', input: { kind: 'json', text: JSON.stringify(args) } },
      ]);
    }
  });

  test('of tokens is added up, thoughts among the output', () => {
    const tokens = { prompt_token_count: 10, cached_content_token_count: 4, candidates_token_count: 3, thoughts_token_count: 2 };
    const event = { author: 'a', content: { parts: [{ text: 'x' }] }, usage_metadata: tokens };

    const { usage } = toTurn([readEvent(event), readEvent(event), readEvent({ ...event, partial: true })], PLAN);

    expect(usage).toEqual({ inputTokens: 20, cachedInputTokens: 8, outputTokens: 10, reasoningTokens: 4 });
  });
});

async function linesOf(...chunks: readonly string[]): Promise<readonly unknown[]> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
  const lines: unknown[] = [];
  for await (const line of readLines(body, new AbortController().signal)) lines.push(line);
  return lines;
}
