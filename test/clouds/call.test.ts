import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CloudClient } from '../../activities/clouds/cloud-client.ts';
import { createCloudClient } from '../../activities/clouds/create-cloud-client.ts';
import { TaskStoreError } from '../../activities/store/task-store.ts';
import { APPLY_PATCH, READ_FILE, aCall, aRequest, failureOf } from './builders.ts';
import type { WireServer } from './wire-server.ts';
import { CREATED, DELTA, completed, message, sendEvents, sendJson, startWireServer } from './wire-server.ts';

/** Long enough for a busy machine; what is silent on purpose is waited for no longer than it takes to tell. */
const PATIENT = { firstEventMs: 15_000, idleMs: 15_000, cancelMs: 15_000, pollMs: 5 };
const IMPATIENT = { ...PATIENT, firstEventMs: 700, idleMs: 700 };

let server: WireServer;
let client: CloudClient;

beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());
beforeEach(() => {
  client = at(`${server.url}/v1`);
});

const at = (baseUrl: string, timeouts = PATIENT) => createCloudClient({ cloud: 'openai', baseUrl, apiKey: 'key' }, timeouts);

describe('an answer', () => {
  test('is what the terminal event holds, with its usage', async () => {
    server.answer((response) => sendEvents(response, [CREATED, DELTA, completed([message('hello')])]));
    const call = aCall();

    const answer = await client.invoke(aRequest(), call);

    expect(answer).toEqual({
      responseId: 'resp_1',
      items: [{ kind: 'assistant-message', text: 'hello' }],
      usage: { inputTokens: 100, cachedInputTokens: 64, outputTokens: 20, reasoningTokens: 12 },
    });
    expect(call.responseIds).toEqual(['resp_1']);
    expect(call.sequences).toEqual([0, 1, 2]);
  });

  test('tells how much of its input was written into the cache, which some clouds bill at a price of its own', async () => {
    const usage = { input_tokens: 100, input_tokens_details: { cached_tokens: 10, cache_write_tokens: 80 }, output_tokens: 1 };
    server.answer((response) => sendEvents(response, [CREATED, completed([message('hello')], { usage })]));

    const answer = await client.invoke(aRequest(), aCall());

    expect(answer.usage).toMatchObject({ inputTokens: 100, cachedInputTokens: 10, cacheWriteTokens: 80 });
  });

  test('is put together from its parts when the terminal event leaves the items out', async () => {
    const done = { type: 'response.output_item.done', output_index: 0, item: message('hello') };
    server.answer((response) => sendEvents(response, [CREATED, done, completed([])]));

    const answer = await client.invoke(aRequest(), aCall());

    expect(answer.items).toEqual([{ kind: 'assistant-message', text: 'hello' }]);
  });

  test('survives every line ending, comments, unknown events, the end mark and chunks cut anywhere', async () => {
    const lines = [
      ': comment',
      '',
      'event: response.created',
      `data: ${JSON.stringify(CREATED)}`,
      '',
      'data: {"type":"response.brand_new"}',
      '',
      `data: ${JSON.stringify(completed([message('grüße')])).replace('"response":', '\ndata:"response":')}`,
      '',
      'data: [DONE]',
      '',
      '',
    ];
    for (const ending of ['\n', '\r\n', '\r']) {
      const bytes = Buffer.from(lines.join(ending).replaceAll('\n"', `${ending}"`).replaceAll('\ndata', `${ending}data`));
      server.answer((response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const byte of bytes) response.write(Uint8Array.of(byte));
        response.end();
      });

      const answer = await client.invoke(aRequest(), aCall());

      expect(answer.items).toEqual([{ kind: 'assistant-message', text: 'grüße' }]);
    }
  });

  test('has calls of functions, custom tools and freeform tools rendered as functions, in order', async () => {
    const output = [
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'blob' },
      { type: 'web_search_call', id: 'ws_1', status: 'completed' },
      {
        type: 'function_call',
        call_id: 'c1',
        name: 'read_file',
        arguments: '{"path":"a"}',
        status: 'completed',
      },
      { type: 'custom_tool_call', call_id: 'c2', name: 'apply_patch', input: '*** Begin Patch' },
      {
        type: 'function_call',
        call_id: 'c3',
        name: 'apply_patch',
        arguments: '{"input":"*** Begin"}',
      },
      { type: 'function_call', call_id: 'c4', name: 'apply_patch', arguments: '{"patch":1' },
    ];
    server.answer((response) => sendEvents(response, [completed(output)]));

    const { items } = await client.invoke(aRequest({ tools: [READ_FILE, APPLY_PATCH] }), aCall());

    expect(items).toEqual([
      { kind: 'reasoning', boundary: 'here', payload: JSON.stringify(output[0]) },
      {
        kind: 'tool-call',
        callId: 'c1',
        name: 'read_file',
        input: { kind: 'json', text: '{"path":"a"}' },
      },
      {
        kind: 'tool-call',
        callId: 'c2',
        name: 'apply_patch',
        input: { kind: 'text', text: '*** Begin Patch' },
      },
      {
        kind: 'tool-call',
        callId: 'c3',
        name: 'apply_patch',
        input: { kind: 'text', text: '*** Begin' },
      },
      {
        kind: 'tool-call',
        callId: 'c4',
        name: 'apply_patch',
        input: { kind: 'json', text: '{"patch":1' },
      },
    ]);
  });

  test('leaves out reasoning without its encrypted content, which no cloud would take back', async () => {
    const output = [{ type: 'reasoning', id: 'rs_1', summary: [] }, message('done')];
    server.answer((response) => sendEvents(response, [completed(output)]));

    const { items } = await client.invoke(aRequest(), aCall());

    expect(items).toEqual([{ kind: 'assistant-message', text: 'done' }]);
  });

  test('tells a refusal as such and keeps the phase of a message', async () => {
    const refusal = { ...message(''), content: [{ type: 'refusal', refusal: 'I will not.' }] };
    const commentary = { ...message('looking'), phase: 'commentary' };
    server.answer((response) => sendEvents(response, [completed([commentary, refusal])]));

    const { items } = await client.invoke(aRequest(), aCall());

    expect(items).toEqual([
      { kind: 'assistant-message', text: 'looking', phase: 'commentary' },
      { kind: 'assistant-message', text: 'I will not.', refusal: true },
    ]);
  });

  test.each([
    ['max_output_tokens', 'max-output-tokens'],
    ['content_filter', 'content-filter'],
  ])('that ended early by %s says so, without the calls that were cut', async (reason, incomplete) => {
    const cut = {
      type: 'function_call',
      call_id: 'c1',
      name: 'read_file',
      arguments: '{"pa',
      status: 'incomplete',
    };
    const response = {
      id: 'resp_1',
      status: 'incomplete',
      incomplete_details: { reason },
      output: [message('so'), cut],
    };
    server.answer((wire) => sendEvents(wire, [{ type: 'response.incomplete', response }]));

    const answer = await client.invoke(aRequest(), aCall());

    expect(answer).toMatchObject({
      incomplete,
      items: [{ kind: 'assistant-message', text: 'so' }],
    });
  });

  test('is not read on before the response id is written down', async () => {
    const order: string[] = [];
    server.answer((response) => sendEvents(response, [CREATED, DELTA, completed([message('hello')])]));
    const call = aCall({
      onResponseId: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        order.push('written');
      },
      onEvent: (sequence) => void order.push(`event ${sequence}`),
    });

    await client.invoke(aRequest(), call);

    expect(order).toEqual(['event 0', 'written', 'event 1', 'event 2']);
  });
});

describe('what is no answer', () => {
  const events =
    (...list: object[]) =>
    (response: Parameters<typeof sendEvents>[0]) => {
      sendEvents(response, list);
      response.end();
    };
  const accepted = { acceptance: 'accepted', status: 200 };

  test.each([
    [
      'a stream that ends without its terminal event',
      [CREATED, DELTA],
      { kind: 'protocol', phase: 'output', code: 'no terminal event' },
    ],
    ['a stream that ends after it began', [CREATED], { kind: 'protocol', phase: 'started', code: 'no terminal event' }],
    ['an empty stream', [], { kind: 'protocol', phase: 'headers', code: 'no terminal event' }],
    ['an event without a type', [CREATED, { delta: 'x' }], { kind: 'protocol', phase: 'started', code: 'malformed event' }],
    ['a terminal event without a response', [{ type: 'response.completed' }], { kind: 'protocol', phase: 'terminal' }],
    ['a completed response that says nothing', [completed([])], { kind: 'protocol', phase: 'terminal', code: 'empty answer' }],
    [
      'a call that nobody can answer',
      [completed([{ type: 'shell_call', call_id: 'c1' }])],
      { kind: 'protocol', code: 'unknown call shell_call' },
    ],
    [
      'a flat error event',
      [CREATED, { type: 'error', code: 'server_error', message: 'secret' }],
      { kind: 'unavailable', phase: 'started', code: 'server_error' },
    ],
    [
      'a nested error event',
      [
        {
          type: 'error',
          error: { type: 'service_unavailable_error', code: 'server_is_overloaded' },
        },
      ],
      { kind: 'overloaded', phase: 'started', code: 'server_is_overloaded' },
    ],
    [
      'an error event about billing',
      [CREATED, { type: 'error', error: { type: 'insufficient_quota', code: 'credit_balance_exhausted' } }],
      { kind: 'quota-exhausted', scope: 'account' },
    ],
    [
      'a failed response',
      [
        CREATED,
        {
          type: 'response.failed',
          response: { id: 'resp_1', error: { code: 'rate_limit_exceeded', message: 'secret' } },
        },
      ],
      { kind: 'rate-limited', phase: 'terminal', responseId: 'resp_1' },
    ],
    [
      'an incomplete response for another reason',
      [
        {
          type: 'response.incomplete',
          response: { id: 'r', incomplete_details: { reason: 'steered' } },
        },
      ],
      { kind: 'protocol', code: 'incomplete: steered' },
    ],
  ])('%s is a failure', async (_name, list, expected) => {
    server.answer(events(...list));

    const failure = await failureOf(client.invoke(aRequest(), aCall()));

    expect(failure).toMatchObject({ ...accepted, ...expected });
    expect(JSON.stringify(failure)).not.toContain('secret');
    expect(server.requests).toHaveLength(1);
  });

  test('JSON that is none is a malformed event', async () => {
    server.answer((response) => {
      sendEvents(response, [CREATED]);
      response.end('data: {"type":\n\n');
    });

    expect(await failureOf(client.invoke(aRequest(), aCall()))).toMatchObject({
      ...accepted,
      kind: 'protocol',
      phase: 'started',
      code: 'malformed event',
      requestId: 'req_1',
      responseId: 'resp_1',
    });
  });

  test('a page of a proxy with status 200 is no event stream', async () => {
    server.answer((response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'));

    expect(await failureOf(client.invoke(aRequest(), aCall()))).toMatchObject({
      ...accepted,
      kind: 'protocol',
      code: 'not an event stream',
    });
  });

  test('a connection that is cut within the stream is told apart from a bad request', async () => {
    server.answer((response) => {
      sendEvents(response, [CREATED, DELTA]);
      setImmediate(() => response.socket?.resetAndDestroy());
    });

    expect(await failureOf(client.invoke(aRequest(), aCall()))).toMatchObject({
      ...accepted,
      kind: 'protocol',
      code: 'stream cut',
    });
  });

  test.each([
    ['before the headers', () => undefined, { phase: 'sent', acceptance: 'unknown' }],
    [
      'before the first event',
      (response: Parameters<typeof sendEvents>[0]) => (sendEvents(response, []), response.flushHeaders()),
      { phase: 'headers', acceptance: 'accepted' },
    ],
    [
      'after the first event',
      (response: Parameters<typeof sendEvents>[0]) => sendEvents(response, [CREATED]),
      { phase: 'started', acceptance: 'accepted' },
    ],
    [
      'after output',
      (response: Parameters<typeof sendEvents>[0]) => sendEvents(response, [CREATED, DELTA]),
      { phase: 'output', acceptance: 'accepted' },
    ],
  ])('silence %s is a timeout', async (_name, answer, expected) => {
    server.answer(answer);
    const impatient = at(`${server.url}/v1`, IMPATIENT);

    expect(await failureOf(impatient.invoke(aRequest(), aCall()))).toMatchObject({
      kind: 'timeout',
      ...expected,
    });
  });
});

describe('a request that does not get through', () => {
  test('is unavailable and surely not accepted when the connection is refused', async () => {
    const gone = await startWireServer();
    await gone.close();

    expect(await failureOf(at(gone.url).invoke(aRequest(), aCall()))).toEqual({
      kind: 'unavailable',
      phase: 'connect',
      acceptance: 'not-accepted',
      scope: 'cloud',
      code: 'ECONNREFUSED',
    });
  });

  test('is unavailable and surely not accepted when the name is unknown', async () => {
    expect(await failureOf(at('http://nowhere.invalid').invoke(aRequest(), aCall()))).toMatchObject({
      kind: 'unavailable',
      phase: 'resolve',
      acceptance: 'not-accepted',
    });
  });

  test('is unavailable and surely not accepted when TLS fails', async () => {
    const url = server.url.replace('http:', 'https:');

    expect(await failureOf(at(url).invoke(aRequest(), aCall()))).toMatchObject({
      kind: 'unavailable',
      phase: 'tls',
      acceptance: 'not-accepted',
    });
  });

  test('is of unknown acceptance when the connection is reset after it was sent', async () => {
    server.answer((response) => response.socket?.resetAndDestroy());

    expect(await failureOf(client.invoke(aRequest(), aCall()))).toMatchObject({
      kind: 'unavailable',
      phase: 'sent',
      acceptance: 'unknown',
    });
  });

  test('is not sent to where a redirect points', async () => {
    server.answer((response) => response.writeHead(307, { location: `${server.url}/elsewhere` }).end());

    expect(await failureOf(client.invoke(aRequest(), aCall()))).toMatchObject({
      kind: 'not-found',
      status: 307,
    });
    expect(server.requests).toHaveLength(1);
  });

  test('is never sent twice, whatever the status', async () => {
    for (const status of [408, 409, 429, 500, 503]) {
      server.answer((response) => sendJson(response, status, { error: { message: 'no' } }));
      await failureOf(client.invoke(aRequest(), aCall()));
      expect(server.requests).toHaveLength(1);
    }
  });
});

describe('an abort', () => {
  test('ends the call with its reason and closes the connection', async () => {
    const controller = new AbortController();
    const closed = new Promise<void>((resolve) => {
      server.answer((response) => {
        response.on('close', resolve);
        sendEvents(response, [CREATED]);
      });
    });
    const reason = new Error('the task was cancelled');
    const call = aCall({ signal: controller.signal, onEvent: () => controller.abort(reason) });

    await expect(client.invoke(aRequest(), call)).rejects.toBe(reason);
    await closed;
  });

  test('before the call sends nothing', async () => {
    server.answer((response) => sendEvents(response, [CREATED]));
    const reason = new Error('too late');

    await expect(client.invoke(aRequest(), aCall({ signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
    expect(server.requests).toHaveLength(0);
  });
});

test('an error of our own journal is passed on as it is', async () => {
  server.answer((response) => sendEvents(response, [CREATED]));
  const down = new TaskStoreError('the store is full');
  const call = aCall({ onResponseId: () => Promise.reject(down) });

  await expect(client.invoke(aRequest(), call)).rejects.toBe(down);
});
