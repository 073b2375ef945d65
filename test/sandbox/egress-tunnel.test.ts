/** Tunnels to port 443, which no test may listen at: their two ends are sockets of its own. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { runTunnel } from '../../activities/sandbox/egress-tunnel.ts';
import { scratchFolder } from '../tools/tool-scene.ts';
import { aClientHello } from './client-hello.ts';

const ALERT = [21, 3, 3, 0, 2, 2, 112];

async function aPair(): Promise<readonly [near: Socket, far: Socket]> {
  const path = join(scratchFolder(), 'pair.sock');
  const server = createServer({ allowHalfOpen: true }).listen(path);
  await once(server, 'listening');
  const near = connect({ path, allowHalfOpen: true });
  const [far] = (await once(server, 'connection')) as [Socket];
  server.close();
  onTestFinished(() => [near, far].forEach((socket) => socket.destroy()));
  return [near, far];
}

async function aTunnel(helloMs = 10_000) {
  const [[program, client], [upstream, host]] = await Promise.all([aPair(), aPair()]);
  const refusals: string[] = [];
  const target = { host: 'a.example', port: 443 };
  const ended = runTunnel({ target, client, upstream, idleMs: 10_000, helloMs, refuse: (reason) => refusals.push(reason) });
  return { program, host, refusals, ended };
}

test('what begins with TLS to its host goes through, in both directions, until both ends are closed', async () => {
  const { program, host, refusals, ended } = await aTunnel();
  const hello = await aClientHello('a.example');

  program.end(Buffer.concat([hello, Buffer.from('and more')]));
  const heard = await buffer(host);
  host.end('an answer');

  expect(heard.equals(Buffer.concat([hello, Buffer.from('and more')]))).toBe(true);
  expect(await text(program)).toBe('an answer');
  await ended;
  expect(refusals).toEqual([]);
});

test('a hello that comes byte by byte is held back until it is whole', async () => {
  const { program, host } = await aTunnel();
  const hello = await aClientHello('a.example');
  let heard = 0;
  host.on('data', (chunk: Buffer) => (heard += chunk.length));

  for (const byte of hello.subarray(0, -1)) program.write(Buffer.of(byte));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const early = heard;
  program.end(hello.subarray(-1));
  await once(host, 'end');

  expect([early, heard]).toEqual([0, hello.length]);
});

test.each([
  ['a plain request', Promise.resolve(Buffer.from('GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n')), 'no TLS'],
  ['TLS to another host', aClientHello('evil.example'), 'names evil.example'],
])('%s ends with an alert, and the host hears nothing of it', async (_what, sent, words) => {
  const { program, host, refusals, ended } = await aTunnel();

  program.write(await sent);

  expect([...(await buffer(program))]).toEqual(ALERT);
  expect(await text(host)).toBe('');
  await ended;
  expect(refusals).toEqual([expect.stringContaining(words)]);
});

test('one in which nothing comes is closed after a while', async () => {
  const { program, refusals, ended } = await aTunnel(20);

  expect([...(await buffer(program))]).toEqual(ALERT);
  await ended;
  expect(refusals).toEqual(['a.example:443 was opened and no TLS came']);
});

test('one whose client has gone already ends at once', async () => {
  const [[, client], [upstream, host]] = await Promise.all([aPair(), aPair()]);
  client.destroy();

  await runTunnel({ target: { host: 'a.example', port: 443 }, client, upstream, idleMs: 10_000, refuse: () => undefined });

  expect(await text(host)).toBe('');
});
