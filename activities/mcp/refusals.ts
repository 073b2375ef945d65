/** Requests that a server has refused for want of a token: what comes after that is no end of the request itself, which was not run. */
import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { RequestId } from '@modelcontextprotocol/sdk/types.js';
import { McpAuthorizationError, toAuthorizationError } from './authorization-error.ts';
import { requestId } from './bounded-fetch.ts';

const UNAUTHORIZED = 401;
const FORBIDDEN = 403;

interface Refused {
  readonly times: number;
  /** It was not sent again since. */
  readonly isLast: boolean;
}

export class Refusals {
  readonly #ask: typeof fetch;
  readonly #requests = new Map<RequestId, Refused>();
  #isStreamRefused = false;

  /** `ask` is the server's own `fetch`. */
  constructor(ask: typeof fetch) {
    this.#ask = ask;
  }

  /** Asks the server, and its authorization server by `authorize`. */
  watching(authorize: typeof fetch): typeof fetch {
    return async (input, init) => {
      if (!isForServer(init)) return authorize(input, init);
      if (init?.method === 'GET') return this.#askForStream(input, init);
      const id = requestId(init?.body);
      const times = id === undefined ? 0 : (this.#requests.get(id)?.times ?? 0);
      if (id !== undefined) this.#requests.set(id, { times, isLast: false });
      const response = await this.#ask(input, init);
      if (id !== undefined && response.status === UNAUTHORIZED) this.#requests.set(id, { times: times + 1, isLast: true });
      return response;
    };
  }

  /** What an error means that ended this request. */
  explain(id: RequestId, error: unknown): unknown {
    const refused = this.#requests.get(id);
    if (refused?.isLast !== true) return error;
    if (refused.times > 1)
      return new McpAuthorizationError('it refuses the token that its authorization server gave', { cause: error });
    // Another request has got a token just now: with a new connection this one has it, too.
    return error instanceof StreamableHTTPError ? error : toAuthorizationError(error);
  }

  forget(id: RequestId): void {
    this.#requests.delete(id);
  }

  /** The client would ask for tokens without end for a stream that is refused again and again. */
  async #askForStream(input: Parameters<typeof fetch>[0], init: RequestInit): Promise<Response> {
    const response = await this.#ask(input, init);
    if (response.status !== UNAUTHORIZED) {
      this.#isStreamRefused = false;
      return response;
    }
    if (!this.#isStreamRefused) {
      this.#isStreamRefused = true;
      return response;
    }
    await response.body?.cancel();
    return new Response(null, { status: FORBIDDEN });
  }
}

/** What is asked for tokens takes no stream, and ends no session. */
function isForServer(init: RequestInit | undefined): boolean {
  const accepted = new Headers(init?.headers).get('accept') ?? '';
  return accepted.includes('text/event-stream') || init?.method === 'DELETE';
}
