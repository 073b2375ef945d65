/** Who is answered by the HTTP door, and what is said to whom that is not. Nothing of Temporal: what a task would answer is given. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DoorClient } from '../../client/http/create-door.ts';
import type { OpenDoor } from '../../client/http/open-door.ts';
import { DoorError } from '../../client/http/door-error.ts';
import { openDoor } from '../../client/http/open-door.ts';
import { TaskClientError } from '../../client/task-client-error.ts';
import { ask, sendRaw } from '../http/ask.ts';

const TOKEN = 'correct-horse-battery';
const ANSWER = { decision: 'approve', by: 'ada' };
const CALL = '/anyport/v1/tasks/t/approvals/call_1';

interface Scene extends OpenDoor {
  readonly said: readonly string[];
  /** What reached the client, by name. */
  readonly calls: readonly string[];
}

async function aDoor(overrides: Partial<DoorClient> = {}, token?: string): Promise<Scene> {
  const said: string[] = [];
  const calls: string[] = [];
  const client: DoorClient = {
    status: async () => ({ state: 'waiting' }) as never,
    approve: async () => ({ callId: 'call_1' }),
    deny: async () => ({ callId: 'call_1' }),
    setApprovals: async () => undefined,
    assertReachable: async () => undefined,
    ...overrides,
  };
  const watched = new Proxy(client, {
    get: (target, name, receiver) => {
      calls.push(String(name));
      return Reflect.get(target, name, receiver);
    },
  });
  const guarded = { host: '127.0.0.1', ...(token === undefined ? {} : { token }) };
  const door = await openDoor({ client: watched, port: 0, say: (line) => said.push(line), ...guarded });
  onTestFinished(() => door.close());
  return { ...door, said, calls };
}

function fails(problem: ConstructorParameters<typeof TaskClientError>[0]): Partial<DoorClient> {
  return { approve: () => Promise.reject(new TaskClientError(problem, `it is ${problem}`)) };
}

describe('a door on the loopback interface', () => {
  test.each(['127.0.0.1', '127.0.0.1:7280', 'localhost:80', 'LOCALHOST', '[::1]:7280', '127.9.9.9'])(
    'answers who calls it %s',
    async (host) => {
      const { address } = await aDoor();

      expect(await ask(`GET ${address}/anyport/v1/tasks/t`, { headers: { host } })).toMatchObject({ status: 200 });
    },
  );

  test.each(['evil.example', 'evil.example:7280', '127.0.0.1.evil.example', 'localhost.evil.example', '10.0.0.1', '[::2]', '[x'])(
    'answers no page that has a name of its own lead here: "%s"',
    async (host) => {
      const { address, calls } = await aDoor();

      const reply = await ask(`POST ${address}${CALL}`, { body: ANSWER, headers: { host } });

      expect(reply).toMatchObject({ status: 421, body: { error: { code: 'wrong-host' } } });
      expect(calls).toEqual([]);
    },
  );

  test('wants a host, as browsers always name one', async () => {
    const { address } = await aDoor();

    expect(await sendRaw(address, 'GET /anyport/v1/healthz HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 421 .*"wrong-host"/s);
  });

  test('gives no page of another origin leave to read or to send', async () => {
    const { address } = await aDoor();
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };

    const preflight = await ask(`OPTIONS ${address}${CALL}`, { headers });
    const read = await ask(`GET ${address}/anyport/v1/tasks/t`, { headers });

    expect(preflight.status).toBe(404);
    for (const reply of [preflight, read])
      expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('a door with a token', () => {
  test.each([undefined, '', 'Bearer', 'Bearer wrong', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, TOKEN])(
    'answers nobody who sends %j',
    async (authorization) => {
      const { address, calls } = await aDoor({}, TOKEN);
      const headers = authorization === undefined ? {} : { authorization };

      for (const line of [`GET ${address}/anyport/v1/tasks/t`, `POST ${address}${CALL}`, `GET ${address}/anything`]) {
        const reply = await ask(line, { headers });
        expect(reply).toMatchObject({
          status: 401,
          headers: { 'www-authenticate': 'Bearer' },
          body: { error: { code: 'unauthorized' } },
        });
      }
      expect(calls).toEqual([]);
    },
  );

  test('answers who has it, and probes without', async () => {
    const { address } = await aDoor({}, TOKEN);

    const withToken = await ask(`POST ${address}${CALL}`, { body: ANSWER, headers: { authorization: `bearer ${TOKEN}` } });
    const probe = await ask(`GET ${address}/anyport/v1/healthz`);

    expect([withToken, probe]).toMatchObject([{ status: 200 }, { status: 200, body: { status: 'ok' } }]);
  });
});

describe('a body', () => {
  test.each([
    [{}, 'decision is missing: send "approve" or "deny"; by is missing: send who decides'],
    [{ ...ANSWER, decision: 'yes' }, 'decision is "yes": send "approve" or "deny"'],
    [{ ...ANSWER, by: ' ' }, 'by is " ": send who decides, such as "ada"'],
    [{ ...ANSWER, by: 'a'.repeat(81) }, 'of 80 characters at most'],
    [{ ...ANSWER, turn: 0 }, 'turn is 0: send the turn of the call'],
    [{ ...ANSWER, remember: 'yes' }, 'remember is "yes": send true or false'],
    [{ ...ANSWER, reason: 'x' }, 'reason is for "deny" alone'],
    [{ ...ANSWER, decision: 'deny', remember: true }, 'remember is for "approve" alone'],
    [{ ...ANSWER, decision: 'deny', reason: 7 }, 'reason is 7: send a text'],
    [{ ...ANSWER, sure: true }, 'unknown field "sure": there are decision, by, turn, reason, remember'],
    [{ ...ANSWER, '\u001b[31m': 1 }, 'unknown field "'],
    [[], 'the body is []: send a JSON object with decision, by, turn, reason, remember'],
    ['null', 'the body is null: send a JSON object'],
    ['', 'the body is empty: send a JSON object'],
    ['{"decision": "approve", "by"', 'the body is not JSON'],
    ['{"__proto__": {}}', 'the body is not JSON'],
  ])('that is no answer is refused, with the field and the value: %j', async (body, words) => {
    const { address, calls } = await aDoor();

    const reply = await ask(`POST ${address}${CALL}`, { body });

    expect(reply).toMatchObject({
      status: 400,
      body: { error: { code: 'wrong-body', message: expect.stringContaining(words) } },
    });
    expect(JSON.stringify(reply.body)).not.toContain('\\u001b');
    expect(calls).toEqual([]);
  });

  test.each([
    [{ mode: 'sometimes', by: 'ada' }, 'mode is "sometimes": send one of never, on-request, untrusted, always'],
    [{ mode: 'never' }, 'by is missing'],
  ])('that is no mode is refused: %j', async (body, words) => {
    const { address } = await aDoor();

    const reply = await ask(`PUT ${address}/anyport/v1/tasks/t/approvals`, { body });

    expect(reply).toMatchObject({ status: 400, body: { error: { message: expect.stringContaining(words) } } });
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain; application/json',
  ])('of the types that a form of a web page can send is not read: %s', async (type) => {
    const { address, calls } = await aDoor();

    const reply = await ask(`POST ${address}${CALL}`, { body: JSON.stringify(ANSWER), headers: { 'content-type': type } });

    expect(reply).toMatchObject({ status: 415, body: { error: { code: 'wrong-media-type' } } });
    expect(calls).toEqual([]);
  });

  test('without a type is not read', async () => {
    const { address, calls } = await aDoor();
    const body = JSON.stringify(ANSWER);
    const head = `POST ${CALL} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`;

    expect(await sendRaw(address, head + body)).toMatch(/^HTTP\/1.1 415 /);
    expect(calls).toEqual([]);
  });

  test('that is too large is not read', async () => {
    const { address } = await aDoor();

    const reply = await ask(`POST ${address}${CALL}`, { body: { ...ANSWER, reason: 'x'.repeat(70_000) } });

    expect(reply).toMatchObject({ status: 413, body: { error: { code: 'body-too-large' } } });
  });
});

describe('an error', () => {
  test.each([
    ['not-found', 404],
    ['not-waiting', 404],
    ['answered', 409],
    ['already-ended', 409],
    ['refused', 409],
    ['no-worker', 503],
    ['no-server', 503],
  ] as const)('%s is told with its code and words as %i', async (problem, status) => {
    const { address } = await aDoor(fails(problem));

    const reply = await ask(`POST ${address}${CALL}`, { body: ANSWER });

    expect(reply).toMatchObject({ status, body: { error: { code: problem, message: `it is ${problem}` } } });
    expect(reply.headers['retry-after']).toBe(status === 503 ? '5' : undefined);
  });

  test('of our own is told as such, and the log has its place and not a word of the task', async () => {
    const { address, said } = await aDoor({ approve: () => Promise.reject(new TypeError('SECRET of a tenant')) });

    const reply = await ask(`POST ${address}${CALL}`, { body: ANSWER });

    expect(reply).toMatchObject({
      status: 500,
      body: { error: { code: 'internal', message: expect.not.stringContaining('SECRET') } },
    });
    expect(said.join('\n')).toMatch(/^POST \/anyport\/v1\/tasks\/:taskId\/approvals\/:callId broke: TypeError\n {4}at /);
    expect(said.join('\n')).not.toMatch(/SECRET|call_1/);
  });

  test.each([
    'GET /',
    'GET /anyport/v1/tasks',
    'DELETE /anyport/v1/tasks/t',
    'GET /anyport/v1/tasks/%',
    `GET /anyport/v1/tasks/${'x'.repeat(2_000)}`,
  ])('answers what is no route: %s', async (line) => {
    const { address } = await aDoor();

    const reply = await ask(line.replace(' /', ` ${address}/`));

    expect(reply).toMatchObject({ body: { error: { code: expect.any(String), message: expect.any(String) } } });
    expect([400, 404, 414]).toContain(reply.status);
  });

  test('answers what is no HTTP', async () => {
    const { address } = await aDoor();

    expect(await sendRaw(address, 'HELLO\r\n\r\n')).toMatch(/^HTTP\/1.1 400 Bad Request.*\{"error":\{"code":"no-http"/s);
  });
});

test('a door that closes answers what it was asked before', async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<{ callId: string }>();
  const door = await aDoor({
    approve: () => {
      asked.resolve();
      return answer.promise;
    },
  });
  const reply = ask(`POST ${door.address}${CALL}`, { body: ANSWER });
  await asked.promise;

  const closed = door.close();
  answer.resolve({ callId: 'call_1' });

  expect(await reply).toMatchObject({ status: 200, body: { decision: 'approved', callId: 'call_1' } });
  await closed;
  await expect(ask(`GET ${door.address}/anyport/v1/healthz`)).rejects.toThrow('ECONNREFUSED');
});

test.each([
  { host: '127.0.0.1', isTaken: true, words: 'is taken by another program', isWrongUse: false },
  { host: '192.0.2.1', isTaken: false, words: '192.0.2.1 is no address of this machine', isWrongUse: true },
  { host: 'no such host', isTaken: false, words: 'nobody knows a host "no such host"', isWrongUse: true },
])('a door that cannot listen says why: $words', async ({ host, isTaken, words, isWrongUse }) => {
  const { address } = await aDoor();
  const port = isTaken ? Number(new URL(address).port) : 0;
  const client = {} as DoorClient;

  const opened = openDoor({ client, port, host, say: () => undefined });

  await expect(opened).rejects.toThrow(DoorError);
  await expect(opened).rejects.toMatchObject({ message: expect.stringContaining(words), isWrongUse });
});
