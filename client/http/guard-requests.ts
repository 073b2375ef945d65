/** Who may ask. On the loopback interface whoever is on this machine; with a token whoever has it. Never a web page that a browser shows. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { HttpProblemError } from './http-problem.ts';
import { isLoopback } from './loopback.ts';

export interface GuardOptions {
  /** Where the door listens, as its operator named it. */
  readonly host: string;
  readonly token?: string;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Asked by probes, which have no token; it tells nothing of any task. */
    readonly isOpen?: true;
  }
}

/** @throws HttpProblemError for a request that is not to be answered */
export function createGuard({ host, token }: GuardOptions): (request: FastifyRequest) => void {
  const expected = token === undefined ? undefined : digest(token);
  const isLocal = isLoopback(host);
  return (request) => {
    if (isLocal) mustNameThisMachine(request.headers.host);
    if (expected !== undefined && request.routeOptions.config.isOpen !== true)
      mustHaveToken(request.headers.authorization, expected);
  };
}

/**
 * A page that a browser shows may have its own name lead to 127.0.0.1 and then call us as its own server (DNS rebinding). The browser names the
 * page's host, and no address.
 */
function mustNameThisMachine(header: string | undefined): void {
  const name = hostnameOf(header);
  if (name !== undefined && isLoopback(name)) return;
  throw new HttpProblemError({
    status: 421,
    code: 'wrong-host',
    message: 'the host header does not name this machine: call the door as 127.0.0.1, [::1] or localhost',
  });
}

function hostnameOf(header: string | undefined): string | undefined {
  const name = /^(\[[^\]]+\]|[^:[\]]+)(?::\d{1,5})?$/.exec(header ?? '')?.[1]?.toLowerCase();
  if (name === undefined || !name.startsWith('[')) return name;
  const address = name.slice(1, -1);
  return isIPv6(address) ? address : undefined;
}

function mustHaveToken(header: string | undefined, expected: Buffer): void {
  const given = /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1];
  // Digests are of one length, so that the comparison takes the same time whatever is given.
  if (given !== undefined && timingSafeEqual(digest(given), expected)) return;
  throw new HttpProblemError({
    status: 401,
    code: 'unauthorized',
    message:
      given === undefined ? 'this door wants a token: send authorization: Bearer TOKEN' : 'the token is not the one of this door',
    headers: { 'www-authenticate': 'Bearer' },
  });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
