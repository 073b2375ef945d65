/** A plain HTTP request, in absolute form or within a tunnel: read, asked anew of the host that it names, and answered. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request as ask } from 'node:http';
import type { EgressTarget } from './egress-host.ts';
import { readTarget } from './egress-host.ts';
import { passedOn, valuesOf } from './egress-headers.ts';
import type { Route } from './egress-route.ts';
import { connectionOptions } from './egress-route.ts';

export type ForwardReading =
  | { readonly kind: 'request'; readonly target: EgressTarget; readonly path: string; readonly host: string }
  | { readonly kind: 'wrong'; readonly status: 400 | 403; readonly reason: string };

export const HTTP_PORT = 80;
const TLS_PORT = 443;
/** As in a request; larger headers are an attempt at something. */
export const MAX_HEADER_BYTES = 16_384;
const NO_PROXY_REQUEST =
  'this is a proxy: it takes CONNECT host:port, and requests with the whole address of a host (http://host/path)';
const ABSOLUTE = /^http:\/\/([^/?#]*)([^#]*)$/i;

/**
 * Where it wants to go: `tunnel` when it came by one. The header `Host` must say the same: servers go by either of them.
 */
export function readForward(
  { url = '', rawHeaders }: Pick<IncomingMessage, 'url' | 'rawHeaders'>,
  tunnel?: EgressTarget,
): ForwardReading {
  const [, authority, rest = ''] = tunnel === undefined ? (ABSOLUTE.exec(url) ?? []) : [url, '', url];
  if (authority === undefined) return wrong(400, NO_PROXY_REQUEST);
  const read = tunnel === undefined ? readTarget(authority, HTTP_PORT) : ({ kind: 'target', target: tunnel } as const);
  if (read.kind === 'address') return wrong(403, 'addresses are not connected to: use the name of the host');
  if (read.kind === 'invalid') return wrong(400, 'the address of the request names no host');
  const [host = '', ...others] = valuesOf(rawHeaders, 'host');
  const { target } = read;
  const problem = problemOf(target, { host, others, encodings: valuesOf(rawHeaders, 'transfer-encoding') });
  if (problem !== undefined) return wrong(403, problem);
  return { kind: 'request', target, path: rest.startsWith('/') ? rest : `/${rest}`, host };
}

interface Said {
  readonly host: string;
  readonly others: readonly string[];
  readonly encodings: readonly string[];
}

function problemOf(target: EgressTarget, { host, others, encodings }: Said): string | undefined {
  const named = readTarget(host, HTTP_PORT);
  const isSame = named.kind === 'target' && named.target.host === target.host && named.target.port === target.port;
  if (others.length > 0 || !isSame)
    return `the request for ${target.host}:${target.port} has another Host: both must be the same`;
  if (target.port === TLS_PORT) return `${target.host}:443 is reached by TLS alone: use https`;
  const isPlain = encodings.every((encoding) => encoding.trim().toLowerCase() === 'chunked') && encodings.length <= 1;
  return isPlain ? undefined : 'of transfer encodings only "chunked" is passed on';
}

function wrong(status: 400 | 403, reason: string): ForwardReading {
  return { kind: 'wrong', status, reason };
}

export interface Forward {
  readonly route: Extract<Route, { kind: 'open' }>;
  readonly reading: Extract<ForwardReading, { kind: 'request' }>;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly idleMs: number;
}

/** Bytes of the connection that it was asked over. Settles when nothing more comes. */
export interface Traffic {
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** @throws Error when nobody answers there */
export async function forward({ route, reading, request, response, idleMs }: Forward): Promise<Traffic> {
  const { promise, resolve, reject } = Promise.withResolvers<Traffic>();
  const { host, port } = reading.target;
  const outgoing = ask({
    ...connectionOptions(route.lookup),
    ...{ host, port, method: request.method, path: reading.path, agent: false, setHost: false },
    headers: ['Host', reading.host, ...passedOn(request.rawHeaders), ...framingOf(request)],
    ...{ insecureHTTPParser: false, maxHeaderSize: MAX_HEADER_BYTES },
  });
  outgoing.setTimeout(idleMs, () => outgoing.destroy(new Error('nothing came for too long')));
  outgoing.once('response', (answer) => {
    try {
      passAnswer(answer, response);
    } catch (error) {
      // A server may say what no server of ours would: it must not end the worker.
      outgoing.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  });
  outgoing.once('error', (error) => (response.headersSent ? response.destroy() : reject(error)));
  // Also without an answer, when it changes the protocol.
  outgoing.once('close', () => (response.headersSent ? resolve(trafficOf(outgoing.socket)) : reject(new Error('no answer'))));
  // Whoever asked is gone, or has the whole answer.
  response.once('close', () => outgoing.destroy());
  request.pipe(outgoing);
  return promise;
}

/** @throws Error when it is no answer that could be passed on */
function passAnswer(answer: IncomingMessage, response: ServerResponse): void {
  const length = answer.headers['content-length'];
  const framing = length === undefined ? [] : ['Content-Length', length];
  response.sendDate = false;
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage, [...passedOn(answer.rawHeaders), ...framing]);
  answer.once('error', () => response.destroy());
  answer.pipe(response);
}

/** Said anew, whatever the request calls a matter of its own hop. Both at once the parser refuses. */
function framingOf({ headers }: IncomingMessage): readonly string[] {
  if (headers['transfer-encoding'] !== undefined) return ['Transfer-Encoding', 'chunked'];
  return headers['content-length'] === undefined ? [] : ['Content-Length', headers['content-length']];
}

function trafficOf(socket: { readonly bytesWritten: number; readonly bytesRead: number } | null): Traffic {
  return { sentBytes: socket?.bytesWritten ?? 0, receivedBytes: socket?.bytesRead ?? 0 };
}
