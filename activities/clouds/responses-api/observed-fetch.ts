/**
 * The fetch that the SDK sends through. It marks when a request leaves and when headers arrive, and keeps what the SDK's own errors
 * lose: the raw body of a refusal and the real cause of a broken connection.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

/** Enough for any error body; a gateway's error page is not read to its end. */
const REFUSAL_BODY_BYTES = 64 * 1024;

/** Mutable position of one call; `resolve` until the request leaves (credentials are being got), then `sent`. */
export interface RequestTrace {
  phase: 'resolve' | 'sent' | 'headers';
  /** Awaited before the request leaves; what it throws keeps it from leaving. */
  readonly beforeSending?: () => Promise<void>;
}

const currentTrace = new AsyncLocalStorage<RequestTrace>();

/** The cloud answered with a status that is not 2xx. */
export class RefusedError extends Error {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;

  constructor(response: Response, body: string) {
    super(`status ${response.status}`);
    this.name = 'RefusedError';
    this.status = response.status;
    this.headers = response.headers;
    this.body = body;
  }
}

/** The connection failed before any headers; `cause` is what the HTTP client says. */
export class UnreachableError extends Error {
  constructor(cause: unknown) {
    super('no response', { cause });
    this.name = 'UnreachableError';
  }
}

/** Runs an SDK call whose progress is written to `trace`. */
export function traced<Result>(trace: RequestTrace, call: () => Promise<Result>): Promise<Result> {
  return currentTrace.run(trace, call);
}

export const observedFetch: typeof globalThis.fetch = async (input, init) => {
  const trace = currentTrace.getStore();
  await trace?.beforeSending?.();
  // Whoever gave up meanwhile has not sent anything.
  init?.signal?.throwIfAborted();
  if (trace !== undefined) trace.phase = 'sent';
  const response = await send(input, init);
  if (trace !== undefined) trace.phase = 'headers';
  if (!response.ok) throw new RefusedError(response, await readBeginning(response));
  return response;
};

async function send(...[input, init]: Parameters<typeof globalThis.fetch>): Promise<Response> {
  try {
    // A redirect would take credentials and a POST's body somewhere that nobody configured.
    return await fetch(input, { ...init, redirect: 'manual' });
  } catch (error) {
    throw new UnreachableError(error);
  }
}

/** What arrived of the body counts, even when the connection breaks within it: the status is known already. */
async function readBeginning(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (bytes >= REFUSAL_BODY_BYTES) break;
    }
  } catch {
    // The status alone classifies it.
  }
  return Buffer.concat(chunks).subarray(0, REFUSAL_BODY_BYTES).toString('utf8');
}
