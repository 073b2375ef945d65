/** The emulated clouds refuse what the real ones would, each in its own words. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Signing } from '../support/emulated-cloud.ts';
import { sign } from '../support/emulated-cloud.ts';
import type { Emulators } from './start-emulators.ts';
import { startEmulators } from './start-emulators.ts';

let emulators: Emulators;
beforeAll(async () => {
  emulators = await startEmulators({ script: [] });
});
afterAll(() => emulators.close());

const MODELS = {
  openai: 'gpt-6.1-sol',
  'azure-eastus2': 'my-sol',
  'aws-us-east-1': 'openai.gpt-6.1-sol',
  'aws-runtime-us-east-1': 'us.openai.gpt-6.1-sol',
  'google-global': 'gpt-6.1-sol',
} as const;
type Name = keyof typeof MODELS;
const NAMES = Object.keys(MODELS) as Name[]; // the keys of the table above

const secret = (name: string): string => emulators.environment[name] ?? '';
const urlOf = (name: Name): string => `${String(emulators.endpoints[name]?.['baseUrl'])}/responses`;
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

function signing(overrides: Partial<Signing> = {}): Signing {
  return {
    accessKeyId: secret('EMULATED_AWS_ACCESS_KEY_ID'),
    secretAccessKey: secret('EMULATED_AWS_SECRET_ACCESS_KEY'),
    region: 'us-east-1',
    service: 'bedrock-mantle',
    ...overrides,
  };
}

function rightHeaders(name: Name, url: string, text: string): Promise<Readonly<Record<string, string>>> {
  switch (name) {
    case 'openai':
      return Promise.resolve(bearer(secret('EMULATED_OPENAI_API_KEY')));
    case 'azure-eastus2':
      return Promise.resolve({ 'api-key': secret('EMULATED_AZURE_API_KEY') });
    case 'google-global':
      return Promise.resolve(bearer(secret('EMULATED_GOOGLE_TOKEN')));
    case 'aws-us-east-1':
      return sign(url, text, signing());
    case 'aws-runtime-us-east-1':
      return sign(url, text, signing({ service: 'bedrock' }));
  }
}

interface Answered {
  readonly status: number;
  readonly exception: string | null;
  readonly body: unknown;
}

async function send(url: string, body: string, headers: Readonly<Record<string, string>>): Promise<Answered> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
  const text = await response.text();
  return { status: response.status, exception: response.headers.get('x-amzn-errortype'), body: JSON.parse(text) as unknown };
}

/** With the right credentials. */
async function post(name: Name, body: object | string, url = urlOf(name)): Promise<Answered> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return send(url, text, await rightHeaders(name, url, text));
}

const aBody = (name: Name, fields: object = {}) => ({ model: MODELS[name], input: 'hello', ...fields });

const any = expect.any(String) as string;
const openAiShape = (code: unknown = expect.toBeOneOf([any, null])) => ({
  error: { message: any, type: any, param: expect.toBeOneOf([any, null]) as unknown, code },
});

/** How each cloud says that a request is not valid. */
const INVALID: Readonly<Record<Name, object>> = {
  openai: { status: 400, body: openAiShape(null) },
  'azure-eastus2': { status: 400, body: openAiShape(null) },
  'aws-us-east-1': { status: 400, body: openAiShape('validation_error') },
  'aws-runtime-us-east-1': { status: 400, body: openAiShape('validation_error') },
  'google-global': { status: 400, body: { error: { code: 400, message: any, status: 'INVALID_ARGUMENT' } } },
};

const UNAUTHENTICATED: Readonly<Record<Name, object>> = {
  openai: { status: 401, body: openAiShape('invalid_api_key') },
  'azure-eastus2': { status: 401, body: { error: { code: '401', message: any } } },
  'aws-us-east-1': { status: 403, exception: 'UnrecognizedClientException', body: { message: any } },
  'aws-runtime-us-east-1': { status: 403, exception: 'UnrecognizedClientException', body: { message: any } },
  'google-global': { status: 401, body: { error: { code: 401, message: any, status: 'UNAUTHENTICATED' } } },
};

const NOT_FOUND: Readonly<Record<Name, object>> = {
  openai: { status: 404, body: openAiShape() },
  'azure-eastus2': { status: 404, body: { error: { code: any, message: any } } },
  'aws-us-east-1': { status: 404, body: openAiShape() },
  'aws-runtime-us-east-1': { status: 404, body: openAiShape() },
  'google-global': { status: 404, body: { error: { code: 404, message: any, status: 'NOT_FOUND' } } },
};

const CALL = { type: 'function_call', call_id: 'call_1', name: 'read_file', arguments: '{}' };
const OUTPUT = { type: 'function_call_output', call_id: 'call_1', output: 'fine' };
const LONG_ID = `call_${'x'.repeat(60)}`;
const PAIRS = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`key${index}`, 'value']));

describe.each(NAMES)('%s', (name) => {
  test('takes a request with its own credentials', async () => {
    expect(await post(name, aBody(name))).toMatchObject({ status: 200, body: { status: 'completed' } });
  });

  test('takes a call with its output', async () => {
    expect(await post(name, aBody(name, { input: [CALL, OUTPUT] }))).toMatchObject({ status: 200 });
  });

  test.each([
    ['a call without its output', { input: [CALL] }],
    ['an output without its call', { input: [OUTPUT] }],
    [
      'a call id over 64 characters',
      {
        input: [
          { ...CALL, call_id: LONG_ID },
          { ...OUTPUT, call_id: LONG_ID },
        ],
      },
    ],
    ['more than 16 pairs of metadata', { metadata: PAIRS }],
    ['a key of metadata over 64 characters', { metadata: { ['k'.repeat(65)]: 'value' } }],
    ['a value of metadata over 512 characters', { metadata: { key: 'v'.repeat(513) } }],
    ['an input that is none', { input: 7 }],
    ['a lone surrogate', { input: [{ role: 'user', content: 'half \ud83d of it' }] }],
  ])('refuses %s', async (_what, fields) => {
    expect(await post(name, aBody(name, fields))).toMatchObject(INVALID[name]);
  });

  test.each(['', '{"model":', 'hello'])('refuses the body %j as invalid, and does not break', async (text) => {
    expect(await post(name, text)).toMatchObject(INVALID[name]);
  });

  test('refuses reasoning that another endpoint made', async () => {
    const reasoning = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'enc:elsewhere:1' };

    expect(await post(name, aBody(name, { input: [reasoning] }))).toMatchObject({
      status: 400,
      body: openAiShape('invalid_encrypted_content'),
    });
  });

  test('refuses a model that it does not have', async () => {
    const { status, body } = await post(name, aBody(name, { model: 'gpt-nowhere' }));

    expect({ status, body }).toMatchObject(NOT_FOUND[name]);
  });

  test('has nothing at other paths', async () => {
    const url = urlOf(name).replace('/responses', '/chat/completions');

    expect(await post(name, aBody(name), url)).toMatchObject(NOT_FOUND[name]);
  });

  test.each([
    ['no credentials', {}],
    ['a wrong bearer token', bearer('wrong')],
    ['a wrong api-key', { 'api-key': 'wrong' }],
    ['its key in another cloud’s header', { 'x-goog-api-key': 'key' }],
  ])('lets nobody in with %s', async (_what, headers) => {
    const { status, body } = await send(urlOf(name), JSON.stringify(aBody(name)), headers);

    // AWS has a name of its own for nothing at all, with the same status and shape.
    const { exception: _, ...expected } = { exception: null, ...UNAUTHENTICATED[name] };
    expect({ status, body }).toMatchObject(expected);
  });

  test('lets nobody in with the credentials of another cloud', async () => {
    const others = ['EMULATED_OPENAI_API_KEY', 'EMULATED_AZURE_TOKEN', 'EMULATED_AWS_BEDROCK_API_KEY', 'EMULATED_GOOGLE_TOKEN'];
    const own = { openai: 0, 'azure-eastus2': 1, 'aws-us-east-1': 2, 'aws-runtime-us-east-1': 2, 'google-global': 3 }[name];
    const text = JSON.stringify(aBody(name));
    for (const other of others.toSpliced(own, 1))
      expect(await send(urlOf(name), text, bearer(secret(other)))).toMatchObject(UNAUTHENTICATED[name]);
  });
});

describe('what only some clouds have', () => {
  const custom = { tools: [{ type: 'custom', name: 'apply_patch' }] };
  const customCalls = [
    { type: 'custom_tool_call', call_id: 'call_1', name: 'apply_patch', input: 'x' },
    { type: 'custom_tool_call_output', call_id: 'call_1', output: 'done' },
  ];

  const ownPatch = { tools: [{ type: 'apply_patch' }] };
  const operation = { type: 'update_file', path: 'a', diff: '-x\n+y' };
  const patchCall = { type: 'apply_patch_call', call_id: 'call_1', status: 'completed', operation };
  const patchOutput = { type: 'apply_patch_call_output', call_id: 'call_1', status: 'failed', output: 'no such file' };

  test.each(NAMES.filter((name) => name !== 'openai'))(
    'the patch tool of the API and its calls are refused by %s',
    async (name) => {
      expect(await post(name, aBody(name, ownPatch))).toMatchObject(INVALID[name]);
      expect(await post(name, aBody(name, { input: [patchCall, patchOutput] }))).toMatchObject(INVALID[name]);
    },
  );

  test.each<[string, object, object]>([
    ['a whole patch for a diff', { operation: { ...operation, diff: '*** Begin Patch\n*** Delete File: a\n*** End Patch' } }, {}],
    ['a diff for a deletion', { operation: { type: 'delete_file', path: 'a', diff: '-x' } }, {}],
    ['a move', { operation: { type: 'move_file', path: 'a' } }, {}],
    ['a call without a state', { status: undefined }, {}],
    ['a result without a state', {}, { status: undefined }],
    ['a result of another form', {}, { type: 'function_call_output' }],
  ])('openai takes patches by file, but not %s', async (_name, call, output) => {
    const right = { ...ownPatch, input: [patchCall, patchOutput] };
    expect(await post('openai', aBody('openai', right))).toMatchObject({ status: 200 });

    const wrong = {
      ...ownPatch,
      input: [
        { ...patchCall, ...call },
        { ...patchOutput, ...output },
      ],
    };
    expect(await post('openai', aBody('openai', wrong))).toMatchObject(INVALID.openai);
  });

  const shown = (url: string): object => ({
    input: [
      CALL,
      {
        ...OUTPUT,
        output: [
          { type: 'input_text', text: 'a.png' },
          { type: 'input_image', image_url: url },
        ],
      },
    ],
  });
  const PICTURE = 'data:image/png;base64,iVBORw0KGgo=';

  test.each(NAMES)('%s takes pictures where it is known to, and no file or damaged data', async (name) => {
    const takes = !name.startsWith('aws');

    expect(await post(name, aBody(name, shown(PICTURE)))).toMatchObject(takes ? { status: 200 } : INVALID[name]);
    expect(await post(name, aBody(name, shown('file:///a.png')))).toMatchObject(INVALID[name]);
    expect(await post(name, aBody(name, shown(PICTURE.replace('=', '*'))))).toMatchObject(INVALID[name]);
  });

  const answer = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false };
  const asked = (overrides: object): object => ({
    text: { format: { type: 'json_schema', name: 'answer', schema: answer, strict: true, ...overrides } },
  });

  test.each(NAMES.filter((name) => name !== 'google-global'))('%s holds an answer to a schema that it can keep', async (name) => {
    expect(await post(name, aBody(name, asked({})))).toMatchObject({ status: 200 });
    for (const wrong of [
      { schema: { ...answer, additionalProperties: true } },
      { schema: { ...answer, required: [] } },
      { schema: { ...answer, properties: { a: { allOf: [] } } } },
      { strict: false, schema: { type: 'array' } },
      { name: 'an answer' },
    ])
      expect(await post(name, aBody(name, asked(wrong)))).toMatchObject(INVALID[name]);
  });

  test('a schema is refused at google', async () => {
    expect(await post('google-global', aBody('google-global', asked({})))).toMatchObject(INVALID['google-global']);
  });

  test('custom tools and their calls are refused at google', async () => {
    expect(await post('google-global', aBody('google-global', custom))).toMatchObject(INVALID['google-global']);
    expect(await post('google-global', aBody('google-global', { input: customCalls }))).toMatchObject(INVALID['google-global']);
    expect(await post('openai', aBody('openai', { ...custom, input: customCalls }))).toMatchObject({ status: 200 });
  });

  test('background is refused by the runtime of AWS and by google', async () => {
    const runtime = await post('aws-runtime-us-east-1', aBody('aws-runtime-us-east-1', { background: true, store: true }));
    const google = await post('google-global', aBody('google-global', { background: true, store: true }));

    expect(runtime).toMatchObject({ status: 400, exception: 'ValidationException', body: { message: any } });
    expect(google).toMatchObject(INVALID['google-global']);
  });

  test.each(['azure-eastus2', 'aws-us-east-1'] as const)('background at %s has to be stored', async (name) => {
    expect(await post(name, aBody(name, { background: true, store: false }))).toMatchObject(INVALID[name]);
    expect(await post(name, aBody(name, { background: true, store: true }))).toMatchObject({
      status: 200,
      body: { status: 'queued' },
    });
  });

  test('the runtime of AWS wants an inference profile', async () => {
    expect(await post('aws-runtime-us-east-1', { model: 'openai.gpt-6.1-sol', input: 'hello' })).toMatchObject({
      status: 400,
      exception: 'ValidationException',
    });
  });

  test('azure says that a deployment is unknown', async () => {
    expect(await post('azure-eastus2', { model: 'gpt-6.1-sol', input: 'hello' })).toMatchObject({
      status: 404,
      body: { error: { code: 'DeploymentNotFound' } },
    });
  });

  test('mantle serves this model on one of its two routes', async () => {
    const url = urlOf('aws-us-east-1').replace('/openai/v1/', '/v1/');

    expect(await post('aws-us-east-1', aBody('aws-us-east-1'), url)).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining("isn't supported on this route") as string },
    });
  });
});

describe('credentials', () => {
  const text = (name: Name): string => JSON.stringify(aBody(name));

  test.each([
    ['azure-eastus2', 'EMULATED_AZURE_TOKEN'],
    ['azure-eastus2', 'EMULATED_AZURE_RENEWED_TOKEN'],
    ['azure-eastus2', 'EMULATED_AZURE_API_KEY'],
    ['aws-us-east-1', 'EMULATED_AWS_BEDROCK_API_KEY'],
    ['aws-runtime-us-east-1', 'EMULATED_AWS_BEDROCK_API_KEY'],
    ['google-global', 'EMULATED_GOOGLE_RENEWED_TOKEN'],
  ] as const)('%s takes %s as a bearer', async (name, variable) => {
    expect(await send(urlOf(name), text(name), bearer(secret(variable)))).toMatchObject({ status: 200 });
  });

  test.each(['openai', 'google-global', 'aws-us-east-1'] as const)('%s takes no api-key header', async (name) => {
    const headers = { ...(await rightHeaders(name, urlOf(name), text(name))), 'api-key': secret('EMULATED_AZURE_API_KEY') };

    expect(await send(urlOf(name), text(name), headers)).toMatchObject(UNAUTHENTICATED[name]);
  });

  test.each([
    ['a wrong secret', { secretAccessKey: 'wrong' }, 403, 'InvalidSignatureException'],
    ['another region', { region: 'eu-west-1' }, 403, 'InvalidSignatureException'],
    ['another service', { service: 'bedrock' }, 403, 'InvalidSignatureException'],
    ['an unknown key', { accessKeyId: 'AKIDNOBODY' }, 403, 'UnrecognizedClientException'],
    ['an unknown session', { sessionToken: 'of nobody' }, 403, 'UnrecognizedClientException'],
    ['an old date', { date: new Date(Date.now() - 20 * 60_000) }, 400, 'RequestExpired'],
    ['a date to come', { date: new Date(Date.now() + 20 * 60_000) }, 400, 'RequestExpired'],
  ])('a signature of AWS with %s is refused', async (...[, overrides, status, exception]) => {
    const url = urlOf('aws-us-east-1');
    const headers = await sign(url, text('aws-us-east-1'), signing(overrides));

    expect(await send(url, text('aws-us-east-1'), headers)).toEqual({ status, exception, body: { message: any } });
  });

  test('a signature of AWS does not cover another body', async () => {
    const url = urlOf('aws-us-east-1');
    const headers = await sign(url, text('aws-us-east-1'), signing());
    const changed = JSON.stringify(aBody('aws-us-east-1', { input: 'something else' }));

    expect(await send(url, changed, headers)).toMatchObject({ status: 403, exception: 'InvalidSignatureException' });
  });

  test('a signature of AWS with a session counts', async () => {
    const url = urlOf('aws-us-east-1');
    const sessionToken = secret('EMULATED_AWS_SESSION_TOKEN');

    expect(
      await send(url, text('aws-us-east-1'), await sign(url, text('aws-us-east-1'), signing({ sessionToken }))),
    ).toMatchObject({
      status: 200,
    });
  });
});
