/** What a service tells is read with a limit: one that never stops would fill the memory of a worker, and of all its tasks. */
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAgentEngineClient } from '../../activities/managed-agents/agent-engine/client.ts';
import { readTurn } from '../../activities/managed-agents/bedrock-classic/response.ts';
import { createFoundryAgentsClient } from '../../activities/managed-agents/foundry-agents/client.ts';
import { createOpenAIAgentsClient } from '../../activities/managed-agents/openai-agents/client.ts';
import { failureOf } from '../clouds/builders.ts';
import { lastText, listening, says } from './conversation.ts';
import { PATIENT } from './scene.ts';

const PLAN = { key: 'k', agentId: '4711', instructions: '', tools: [], metadata: {} };
const SESSION = { sessionId: 's1', plan: PLAN };
const MEGABYTE = 'x'.repeat(1024 * 1024);
const BLANKS = ' '.repeat(MEGABYTE.length);
/** More than anybody should read. */
const MEGABYTES = 150;
const TOO_LARGE = { kind: 'protocol', code: 'answer too large' };

/** A service that tells of one thing all that it can, and of anything else `json`. */
async function aTalkativeService(of: string, json: object, piece: (index: number) => string) {
  const told = { pieces: 0 };
  const talk = (response: ServerResponse): void => {
    while (told.pieces < MEGABYTES && !response.destroyed) {
      told.pieces += 1;
      if (!response.write(piece(told.pieces))) return void response.once('drain', () => talk(response));
    }
    response.end();
  };
  const server = createServer((request, response) => {
    const isStream = request.url?.endsWith('/events') === true;
    response.writeHead(200, { 'content-type': isStream ? 'text/event-stream' : 'application/json' });
    if (request.url?.includes(of) === true) talk(response);
    else response.end(JSON.stringify(json));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // it listens on a port
  return { told, origin: `http://127.0.0.1:${port}` };
}

function engineAt(baseUrl: string) {
  const connection = {
    project: 'p',
    location: 'us-central1',
    baseUrl,
    credential: { kind: 'access-token', token: 't' },
  } as const;
  return createAgentEngineClient(connection, PATIENT);
}

const engineEvent = (fields: object) =>
  `${JSON.stringify({ author: 'a', content: { parts: [{ text: MEGABYTE }] }, ...fields })}\n`;

describe('an endless answer', () => {
  test('of a page of a conversation is read no further than any answer may be', async () => {
    const { origin, told } = await aTalkativeService('/items', { id: 'c1', metadata: {} }, () => BLANKS);
    const connection = { projectUrl: origin, credential: { kind: 'bearer-token', token: 't' } } as const;

    const failure = await failureOf(createFoundryAgentsClient(connection, PATIENT).reconcile(SESSION, says('x'), listening()));

    expect(failure).toMatchObject(TOO_LARGE);
    expect(told.pieces).toBeLessThan(100);
  });

  test('of a session of the Agents API is', async () => {
    const idle = { id: 's1', status: 'idle', required_actions: [] };
    const { origin, told } = await aTalkativeService('/items', idle, () => BLANKS);
    const client = createOpenAIAgentsClient({ baseUrl: `${origin}/v1`, apiKey: 'k' }, PATIENT);

    const failure = await failureOf(client.reconcile(SESSION, says('x'), listening()));

    expect(failure).toMatchObject(TOO_LARGE);
    expect(told.pieces).toBeLessThan(100);
  });

  test('of an engine is, in however many events', async () => {
    const { origin, told } = await aTalkativeService(':streamQuery', {}, () => engineEvent({}));

    const failure = await failureOf(engineAt(origin).open(PLAN, says('x'), listening()));

    expect(failure).toMatchObject({ ...TOO_LARGE, acceptance: 'accepted' });
    expect(told.pieces).toBeLessThan(100);
  });

  test('of an agent of Bedrock is, in however many chunks', async () => {
    let chunks = 0;
    async function* events() {
      for (; chunks < MEGABYTES; chunks += 1) yield { chunk: { bytes: Buffer.from(MEGABYTE) } };
    }

    await expect(readTurn(events(), PLAN)).rejects.toMatchObject({ code: 'answer too large' });
    expect(chunks).toBeLessThan(100);
  });
});

test('parts of what an engine tells whole later are not kept, however many they are', async () => {
  const whole = engineEvent({ content: { parts: [{ text: 'It is done.' }] } });
  const { origin } = await aTalkativeService(':streamQuery', {}, (index) =>
    index < MEGABYTES ? engineEvent({ partial: true }) : whole,
  );

  expect(lastText(await engineAt(origin).open(PLAN, says('x'), listening()))).toBe('It is done.');
});
