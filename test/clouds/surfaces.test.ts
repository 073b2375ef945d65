/** Each surface's own address, authentication and refusals, over a server that answers what the test says. */
import { Hash } from '@smithy/hash-node';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EndpointConnection } from '../../activities/clouds/cloud-client.ts';
import { createCloudClient } from '../../activities/clouds/create-cloud-client.ts';
import { knownCapabilities } from '../support/known-capabilities.ts';
import { aCall, aRequest, failureOf } from './builders.ts';
import type { WireServer } from './wire-server.ts';
import { completed, message, sendEvents, startWireServer } from './wire-server.ts';

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());

const ACCESS_KEY = {
  kind: 'access-key',
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'secret',
  sessionToken: 'session',
} as const;

const SURFACES = {
  openai: () => ({ cloud: 'openai', baseUrl: `${server.url}/v1`, apiKey: 'key' }),
  azure: () => ({
    cloud: 'azure',
    baseUrl: `${server.url}/openai/v1/`,
    credential: { kind: 'api-key', apiKey: 'key' },
  }),
  'aws mantle': () => ({
    cloud: 'aws',
    surface: 'bedrock-mantle',
    region: 'us-east-1',
    baseUrl: `${server.url}/openai/v1`,
    credential: ACCESS_KEY,
  }),
  'aws runtime': () => ({
    cloud: 'aws',
    surface: 'bedrock-runtime',
    region: 'us-east-1',
    baseUrl: `${server.url}/openai/v1`,
    credential: { kind: 'bearer-token', token: 'ABSKtoken' },
  }),
  google: () => ({
    cloud: 'google',
    project: 'emulated',
    location: 'global',
    baseUrl: `${server.url}/v1/projects/emulated/locations/global/publishers/openai/v1`,
    credential: { kind: 'access-token', token: 'ya29.token' },
  }),
} as const satisfies Record<string, () => EndpointConnection>;
type Surface = keyof typeof SURFACES;
const NAMES = Object.keys(SURFACES) as Surface[]; // the keys of the table above

const EXPECTED = {
  openai: { path: '/v1/responses', auth: { authorization: 'Bearer key' } },
  azure: { path: '/openai/v1/responses', auth: { 'api-key': 'key' } },
  'aws mantle': {
    path: '/openai/v1/responses',
    auth: {
      authorization: expect.stringContaining('/us-east-1/bedrock-mantle/aws4_request'),
      'x-amz-security-token': 'session',
    },
  },
  'aws runtime': { path: '/openai/v1/responses', auth: { authorization: 'Bearer ABSKtoken' } },
  google: {
    path: '/v1/projects/emulated/locations/global/publishers/openai/v1/responses',
    auth: { authorization: 'Bearer ya29.token' },
  },
} satisfies Record<Surface, object>;

async function send(surface: Surface) {
  server.answer((response) => sendEvents(response, [completed([message('hello')])]));
  const answer = await createCloudClient(SURFACES[surface]()).invoke(aRequest(), aCall());
  const sent = server.requests[0];
  if (sent === undefined) throw new Error('nothing was sent');
  return { answer, sent, body: JSON.parse(sent.body) as unknown };
}

describe.each(NAMES)('%s', (surface) => {
  test('is asked once, streamed and unstored, at its own address with its own credentials', async () => {
    const { answer, sent, body } = await send(surface);

    expect(answer.items).toEqual([{ kind: 'assistant-message', text: 'hello' }]);
    expect(sent).toMatchObject({
      method: 'POST',
      url: EXPECTED[surface].path,
      headers: EXPECTED[surface].auth,
    });
    expect(body).toMatchObject({
      model: 'gpt-6.1-sol',
      stream: true,
      store: false,
      prompt_cache_key: 'cache-1',
    });
    expect(server.requests).toHaveLength(1);
  });

  test('has its errors classified once, with the wait it asks for', async () => {
    server.answer((response) =>
      response.writeHead(429, { 'retry-after': '2', 'content-type': 'application/json' }).end('{"error":{"message":"secret"}}'),
    );

    const failure = await failureOf(createCloudClient(SURFACES[surface]()).invoke(aRequest(), aCall()));

    expect(failure).toEqual({
      kind: 'rate-limited',
      phase: 'headers',
      acceptance: 'not-accepted',
      scope: 'deployment',
      status: 429,
      retryAfterMs: 2000,
    });
  });
});

test('azure is sent its key in one header only', async () => {
  const { sent } = await send('azure');

  expect(sent.headers['authorization']).toBeUndefined();
});

test('a signature for mantle is valid for what was sent', async () => {
  const { sent } = await send('aws mantle');
  const authorization = sent.headers['authorization'] ?? '';
  const signed = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(';') ?? [];
  const date = String(sent.headers['x-amz-date']).replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const headers = Object.fromEntries(signed.map((name) => [name, String(sent.headers[name])]));
  const { hostname, port } = new URL(server.url);
  const signer = new SignatureV4({
    credentials: ACCESS_KEY,
    region: 'us-east-1',
    service: 'bedrock-mantle',
    sha256: Hash.bind(null, 'sha256'),
  });

  const request = {
    method: 'POST',
    protocol: 'http:',
    hostname,
    port: Number(port),
    path: sent.url,
    headers,
    body: sent.body,
  };
  const again = await signer.sign(request, { signingDate: new Date(date) });

  expect(again.headers['authorization']?.split('Signature=')[1]).toBe(authorization.split('Signature=')[1]);
});

test('metadata goes only where the cloud documents it', async () => {
  const { body: openai } = await send('openai');
  const { body: google } = await send('google');

  expect(openai).toMatchObject({ metadata: { task: 'task-1', turn: '1', attempt: '1' } });
  expect(google).not.toHaveProperty('metadata');
});

describe('background', () => {
  test.each([
    ['openai', false],
    ['azure', true],
    ['aws mantle', true],
  ] as const)('at %s is asked for with store %s', async (surface, store) => {
    server.answer((response) => sendEvents(response, [completed([message('hello')])]));

    await createCloudClient(SURFACES[surface]()).invoke(aRequest({ background: true }), aCall());

    expect(JSON.parse(server.requests[0]?.body ?? '')).toMatchObject({
      background: true,
      store,
      stream: true,
    });
  });

  test.each(['aws runtime', 'google'] as const)('is not even asked for at %s, which lacks it', async (surface) => {
    server.answer((response) => sendEvents(response, [completed([message('hello')])]));

    const failure = await failureOf(createCloudClient(SURFACES[surface]()).invoke(aRequest({ background: true }), aCall()));

    expect(failure).toMatchObject({
      kind: 'unsupported',
      acceptance: 'not-accepted',
      code: 'background',
    });
    expect(server.requests).toHaveLength(0);
  });
});

test('credentials that cannot be had are an authentication failure before anything is sent', async () => {
  server.answer((response) => sendEvents(response, []));
  const connection = {
    ...SURFACES['aws mantle'](),
    credential: { kind: 'profile', profile: 'no-such-profile' },
  } as const;

  expect(await failureOf(createCloudClient(connection).invoke(aRequest(), aCall()))).toEqual({
    kind: 'authentication',
    phase: 'resolve',
    acceptance: 'not-accepted',
    scope: 'credential',
    code: 'no usable credentials',
  });
  expect(server.requests).toHaveLength(0);
});

test('surfaces without background do not claim it', () => {
  expect(knownCapabilities('aws-runtime-us-east-1')).not.toContain('background');
  expect(knownCapabilities('google-global')).not.toContain('background');
  expect(knownCapabilities('aws-us-east-1')).toContain('background');
});
