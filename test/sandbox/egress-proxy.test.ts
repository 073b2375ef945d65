import fc from 'fast-check';
import { once } from 'node:events';
import { request as askHttp } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test, vi } from 'vitest';
import type { EgressRule } from '../../activities/sandbox/egress-rules.ts';
import { aClientHello } from './client-hello.ts';
import { aCertificate, anEchoServer, aProxy, aRawServer, aSilentServer, aWebServer } from './local-servers.ts';

function own(host: string, ...ports: readonly number[]): EgressRule {
  return { host, ports, privateAddresses: true };
}

/** A tunnel that was let through, or the answer that it was not. */
async function openTunnel(socketPath: string, authority: string): Promise<{ socket: Socket; status: number; said: string }> {
  const request = askHttp({ socketPath, method: 'CONNECT', path: authority });
  request.end();
  const [answer, socket, head] = (await once(request, 'connect')) as [IncomingMessage, Socket, Buffer];
  const status = answer.statusCode ?? 0;
  if (status === 200) return { socket, status, said: '' };
  socket.unshift(head);
  return { socket, status, said: await text(socket) };
}

async function get(socketPath: string, url: string, headers: Record<string, string> = {}) {
  const request = askHttp({ socketPath, path: url, headers: { host: new URL(url).host, ...headers } });
  request.end();
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  return { status: answer.statusCode, headers: answer.headers, said: await text(answer) };
}

describe('a tunnel', () => {
  test('leads to an allowed host, by TLS that the proxy does not end', async () => {
    const server = await aWebServer('a', { isTls: true });
    const { socket: path, proxy } = await aProxy([own('a.example', server.port)]);

    const { socket } = await openTunnel(path, `a.example:${server.port}`);
    const secure = connectTls({ socket, servername: 'a.example', ca: aCertificate().cert });
    secure.end('GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n');

    expect(await text(secure)).toContain('hello from a');
    expect(secure.authorized).toBe(true);
    await vi.waitFor(() => expect(proxy.traffic.connections).toBe(1));
    expect(proxy.traffic.sentBytes).toBeGreaterThan(200);
    expect(proxy.traffic.receivedBytes).toBeGreaterThan(200);
  });

  test('carries other protocols at other ports, both ways and half closed', async () => {
    const server = await anEchoServer();
    const { socket: path } = await aProxy([own('git', server.port)]);

    const { socket } = await openTunnel(path, `git:${server.port}`);
    socket.end('SSH-2.0-x\r\n');

    expect(await text(socket)).toBe('SSH-2.0-x\r\n');
  });

  test.each([
    [
      'a host that is not in the list',
      'evil.example:443',
      403,
      "evil.example:443 is not in this host's allow-list (allowed: a.example)",
    ],
    ['another port', 'a.example:80', 403, 'that host is allowed at port 443 only'],
    ['an address', '93.184.216.34:443', 403, 'addresses are not connected to'],
    ['an address in another form', '0x7f.1:443', 403, 'addresses are not connected to'],
    ['an address of IPv6', '[::1]:443', 403, 'addresses are not connected to'],
    ['no port', 'a.example', 400, 'names no host and port'],
    ['a user', 'u@a.example:443', 400, 'names no host and port'],
  ])('to %s is refused in words', async (...[, authority, status, words]) => {
    const { socket, refusals } = await aProxy([own('a.example', 443)]);

    const refused = await openTunnel(socket, authority);

    expect(refused.status).toBe(status);
    expect(refused.said).toContain(words);
    expect(refusals).toHaveLength(1);
  });

  test.each([
    ['this host', ['127.0.0.1'], false],
    ['a private network', ['10.0.0.7', 'fd12::7'], false],
    ['a metadata service', ['169.254.169.254'], false],
    ['a metadata service, private addresses or not', ['169.254.169.254', 'fd00:ec2::254'], true],
    ['IPv4 in IPv6', ['::ffff:127.0.0.1'], true],
  ])('to a name that leads to %s is refused', async (_what, addresses, isOwn) => {
    const rule: EgressRule = { host: 'a.example', ports: [443], ...(isOwn ? { privateAddresses: true } : {}) };
    const { socket } = await aProxy([rule], { names: { 'a.example': addresses } });

    const refused = await openTunnel(socket, 'a.example:443');

    expect(refused.status).toBe(403);
    expect(refused.said).toContain('a.example leads to an address');
  });

  test('to a name that changes is connected to the address that was checked', async () => {
    const server = await anEchoServer();
    let answers = 0;
    const resolve = async () => {
      answers += 1;
      return [{ address: answers === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }];
    };
    const { socket: path } = await aProxy([own('a.example', server.port)], { resolve });

    const { socket } = await openTunnel(path, `a.example:${server.port}`);
    socket.end('x');

    expect(await text(socket)).toBe('x');
    expect(answers).toBe(1);
  });

  test('to a name with good and bad addresses goes to the good ones alone', async () => {
    const server = await anEchoServer();
    const names = { 'a.example': ['169.254.169.254', '127.0.0.1'] };
    const { socket: path } = await aProxy([own('a.example', server.port)], { names });

    const { socket } = await openTunnel(path, `a.example:${server.port}`);
    socket.end('x');

    expect(await text(socket)).toBe('x');
  });

  test('whose TLS names another host ends with an alert, and nothing of it is sent', async () => {
    const server = await anEchoServer();
    const { socket: path, refusals } = await aProxy([own('a.example', server.port)]);

    const { socket } = await openTunnel(path, `a.example:${server.port}`);
    socket.write(await aClientHello('evil.example'));

    const answer = Buffer.from(await text(socket), 'latin1');
    expect([...answer]).toEqual([21, 3, 3, 0, 2, 2, 112]);
    expect(refusals).toEqual([`a.example:${server.port} was opened, but its TLS names evil.example`]);
  });

  test('to a host that does not answer, or has no address, is told so', async () => {
    const server = await anEchoServer();
    const rules = [own('a.example', server.port, 1), own('gone.example', 443)];
    const { socket } = await aProxy(rules, { names: { 'gone.example': [] } });

    const [closed, gone] = [await openTunnel(socket, 'a.example:1'), await openTunnel(socket, 'gone.example:443')];

    expect([closed.status, gone.status]).toEqual([502, 502]);
    expect(closed.said).toContain('a.example:1 is allowed, but does not answer');
    expect(gone.said).toContain('gone.example cannot be resolved');
  });

  test('more than a task may have is refused until one is closed', async () => {
    const server = await anEchoServer();
    const slots = { most: 1, used: 0 };
    const { socket: path } = await aProxy([own('a.example', server.port)], { slots });

    const first = await openTunnel(path, `a.example:${server.port}`);
    const second = await openTunnel(path, `a.example:${server.port}`);
    first.socket.destroy();

    expect(second.status).toBe(503);
    expect(second.said).toContain('this task has 1 connections open');
    await vi.waitFor(() => expect(slots.used).toBe(0));
    expect((await openTunnel(path, `a.example:${server.port}`)).status).toBe(200);
  });

  test('that is silent for too long is closed', async () => {
    const server = await anEchoServer();
    const { socket: path } = await aProxy([own('a.example', server.port)], { idleMs: 100 });

    const { socket } = await openTunnel(path, `a.example:${server.port}`);
    socket.resume();
    await once(socket, 'close');

    expect(socket.destroyed).toBe(true);
  });

  test('ends with the proxy, and leaves no place taken', async () => {
    const server = await anEchoServer();
    const slots = { most: 1, used: 0 };
    const { socket: path, proxy } = await aProxy([own('a.example', server.port)], { slots });
    const { socket } = await openTunnel(path, `a.example:${server.port}`);
    const closed = once(
      socket.resume().on('error', () => undefined),
      'close',
    );

    await proxy.close();

    await closed;
    await vi.waitFor(() => expect(slots.used).toBe(0));
    await expect(once(connect({ path }), 'connect')).rejects.toThrow(/ENOENT|ECONNREFUSED/);
  });
});

describe('a plain request', () => {
  test('is passed on without what is for the proxy alone', async () => {
    const server = await aWebServer('a');
    const { socket, proxy } = await aProxy([own('a.example', server.port)]);
    const headers = {
      'Proxy-Authorization': 'Basic x',
      Connection: 'X-Mine, keep-alive',
      'X-Mine': '1',
      'X-Other': '2',
      TE: 'trailers',
    };

    const { status, said } = await get(socket, `http://a.example:${server.port}/a/../b%2Fc?d=e`, headers);

    expect([status, said]).toEqual([200, 'hello from a']);
    expect(server.asked[0]?.url).toBe('/a/../b%2Fc?d=e');
    const names = server.asked[0]?.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
    expect(names?.toSorted()).toEqual(['connection', 'host', 'x-other']);
    await vi.waitFor(() => expect(proxy.traffic.connections).toBe(1));
  });

  test.each([
    ['a length', 'Content-Length: 5\r\n\r\nhello'],
    ['chunks', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
    ['a length that it calls its own', 'Connection: content-length\r\nContent-Length: 5\r\n\r\nhello'],
  ])('keeps a body of %s, whatever its method', async (_what, rest) => {
    const server = await aWebServer('a');
    const { say } = await aProxy([own('a.example', server.port)]);

    for (const method of ['POST', 'GET', 'DELETE']) {
      const host = `a.example:${server.port}`;
      expect(await say(`${method} http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${rest}`)).toContain(
        'hello from a',
      );
    }

    expect(server.asked.map(({ body }) => body)).toEqual(['hello', 'hello', 'hello']);
  });

  test('to another host, or an address, is refused in words', async () => {
    const { socket, refusals } = await aProxy([own('a.example', 80)]);

    const [other, address] = [
      await get(socket, 'http://evil.example/'),
      await get(socket, 'http://169.254.169.254/latest/meta-data'),
    ];

    expect([other.status, address.status]).toEqual([403, 403]);
    expect(other.said).toContain("evil.example:80 is not in this host's allow-list (allowed: a.example:80)");
    expect(address.said).toContain('addresses are not connected to');
    expect(refusals).toHaveLength(2);
  });

  test.each([
    ['another Host', 'GET http://a.example/ HTTP/1.1\r\nHost: evil.example', 403, 'has another Host'],
    ['another port in Host', 'GET http://a.example/ HTTP/1.1\r\nHost: a.example:81', 403, 'has another Host'],
    ['two of Host', 'GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nHost: a.example', 403, 'has another Host'],
    ['no Host', 'GET http://a.example/ HTTP/1.1\r\nX: y', 400, ''],
    ['no whole address', 'GET / HTTP/1.1\r\nHost: a.example', 400, 'this is a proxy'],
    ['an address of https', 'GET https://a.example/ HTTP/1.1\r\nHost: a.example', 400, 'this is a proxy'],
    ['a user', 'GET http://u:p@a.example/ HTTP/1.1\r\nHost: a.example', 400, 'names no host'],
    ['port 443', 'GET http://a.example:443/ HTTP/1.1\r\nHost: a.example:443', 403, 'is reached by TLS alone'],
    [
      'a length and chunks',
      'POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\nTransfer-Encoding: chunked',
      400,
      'cannot be read',
    ],
    [
      'two lengths',
      'POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\nContent-Length: 6',
      400,
      'cannot be read',
    ],
    [
      'another encoding',
      'POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: gzip, chunked',
      403,
      'only "chunked"',
    ],
    ['a bare line feed', 'GET http://a.example/ HTTP/1.1\nHost: a.example', 400, 'cannot be read'],
    ['folded headers', 'GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nX: a\r\n b', 400, 'cannot be read'],
    ['20 KB of headers', `GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nX: ${'x'.repeat(20_000)}`, 400, 'cannot be read'],
  ])('with %s is refused', async (...[, head, status, words]) => {
    const { say } = await aProxy([own('a.example', 80, 443)], { names: { 'a.example': [] } });

    const answer = await say(`${head}\r\nConnection: close\r\n\r\n`);

    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain(words);
  });

  test.each([
    ['a status that is none', 'HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n'],
    ['control characters', 'HTTP/1.1 200 O\u0001K\r\nContent-Length: 0\r\n\r\n'],
    ['a header that is none', 'HTTP/1.1 200 OK\r\nX Y: z\r\nContent-Length: 0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello'],
    ['another protocol', 'SSH-2.0-x\r\n'],
    [
      'another protocol that it was not asked for',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    ],
    ['nothing', ''],
  ])('that is answered with %s breaks nothing', async (_what, raw) => {
    const [server, good] = [await aRawServer(raw), await aWebServer('good')];
    const { say } = await aProxy([own('a.example', server.port, good.port)]);
    const ask = (port: number): string =>
      `GET http://a.example:${port}/ HTTP/1.1\r\nHost: a.example:${port}\r\nConnection: close\r\n\r\n`;

    const [broken, fine] = [await say(ask(server.port)), await say(ask(good.port))];

    expect(broken).not.toContain('HTTP/1.1 099');
    expect(fine).toContain('hello from good');
  });

  test.each([
    [
      'in chunks',
      'GET',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
      /200 OK\r\n.*2\r\nhi\r\n0\r\n\r\n$/s,
    ],
    [
      'until the connection ends',
      'GET',
      'HTTP/1.0 200 OK\r\nX-Mine: 1\r\nX-Mine: 2\r\n\r\nhi',
      /X-Mine: 1\r\nX-Mine: 2\r\n.*hi/s,
    ],
    ['without a body', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n', /204 No Content\r\n[^]*\r\n\r\n$/],
    [
      'that it is as before',
      'GET',
      'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n',
      /304 Not Modified\r\nETag: "x"\r\n[^]*\r\n\r\n$/,
    ],
    ['with a length alone', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', /Content-Length: 5\r\n[^]*\r\n\r\n$/],
    [
      'after a first word',
      'GET',
      'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi',
      /200 OK\r\n[^]*\r\n\r\nhi$/,
    ],
  ])('that is answered %s is answered so', async (...[, method, raw, answer]) => {
    const server = await aRawServer(raw);
    const host = `a.example:${server.port}`;
    const { say } = await aProxy([own('a.example', server.port)]);

    expect(await say(`${method} http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).toMatch(answer);
  });

  test('whose answer breaks off is broken off', async () => {
    const server = await aRawServer('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
    const { socket } = await aProxy([own('a.example', server.port)]);

    await expect(get(socket, `http://a.example:${server.port}/`)).rejects.toThrow(/aborted|terminated|closed/);
  });

  test('within a tunnel to port 80 is judged as any other', async () => {
    const { say } = await aProxy([own('a.example', 80)], { names: { 'a.example': ['127.0.0.1'] } });
    const open = 'CONNECT a.example:80 HTTP/1.1\r\nHost: a.example:80\r\n\r\n';

    const fronted = await say(`${open}GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`);
    const absolute = await say(`${open}GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`);
    const raw = await say(`${open}SSH-2.0-x\r\n`);
    const honest = await say(`${open}GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n`);

    expect([fronted, absolute].map((answer) => answer.match(/HTTP\/1.1 \d+/g))).toEqual([
      ['HTTP/1.1 200', 'HTTP/1.1 403'],
      ['HTTP/1.1 200', 'HTTP/1.1 403'],
    ]);
    expect(raw).toContain('HTTP/1.1 400');
    // Nothing listens there on this host.
    expect(honest).toContain('a.example:80 is allowed, but does not answer');
  });

  test('that is given up tells nobody of a refusal', async () => {
    const silent = await aSilentServer();
    const slots = { most: 8, used: 0 };
    const { socket, refusals } = await aProxy([own('a.example', silent.port)], { slots });
    const request = askHttp({
      socketPath: socket,
      path: `http://a.example:${silent.port}/`,
      headers: { host: `a.example:${silent.port}` },
    });
    request.on('error', () => undefined).end();
    await vi.waitFor(() => expect(silent.connections()).toBe(1));

    request.destroy();

    await vi.waitFor(() => expect(slots.used).toBe(0));
    expect(refusals).toEqual([]);
  });

  test('of any bytes breaks nothing', { timeout: 60_000 }, async () => {
    const server = await aWebServer('a');
    const { say } = await aProxy([own('a.example', server.port)]);
    const host = `a.example:${server.port}`;
    const good = Buffer.from(
      `POST http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi`,
    );
    const change = fc.record({ at: fc.nat(good.length - 1), bytes: fc.uint8Array({ maxLength: 8 }) });

    await fc.assert(
      fc.asyncProperty(change, async ({ at, bytes }) => {
        await say(Buffer.concat([good.subarray(0, at), bytes, good.subarray(at + 1)]), { isEnd: true });
      }),
      { numRuns: 150 },
    );

    expect(await say(good)).toContain('hello from a');
  });

  test('on a connection that is kept is judged each time', async () => {
    const server = await aWebServer('a');
    const { say } = await aProxy([own('a.example', server.port)]);
    const ask = (host: string): string => `GET http://${host}:${server.port}/ HTTP/1.1\r\nHost: ${host}:${server.port}\r\n\r\n`;

    const answer = await say(ask('a.example') + ask('evil.example'));

    expect(answer.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 403']);
    expect(server.asked).toHaveLength(1);
  });
});
