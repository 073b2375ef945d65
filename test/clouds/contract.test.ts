/** One suite for every surface, over the emulated clouds: what an adapter promises, whichever cloud it speaks to. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { CloudClient, ModelRequest } from '../../activities/clouds/cloud-client.ts';
import { createCloudClient } from '../../activities/clouds/create-cloud-client.ts';
import { parsePatch } from '../../activities/tools/parse-patch.ts';
import type { TranscriptItem } from '../../workflows/domain/transcript.ts';
import { startEmulators } from '../emulators/start-emulators.ts';
import { clearFaults, readLedger, setFaults } from '../support/emulated-cloud.ts';
import { knownCapabilities } from '../support/known-capabilities.ts';
import { APPLY_PATCH, READ_FILE, aCall, aRequest, failureOf } from './builders.ts';
import type { EmulatedSurface } from './emulated-surfaces.ts';
import { CALLERS, toSurface } from './emulated-surfaces.ts';

/** Long enough for a busy machine; what is silent on purpose is waited for no longer than it takes to tell. */
const PATIENT = { firstEventMs: 15_000, idleMs: 15_000, cancelMs: 15_000, pollMs: 20 };
const IMPATIENT = { ...PATIENT, firstEventMs: 700, idleMs: 700 };
const SILENT: ReadonlySet<string> = new Set(['silence', 'slow-first-event', 'stream-stall']);
const PATCH = '*** Begin Patch\n*** Delete File: a.txt\n*** End Patch\n';
const TWO_FILES = '*** Begin Patch\n*** Add File: a.txt\n+a\n*** Update File: b.txt\n@@ f\n-b\n+c\n*** End Patch';
const SCRIPT = [
  {
    when: { inputContains: 'use the tools' },
    turns: [
      {
        text: 'I look.',
        toolCalls: [
          { name: 'read_file', input: { path: 'a.txt' } },
          { name: 'apply_patch', input: PATCH },
        ],
      },
      { text: 'It is done.' },
    ],
  },
  {
    when: { inputContains: 'patch two files' },
    turns: [{ toolCalls: [{ name: 'apply_patch', input: TWO_FILES }] }, { text: 'Both are patched.' }],
  },
  { when: { inputContains: 'say hello' }, turns: [{ text: 'hello there, whoever reads this line of text' }] },
];
const WITH_BACKGROUND: ReadonlySet<string> = new Set(['openai', 'azure-eastus2', 'aws-us-east-1']);

let emulators: Awaited<ReturnType<typeof startEmulators>>;
beforeAll(async () => {
  emulators = await startEmulators({ script: SCRIPT });
});
afterAll(() => emulators.close());

describe.each(CALLERS)('$name by $by', ({ name, auth }) => {
  let surface: EmulatedSurface;
  let client: CloudClient;

  beforeAll(() => {
    const endpoint = emulators.endpoints[name];
    surface = toSurface(auth === undefined ? endpoint : { ...endpoint, auth }, emulators.environment);
    client = createCloudClient(surface.connection, PATIENT);
  });
  afterEach(() => clearFaults(emulators, name));

  const capable = (): readonly string[] => knownCapabilities(name);
  const request = (overrides: Partial<ModelRequest> = {}): ModelRequest =>
    aRequest({
      wireModel: surface.wireModel,
      customTools: capable().includes('custom-tools'),
      encryptedReasoning: capable().includes('encrypted-reasoning'),
      ...overrides,
    });
  const fault = (cause: object): Promise<void> => setFaults(emulators, name, [cause]);
  const ledger = () => readLedger(emulators, name);

  test('answers with text and usage', async () => {
    const call = aCall();

    const answer = await client.invoke(request(), call);

    expect(answer.items.at(-1)).toMatchObject({
      kind: 'assistant-message',
      text: 'hello there, whoever reads this line of text',
    });
    expect(answer.usage.inputTokens).toBeGreaterThan(0);
    expect(answer.usage.outputTokens).toBeGreaterThan(0);
    expect(call.responseIds).toEqual([answer.responseId]);
  });

  test('takes its own answer back, reasoning and all, with the results of its calls', async () => {
    const tools = [READ_FILE, APPLY_PATCH];
    const asked: readonly TranscriptItem[] = [{ kind: 'user-message', text: 'use the tools' }];
    const first = await client.invoke(request({ items: asked, tools }), aCall());
    const calls = first.items.flatMap((item) => (item.kind === 'tool-call' ? [item] : []));
    expect(calls.map(({ name: tool, input }) => [tool, input.kind])).toEqual([
      ['read_file', 'json'],
      ['apply_patch', 'text'],
    ]);
    expect(calls[1]?.input.text).toBe(PATCH);

    const results = calls.map(({ callId }): TranscriptItem => ({
      kind: 'tool-result',
      callId,
      outcome: 'ok',
      output: 'fine',
    }));
    const second = await client.invoke(request({ items: [...asked, ...first.items, ...results], tools }), aCall());

    expect(second.items.at(-1)).toMatchObject({ kind: 'assistant-message', text: 'It is done.' });
  });

  test('takes what a tool shows, as far as it takes pictures', async () => {
    const items: readonly TranscriptItem[] = [
      { kind: 'user-message', text: 'say hello' },
      { kind: 'tool-call', callId: 'c1', name: 'view_image', input: { kind: 'json', text: '{"path":"a.png"}' } },
      {
        kind: 'tool-result',
        callId: 'c1',
        outcome: 'ok',
        output: 'a.png',
        images: [{ mediaType: 'image/png', base64: 'iVBORw0KGgo=' }],
      },
    ];

    const { items: answer } = await client.invoke(request({ items, vision: capable().includes('vision') }), aCall());

    expect(answer.at(-1)).toMatchObject({ kind: 'assistant-message' });
  });

  test('is asked for an answer of a form, as far as it is known to keep one', async () => {
    const outputSchema = { type: 'object', properties: { a: { type: 'string' } } };
    const keeps = capable().includes('structured-output');

    const { items } = await client.invoke(request(keeps ? { outputSchema } : {}), aCall());

    expect(items.at(-1)).toMatchObject({ kind: 'assistant-message' });
  });

  test.each([
    [
      { kind: 'status', status: 503 },
      { kind: 'overloaded', phase: 'headers', acceptance: 'not-accepted' },
    ],
    [
      { kind: 'status', status: 500 },
      { kind: 'unavailable', phase: 'headers', acceptance: 'unknown' },
    ],
    [
      { kind: 'status', status: 429, headers: { 'retry-after': '2' } },
      { kind: 'rate-limited', phase: 'headers', acceptance: 'not-accepted', retryAfterMs: 2000 },
    ],
    [
      { kind: 'status', status: 401 },
      { kind: 'authentication', phase: 'headers', acceptance: 'not-accepted' },
    ],
    [{ kind: 'reset-before-accept' }, { kind: 'unavailable', phase: 'sent', acceptance: 'unknown' }],
    [{ kind: 'reset-after-accept' }, { kind: 'unavailable', phase: 'sent', acceptance: 'unknown' }],
    [{ kind: 'outage' }, { kind: 'unavailable', phase: 'sent', acceptance: 'unknown' }],
    [{ kind: 'silence' }, { kind: 'timeout', phase: 'sent', acceptance: 'unknown' }],
    [{ kind: 'slow-first-event', delayMs: 5_000 }, { kind: 'timeout' }],
    [
      { kind: 'stream-cut', afterEvents: 1 },
      { kind: 'protocol', phase: 'started', acceptance: 'accepted' },
    ],
    [
      { kind: 'stream-stall', afterEvents: 1 },
      { kind: 'timeout', phase: 'started', acceptance: 'accepted' },
    ],
    [
      { kind: 'malformed-event', afterEvents: 1 },
      { kind: 'protocol', phase: 'started', acceptance: 'accepted' },
    ],
    [
      { kind: 'error-event', code: 'server_is_overloaded', afterEvents: 1 },
      { kind: 'overloaded', phase: 'started', acceptance: 'accepted' },
    ],
    [{ kind: 'missing-terminal' }, { kind: 'protocol', phase: 'output', acceptance: 'accepted' }],
  ])('tells %j as %j, having sent it once', async (cause, expected) => {
    const before = (await ledger()).length;
    await fault(cause);

    const caller = SILENT.has(cause.kind) ? createCloudClient(surface.connection, IMPATIENT) : client;
    expect(await failureOf(caller.invoke(request(), aCall()))).toMatchObject(expected);
    expect((await ledger()).length - before).toBeLessThanOrEqual(1);
  });

  test('closes the connection on an abort, so that the cloud stops', async () => {
    await fault({ kind: 'slow-stream', eventDelayMs: 100 });
    const controller = new AbortController();
    const reason = new Error('the task was cancelled');
    const call = aCall({ signal: controller.signal, onEvent: () => controller.abort(reason) });

    await expect(client.invoke(request(), call)).rejects.toBe(reason);
    await expect.poll(async () => (await ledger()).at(-1)?.aborted).toBe(true);
  });

  test('refuses an unknown model as not found or invalid, and a foreign key as authentication', async () => {
    const unknown = await failureOf(client.invoke(request({ wireModel: 'no-such-model' }), aCall()));
    expect(['not-found', 'unsupported', 'invalid-request']).toContain(unknown.kind);
    expect(unknown.acceptance).toBe('not-accepted');

    const stranger = createCloudClient(withWrongSecret(surface), PATIENT);
    expect(await failureOf(stranger.invoke(request(), aCall()))).toMatchObject({ kind: 'authentication' });
  });

  test.skipIf(WITH_BACKGROUND.has(name))('has no background, and says so before anything is sent', async () => {
    expect(await failureOf(client.invoke(request({ background: true }), aCall()))).toMatchObject({
      kind: 'unsupported',
      acceptance: 'not-accepted',
    });
  });

  test.runIf(WITH_BACKGROUND.has(name))('picks up a background response and may cancel it twice', async () => {
    await fault({ kind: 'stream-cut', afterEvents: 1, count: 1 });
    const call = aCall();
    expect(await failureOf(client.invoke(request({ background: true }), call))).toMatchObject({
      acceptance: 'accepted',
    });
    const [responseId = ''] = call.responseIds;

    const answer = await client.reattach(responseId, request({ background: true }), aCall());

    expect(answer.responseId).toBe(responseId);
    expect(answer.items.at(-1)).toMatchObject({ kind: 'assistant-message' });
    await client.cancel(responseId);
    await client.cancel(responseId);
    expect(await failureOf(client.reattach('resp_gone', request(), aCall()))).toMatchObject({ kind: 'not-found' });
  });
});

function withWrongSecret({ connection }: EmulatedSurface): EmulatedSurface['connection'] {
  switch (connection.cloud) {
    case 'openai':
      return { ...connection, apiKey: 'wrong' };
    case 'azure':
      return { ...connection, credential: { kind: 'api-key', apiKey: 'wrong' } };
    case 'aws':
      return {
        ...connection,
        credential: { kind: 'access-key', accessKeyId: 'AKIDWRONG', secretAccessKey: 'wrong' },
      };
    case 'google':
      return { ...connection, credential: { kind: 'access-token', token: 'wrong' } };
  }
}

describe.each(CALLERS.filter(({ name }) => knownCapabilities(name).includes('apply-patch')))('$name by $by', ({ name }) => {
  test('gives and is given patches by file, with the patch tool of the API itself', async () => {
    const { connection, wireModel } = toSurface(emulators.endpoints[name], emulators.environment);
    const client = createCloudClient(connection, PATIENT);
    const shared = { wireModel, tools: [APPLY_PATCH], customTools: false, builtInPatch: true };
    const asked: readonly TranscriptItem[] = [{ kind: 'user-message', text: 'patch two files' }];

    const first = await client.invoke(aRequest({ ...shared, items: asked }), aCall());

    const calls = first.items.flatMap((item) => (item.kind === 'tool-call' ? [item] : []));
    expect(calls.map(({ name: tool, input }) => [tool, input.kind, parsePatch(input.text)])).toEqual([
      ['apply_patch', 'text', parsePatch(TWO_FILES).slice(0, 1)],
      ['apply_patch', 'text', parsePatch(TWO_FILES).slice(1)],
    ]);

    const results = calls.map(({ callId }): TranscriptItem => ({ kind: 'tool-result', callId, outcome: 'ok', output: 'Done' }));
    const second = await client.invoke(aRequest({ ...shared, items: [...asked, ...first.items, ...results] }), aCall());
    expect(second.items.at(-1)).toMatchObject({ text: 'Both are patched.' });
  });
});
