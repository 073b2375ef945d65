/** A tunnel of CONNECT: bytes both ways, once the client has named in TLS the host that it asked the tunnel for. */
import type { Socket } from 'node:net';
import type { Duplex, TransformCallback } from 'node:stream';
import { Transform } from 'node:stream';
import type { EgressTarget } from './egress-host.ts';
import { readHost } from './egress-host.ts';
import type { HelloReading } from './tls-client-hello.ts';
import { readClientHello } from './tls-client-hello.ts';

export interface Tunnel {
  readonly target: EgressTarget;
  readonly client: Duplex;
  readonly upstream: Socket;
  /** Without a byte for so long it ends. */
  readonly idleMs: number;
  /** For the first bytes of TLS, where it must come. Default: 15 s. */
  readonly helloMs?: number;
  refuse(reason: string): void;
}

const TLS_PORT = 443;
const HANDSHAKE_RECORD = 22;
/** A client sends it right away. */
const HELLO_TIMEOUT_MS = 15_000;
/** A fatal alert, "unrecognized_name" (RFC 6066), by which clients say at least that much. */
const ALERT = Buffer.from([21, 3, 3, 0, 2, 2, 112]);

/** Settles when both ends are closed. */
export async function runTunnel({ target, client, upstream, idleMs, helloMs = HELLO_TIMEOUT_MS, refuse }: Tunnel): Promise<void> {
  const closed = Promise.withResolvers<void>();
  const end = (): void => {
    client.destroy();
    upstream.destroy();
    clearTimeout(timer);
    closed.resolve();
  };
  const gate = new HelloGate(target, (reason) => {
    refuse(reason);
    client.end(ALERT, end);
    upstream.destroy();
  });
  const timer = setTimeout(() => gate.expire(), helloMs);
  for (const stream of [client, upstream]) stream.once('close', end).on('error', end);
  gate.on('error', end);
  upstream.setTimeout(idleMs, end);
  upstream.pipe(client);
  client.pipe(gate).pipe(upstream);
  // It may have gone while the way was looked for.
  if (client.destroyed || upstream.destroyed) end();
  await closed.promise;
}

/** Holds back what the client sends until it is known that it talks to whom it says. */
class HelloGate extends Transform {
  readonly #target: EgressTarget;
  readonly #refuse: (reason: string) => void;
  #state: 'waiting' | 'open' | 'refused' = 'waiting';
  #held: Buffer = Buffer.alloc(0);

  constructor(target: EgressTarget, refuse: (reason: string) => void) {
    super();
    this.#target = target;
    this.#refuse = refuse;
  }

  /** Where TLS must come, and has not. */
  expire(): void {
    if (this.#state === 'waiting' && this.#target.port === TLS_PORT)
      this.#shut(`${this.#target.host}:443 was opened and no TLS came`);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#state === 'refused') return done();
    if (this.#state === 'open') return done(null, chunk);
    this.#held = Buffer.concat([this.#held, chunk]);
    const verdict = judgeHello(this.#target, this.#held);
    if (verdict.kind === 'refused') this.#shut(verdict.reason);
    if (verdict.kind !== 'allowed') return done();
    const held = this.#held;
    this.#state = 'open';
    this.#held = Buffer.alloc(0);
    done(null, held);
  }

  #shut(reason: string): void {
    this.#state = 'refused';
    this.#held = Buffer.alloc(0);
    this.#refuse(reason);
  }
}

export type HelloVerdict =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'refused'; readonly reason: string };

/** Of all that the client has sent. Another port than 443 may have other protocols; where TLS is spoken it must name the host there, too. */
export function judgeHello({ host, port }: EgressTarget, sent: Buffer): HelloVerdict {
  const refused = (what: string): HelloVerdict => ({ kind: 'refused', reason: `${host}:${port} was opened, but ${what}` });
  if (port !== TLS_PORT && sent[0] !== HANDSHAKE_RECORD) return { kind: 'allowed' };
  const hello = readClientHello(sent);
  switch (hello.kind) {
    case 'incomplete':
      return { kind: 'incomplete' };
    case 'not-tls':
      return port === TLS_PORT ? refused('what came is no TLS') : { kind: 'allowed' };
    case 'malformed':
      return refused('its TLS cannot be read');
    case 'hello': {
      const problem = problemOfHello(hello, host);
      return problem === undefined ? { kind: 'allowed' } : refused(problem);
    }
  }
}

function problemOfHello({ serverName, isEncrypted }: Extract<HelloReading, { kind: 'hello' }>, host: string): string | undefined {
  if (isEncrypted) return 'its TLS hides whom it talks to (Encrypted Client Hello): switch that off';
  if (serverName === undefined) return 'its TLS names no host (server name indication)';
  const named = readHost(serverName);
  if (named.kind !== 'name') return 'its TLS names something that is no host';
  return named.name === host ? undefined : `its TLS names ${named.name}`;
}
