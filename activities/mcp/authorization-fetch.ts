/**
 * `fetch` for what leads to a token. Where that is asked for is told by servers, and what is sent is a secret: so it goes nowhere unencrypted, and
 * metadata is read from the server itself and from its authorization server alone.
 */
import { createBoundedFetch } from './bounded-fetch.ts';
import { McpAuthorizationError } from './authorization-error.ts';

/** One that is well answers within a second. */
const ANSWER_MS = 15_000;
/** Where no stranger listens in between. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** `known`: the origins that metadata may come from. */
export function createAuthorizationFetch(known: () => readonly string[]): typeof fetch {
  const bounded = createBoundedFetch(() => undefined);
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (!isConfidential(url)) throw new McpAuthorizationError('it leads to a place for tokens that is not encrypted');
    if (init?.method !== 'POST' && !known().includes(url.origin)) throw leadsElsewhere(url.origin);
    const timeout = AbortSignal.timeout(ANSWER_MS);
    const given = init?.signal ?? undefined;
    const signal = given === undefined ? timeout : AbortSignal.any([given, timeout]);
    try {
      return await bounded(input, { ...init, signal });
    } catch (error) {
      given?.throwIfAborted();
      throw new McpAuthorizationError(`its authorization server does not answer${codeOf(error)}`, { cause: error });
    }
  };
}

function isConfidential({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
}

/** Who decides where a secret goes is the operator. */
export function leadsElsewhere(url: string): McpAuthorizationError {
  const { origin } = new URL(url);
  return new McpAuthorizationError(
    `it leads to ${origin} for a token: when the client's id and secret are of there, write that as issuer`,
  );
}

function codeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string'
    ? ` (${cause.code})`
    : '';
}
