/**
 * The way out of a sandbox: a forward proxy on a unix socket, one for each command, which lets through what the operator's allow-list
 * has. It sees no plain text of what goes through a tunnel, and keeps nothing of it.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Traffic } from './egress-forward.ts';
import { forward, HTTP_PORT, MAX_HEADER_BYTES, readForward } from './egress-forward.ts';
import type { EgressTarget } from './egress-host.ts';
import { readTarget } from './egress-host.ts';
import type { Refusal, Route, RouteSettings } from './egress-route.ts';
import { connectRoute, openRoute } from './egress-route.ts';
import { runTunnel } from './egress-tunnel.ts';

export interface EgressProxySettings extends RouteSettings {
  /** Absolute path of the socket, in a folder that nobody else may enter. */
  readonly socket: string;
  /** A connection without a byte for so long is closed. Default: five minutes. */
  readonly idleMs?: number;
  /** Told each time, in words for the model. */
  onRefusal(refusal: { readonly host?: string; readonly reason: string }): void;
}

export interface EgressProxy {
  /** Of what went through so far; connections that are open count when they end. */
  readonly traffic: Traffic & { readonly connections: number };
  /** Closes all connections. */
  close(): Promise<void>;
}

/** As long as firewalls on the way keep a silent connection. */
const IDLE_MS = 300_000;
const HEADERS_TIMEOUT_MS = 10_000;
/** Of clients, which wait for a name or are silent; those that go on are counted by the task. */
const MOST_CLIENTS = 512;
const MOST_HEADERS = 200;
/** Some clients show this, and nothing else. */
const STATUS_TEXT = 'Refused by the sandbox';
const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

type OpenRoute = Extract<Route, { kind: 'open' }>;

/** @throws Error when it cannot listen there */
export async function startEgressProxy(settings: EgressProxySettings): Promise<EgressProxy> {
  const { idleMs = IDLE_MS } = settings;
  const traffic = { sentBytes: 0, receivedBytes: 0, connections: 0 };
  const count = ({ sentBytes, receivedBytes }: Traffic): void => {
    traffic.sentBytes += sentBytes;
    traffic.receivedBytes += receivedBytes;
    traffic.connections += 1;
  };
  const tunnels = new Set<Duplex>();
  const server = createServer({
    ...{ insecureHTTPParser: false, maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEADERS_TIMEOUT_MS },
    // An upload may take its time; silence ends it.
    requestTimeout: 0,
  });
  server.timeout = idleMs;
  server.maxConnections = MOST_CLIENTS;
  server.maxHeadersCount = MOST_HEADERS;
  const tunnelled = new WeakMap<object, EgressTarget>();
  const serveWithin: Served['serveWithin'] = (client, target) => {
    tunnelled.set(client, target);
    server.emit('connection', client);
  };
  const served: Served = { settings, idleMs, count, serveWithin, tunnelOf: ({ socket }) => tunnelled.get(socket) };
  server.on('request', (request, response) => void answer(served, request, response).catch(() => response.destroy()));
  server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    tunnels.add(client.once('close', () => tunnels.delete(client)).on('error', () => client.destroy()));
    if (head.length > 0) client.unshift(head);
    void tunnel(served, request, client).catch(() => client.destroy());
  });
  server.on('clientError', (_error, client: Duplex) => refuseTunnel(client, 400, 'the request cannot be read'));
  await listen(server, settings.socket);
  const close = async (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    server.closeAllConnections();
    for (const client of tunnels) client.destroy();
    await promise;
  };
  return { traffic, close };
}

interface Served {
  readonly settings: EgressProxySettings;
  readonly idleMs: number;
  readonly count: (traffic: Traffic) => void;
  /** Takes what comes in a tunnel as requests of plain HTTP to its host. */
  readonly serveWithin: (client: Duplex, target: EgressTarget) => void;
  /** Where such a request came by. */
  readonly tunnelOf: (request: IncomingMessage) => EgressTarget | undefined;
}

async function listen(server: Server, socket: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  // The command may be another user than the worker; the folder keeps everybody else away.
  server.listen({ path: socket, writableAll: true, readableAll: true }, resolve);
  await promise;
  server.off('error', reject);
  server.on('error', () => undefined);
}

async function answer(served: Served, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { settings, idleMs, count } = served;
  const refuse = (status: number, reason: string, host?: string): void => {
    settings.onRefusal({ reason, ...(host === undefined ? {} : { host }) });
    const body = bodyOf(reason);
    response.writeHead(status, STATUS_TEXT, {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': body.length,
      Connection: 'close',
    });
    response.end(body);
  };
  request.once('error', () => response.destroy());
  const reading = readForward(request, served.tunnelOf(request));
  if (reading.kind === 'wrong') return refuse(reading.status, reading.reason);
  const route = await openRoute(settings, reading.target);
  if (route.kind === 'refused') return refuse(route.refusal.status, route.refusal.reason, route.target.host);
  try {
    if (!response.destroyed) count(await forward({ route, reading, request, response, idleMs }));
  } catch {
    if (response.headersSent || response.destroyed) response.destroy();
    else refuse(502, describeBroken(route), route.target.host);
  } finally {
    route.release();
  }
}

async function tunnel(served: Served, request: IncomingMessage, client: Duplex): Promise<void> {
  const { settings, idleMs, count } = served;
  const refuse = ({ status, reason }: Pick<Refusal, 'reason'> & { readonly status: number }, host?: string): void => {
    settings.onRefusal({ reason, ...(host === undefined ? {} : { host }) });
    refuseTunnel(client, status, reason);
  };
  const read = readTarget(request.url ?? '');
  if (read.kind === 'address') return refuse({ status: 403, reason: 'addresses are not connected to: use the name of the host' });
  if (read.kind === 'invalid') return refuse({ status: 400, reason: 'CONNECT names no host and port' });
  const route = await openRoute(settings, read.target);
  if (route.kind === 'refused') return refuse(route.refusal, route.target.host);
  const { target, release } = route;
  if (target.port === HTTP_PORT) {
    release();
    client.write(ESTABLISHED);
    return served.serveWithin(client, target);
  }
  try {
    const upstream = await connectRoute(route).catch(() => undefined);
    if (upstream === undefined && client.destroyed) return;
    if (upstream === undefined) return refuse({ status: 502, reason: describeBroken(route) }, target.host);
    client.write(ESTABLISHED);
    await runTunnel({ target, client, upstream, idleMs, refuse: (reason) => settings.onRefusal({ host: target.host, reason }) });
    count({ sentBytes: upstream.bytesWritten, receivedBytes: upstream.bytesRead });
  } finally {
    release();
  }
}

/** Most clients show the status alone, few the body. */
function refuseTunnel(client: Duplex, status: number, reason: string): void {
  if (!client.writable) return void client.destroy();
  const body = bodyOf(reason);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_TEXT}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ];
  client.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]), () => client.destroy());
}

function bodyOf(reason: string): Buffer {
  return Buffer.from(`Refused by the network of this sandbox: ${reason}.\n`);
}

function describeBroken({ target }: OpenRoute): string {
  return `${target.host}:${target.port} is allowed, but does not answer`;
}
