/** Servers on this host's loopback that stand for others, and a proxy in front of them whose names are of the test's own making. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { EgressProxy, EgressProxySettings } from '../../activities/sandbox/egress-proxy.ts';
import { startEgressProxy } from '../../activities/sandbox/egress-proxy.ts';
import type { EgressRule } from '../../activities/sandbox/egress-rules.ts';
import { scratchFolder } from '../tools/tool-scene.ts';

export interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export interface LocalServer {
  readonly port: number;
  readonly asked: readonly Asked[];
}

/** Of `a.example`, `b.example` and `localhost`, by itself. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
  /** Path of `cert`. */
  readonly file: string;
}

let made: Certificate | undefined;

export function aCertificate(): Certificate {
  if (made !== undefined) return made;
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'anyport-certificate-')));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const [key, file] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const names = 'subjectAltName=DNS:a.example,DNS:b.example,DNS:localhost';
  const form = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...form, '-subj', '/CN=a.example', '-addext', names, '-keyout', key, '-out', file], {
    stdio: 'ignore',
  });
  made = { key: readFileSync(key, 'utf8'), cert: readFileSync(file, 'utf8'), file };
  return made;
}

/** Answers every request with `hello from NAME`, and a HEAD or a wait as any server would. */
export async function aWebServer(name: string, { isTls = false } = {}): Promise<LocalServer> {
  const asked: Asked[] = [];
  const answer = (request: IncomingMessage, response: { end(text: string): unknown }): void => {
    const parts: Buffer[] = [];
    request.on('data', (chunk: Buffer) => parts.push(chunk));
    request.on('end', () => {
      const { method, url, rawHeaders } = request;
      asked.push({ method, url, rawHeaders, body: Buffer.concat(parts).toString() });
      response.end(`hello from ${name}`);
    });
  };
  const server = isTls ? createTlsServer(aCertificate(), answer) : createServer(answer);
  const port = await listen(server);
  return { port, asked };
}

/** What it is sent it sends back. */
export async function anEchoServer(): Promise<LocalServer & { readonly connections: () => number }> {
  let count = 0;
  const server = createTcpServer((socket) => {
    count += 1;
    socket.on('error', () => undefined).pipe(socket);
  });
  return { port: await listen(server), asked: [], connections: () => count };
}

async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => void sockets.add(socket.once('close', () => sockets.delete(socket))));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port; // it listens on TCP
}

/** Answers whatever is asked with these bytes. */
export async function aRawServer(answer: string): Promise<LocalServer> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined).once('data', () => socket.end(Buffer.from(answer, 'latin1')));
  });
  return { port: await listen(server), asked: [] };
}

/** Takes connections and never says anything. */
export async function aSilentServer(): Promise<LocalServer & { readonly connections: () => number }> {
  let count = 0;
  const server = createTcpServer((socket) => {
    count += 1;
    socket.on('error', () => undefined).resume();
  });
  return { port: await listen(server), asked: [], connections: () => count };
}

export interface ProxyScene {
  readonly socket: string;
  readonly proxy: EgressProxy;
  /** What the proxy said no to. */
  readonly refusals: readonly string[];
  /** Sends it bytes as they are, and maybe no more (`isEnd`), and gives all that comes until it closes. */
  say(bytes: string | Buffer, how?: { readonly isEnd?: boolean }): Promise<string>;
}

/** Where names lead to; what is missing leads to this host. */
type Names = Readonly<Record<string, readonly string[]>>;

export async function aProxy(
  rules: readonly EgressRule[],
  { names = {}, ...overrides }: Partial<EgressProxySettings> & { readonly names?: Names } = {},
): Promise<ProxyScene> {
  const socket = join(scratchFolder(), 'egress.sock');
  const refusals: string[] = [];
  const proxy = await startEgressProxy({
    socket,
    lists: [rules],
    slots: { most: 8, used: 0 },
    resolve: async (host) =>
      (names[host] ?? ['127.0.0.1']).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    onRefusal: ({ reason }) => refusals.push(reason),
    ...overrides,
  });
  onTestFinished(() => proxy.close());
  return { socket, proxy, refusals, say: (bytes, { isEnd = false } = {}) => say(socket, bytes, isEnd) };
}

async function say(path: string, bytes: string | Buffer, isEnd: boolean): Promise<string> {
  const socket = connect({ path });
  const parts: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => parts.push(chunk));
  socket.on('error', () => undefined);
  if (isEnd) socket.end(bytes);
  else socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(parts).toString('latin1');
}
