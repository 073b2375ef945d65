/**
 * A server over streamable HTTP. Around the official client's transport: it sees streams that end without the answer they were for, and what
 * it cannot take up again it answers itself, as the end of a connection.
 */
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage, MessageExtraInfo, RequestId } from '@modelcontextprotocol/sdk/types.js';
import { ErrorCode } from '@modelcontextprotocol/sdk/types.js';
import { setTimeout as pause } from 'node:timers/promises';
import { createBoundedFetch } from './bounded-fetch.ts';
import type { MachineCredentials } from './machine-credentials.ts';
import { Refusals } from './refusals.ts';

export interface HttpServerOptions {
  readonly url: string;
  readonly token?: string | undefined;
  /** Has tokens, instead of one. */
  readonly credentials?: MachineCredentials | undefined;
}

/** So often the client asks for the rest of a stream that broke, after 1 and 1.5 s; it says so when that was in vain. */
const RECONNECTION = {
  initialReconnectionDelay: 1_000,
  reconnectionDelayGrowFactor: 1.5,
  maxReconnectionDelay: 5_000,
  maxRetries: 2,
};
const GAVE_UP = /maximum reconnection attempts/i;
/** Courtesy: a session that is not ended ends by itself. */
const GOODBYE_MS = 1_000;

export class WatchedHttpTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: <Message extends JSONRPCMessage>(message: Message, extra?: MessageExtraInfo) => void;
  readonly #inner: StreamableHTTPClientTransport;
  readonly #refusals: Refusals;
  /** Requests without an answer; `true`: the rest of the stream can be asked for. */
  readonly #waiting = new Map<RequestId, boolean>();

  constructor({ url, token, credentials }: HttpServerOptions) {
    const bounded = createBoundedFetch((id) => this.#streamEnded(id));
    this.#refusals = new Refusals(bounded);
    this.#inner = new StreamableHTTPClientTransport(new URL(url), {
      ...(token === undefined ? {} : { requestInit: { headers: { authorization: `Bearer ${token}` } } }),
      ...(credentials === undefined
        ? { fetch: bounded }
        : { authProvider: credentials, fetch: this.#refusals.watching(credentials.fetch) }),
      reconnectionOptions: RECONNECTION,
    });
  }

  async start(): Promise<void> {
    this.#inner.onclose = () => this.onclose?.();
    this.#inner.onerror = (error) => {
      this.onerror?.(error);
      if (GAVE_UP.test(error.message)) this.#giveUp();
    };
    this.#inner.onmessage = (message) => this.#receive(message);
    await this.#inner.start();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (!('id' in message && 'method' in message)) return this.#inner.send(message);
    const { id } = message;
    this.#waiting.set(id, false);
    const onresumptiontoken = (): void => {
      if (this.#waiting.has(id)) this.#waiting.set(id, true);
    };
    try {
      await this.#inner.send(message, { onresumptiontoken });
    } catch (error) {
      this.#waiting.delete(id);
      throw this.#refusals.explain(id, error);
    } finally {
      this.#refusals.forget(id);
    }
  }

  setProtocolVersion(version: string): void {
    this.#inner.setProtocolVersion(version);
  }

  async close(): Promise<void> {
    const goodbye = this.#inner.terminateSession().catch(() => undefined);
    await Promise.race([goodbye, pause(GOODBYE_MS, undefined, { ref: false })]);
    await this.#inner.close();
  }

  #receive(message: JSONRPCMessage): void {
    if ('id' in message && message.id !== undefined && !('method' in message)) this.#waiting.delete(message.id);
    this.onmessage?.(message);
  }

  #streamEnded(id: RequestId): void {
    if (this.#waiting.get(id) === false) this.#lose(id);
  }

  #giveUp(): void {
    for (const [id, isResumable] of this.#waiting) if (isResumable) this.#lose(id);
  }

  #lose(id: RequestId): void {
    const error = { code: ErrorCode.ConnectionClosed, message: 'the stream ended without an answer' };
    this.#receive({ jsonrpc: '2.0', id, error });
  }
}
