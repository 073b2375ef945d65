import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CloudClient } from '../../activities/clouds/cloud-client.ts';
import { createCloudClient } from '../../activities/clouds/create-cloud-client.ts';
import { aCall, aRequest, failureOf } from './builders.ts';
import type { WireServer } from './wire-server.ts';
import { completed, CREATED, message, sendEvents, sendJson, startWireServer } from './wire-server.ts';

let server: WireServer;
let client: CloudClient;
beforeAll(async () => {
  server = await startWireServer();
  client = createCloudClient({ cloud: 'openai', baseUrl: `${server.url}/v1`, apiKey: 'key' }, { pollMs: 5 });
});
afterAll(() => server.close());

describe('a background response', () => {
  test('is polled where the cloud does not stream it', async () => {
    const done = completed([message('hello')]).response;
    server.answer(
      (response) => sendJson(response, 400, { error: { message: 'no stream', type: 'invalid_request_error' } }),
      (response) => sendJson(response, 200, { id: 'resp_1', status: 'queued' }),
      (response) => sendJson(response, 200, { id: 'resp_1', status: 'in_progress' }),
      (response) => sendJson(response, 200, done),
    );

    const answer = await client.reattach('resp_1', aRequest({ background: true }), aCall());

    expect(answer.items).toEqual([{ kind: 'assistant-message', text: 'hello' }]);
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /v1/responses/resp_1?stream=true',
      'GET /v1/responses/resp_1',
      'GET /v1/responses/resp_1',
      'GET /v1/responses/resp_1',
    ]);
  });

  test('is streamed on from the last event that was seen', async () => {
    server.answer((response) => sendEvents(response, [completed([message('hello')])]));

    const answer = await client.reattach('resp_1', aRequest({ background: true }), { ...aCall(), after: 7 });

    expect(answer.items).toEqual([{ kind: 'assistant-message', text: 'hello' }]);
    expect(server.requests.map(({ url }) => url)).toEqual(['/v1/responses/resp_1?stream=true&starting_after=7']);
  });

  test('is asked for whole when the rest of its stream does not carry the answer', async () => {
    const half = { type: 'response.output_item.done', output_index: 1, item: message('world') };
    const whole = completed([message('hello'), message('world')]).response;
    server.answer(
      (response) => sendEvents(response, [half, completed([])]),
      (response) => sendJson(response, 200, whole),
    );

    const answer = await client.reattach('resp_1', aRequest({ background: true }), { ...aCall(), after: 7 });

    expect(answer.items).toHaveLength(2);
    expect(server.requests.map(({ url }) => url)).toEqual([
      '/v1/responses/resp_1?stream=true&starting_after=7',
      '/v1/responses/resp_1',
    ]);
  });

  test('that the cloud no longer has is not found', async () => {
    server.answer((response) => sendJson(response, 404, { error: { message: 'gone', type: 'invalid_request_error' } }));

    expect(await failureOf(client.reattach('resp_1', aRequest(), aCall()))).toMatchObject({
      kind: 'not-found',
      acceptance: 'accepted',
      responseId: 'resp_1',
    });
  });

  test('whose polling is refused is classified like any refusal', async () => {
    server.answer(
      (response) => sendJson(response, 200, { id: 'resp_1', status: 'queued' }),
      (response) => sendJson(response, 200, { id: 'resp_1', status: 'queued' }),
      (response) => sendJson(response, 401, { error: { code: 'invalid_api_key' } }),
    );

    expect(await failureOf(client.reattach('resp_1', aRequest(), aCall()))).toMatchObject({
      kind: 'authentication',
      status: 401,
    });
  });

  test.each(['expired', 'cancelled'])('that was %s is not to be had any more', async (status) => {
    server.answer((response) => sendJson(response, 200, { id: 'resp_1', status }));

    expect(await failureOf(client.reattach('resp_1', aRequest(), aCall()))).toMatchObject({
      kind: 'not-found',
      acceptance: 'accepted',
      phase: 'terminal',
    });
  });

  test('says that it leaves before it does, and stays when its caller says no', async () => {
    const order: string[] = [];
    server.answer((response) => {
      order.push('arrived');
      return sendEvents(response, [CREATED, completed([message('hello')])]);
    });
    const told = aCall({ onSending: async () => void order.push('sending') });
    await client.invoke(aRequest(), told);
    const taken = new Error('taken');

    await expect(client.invoke(aRequest(), aCall({ onSending: () => Promise.reject(taken) }))).rejects.toBe(taken);

    expect(order).toEqual(['sending', 'arrived']);
  });

  test.each([200, 400, 404, 409])('may be cancelled when the cloud answers %i', async (status) => {
    server.answer((response) => sendJson(response, status, { error: { message: 'it has ended' } }));

    await client.cancel('resp_1');

    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      url: '/v1/responses/resp_1/cancel',
    });
  });

  test('whose cancel fails says so', async () => {
    server.answer((response) => sendJson(response, 500, {}));

    expect(await failureOf(client.cancel('resp_1'))).toMatchObject({
      kind: 'unavailable',
      status: 500,
    });
  });
});
