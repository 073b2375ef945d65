/** What an error of the official client means for the call that it ended. */
import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import { McpServerError } from './mcp-server-settings.ts';

/**
 * `not-sent`: surely not run. `stale`: not run either, since the server knows this session or its credential no more. `lost`: nobody knows.
 * `said`: the server's own words.
 */
export type CallProblem =
  | { readonly kind: 'not-sent' | 'stale' | 'lost'; readonly reason: string }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'said'; readonly code: number; readonly message: string };

/** Before a connection there is, nothing can have been sent. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/** Bad request stands for an unknown session where a server does not say 404. */
const STALE: readonly number[] = [400, 401, 404];
const GONE = /not connected|the server is gone/i;
/** The client puts the code before the server's words. */
const CODE_BEFORE = /^MCP error -?\d+: /;

export function toCallProblem(error: unknown): CallProblem {
  if (error instanceof McpError) return ofProtocol(error);
  // A secret or a token is missing, without which nothing was sent.
  if (error instanceof McpServerError) return { kind: 'not-sent', reason: error.message };
  if (error instanceof StreamableHTTPError) return ofHttp(error.code ?? -1);
  const code = causeOf(error);
  if (code !== undefined && NOT_CONNECTED.has(code)) return { kind: 'not-sent', reason: `it does not answer (${code})` };
  if (error instanceof Error && GONE.test(error.message)) return { kind: 'not-sent', reason: 'it is gone' };
  if (code !== undefined) return { kind: 'lost', reason: `the connection broke (${code})` };
  return { kind: 'lost', reason: error instanceof TypeError ? 'the connection broke' : 'it sends what is no answer' };
}

/** In words that are ours: a server's own, or a library's, may hold what is for nobody else. */
export function describeProblem(error: unknown): string {
  const problem = toCallProblem(error);
  switch (problem.kind) {
    case 'timed-out':
      return 'it does not answer in time';
    case 'said':
      return `it answers with error ${problem.code}`;
    case 'not-sent':
    case 'stale':
    case 'lost':
      return problem.reason;
  }
}

function ofProtocol({ code, message }: McpError): CallProblem {
  if (code === ErrorCode.RequestTimeout.valueOf()) return { kind: 'timed-out' };
  if (code === ErrorCode.ConnectionClosed.valueOf()) return { kind: 'lost', reason: 'the connection ended' };
  return { kind: 'said', code, message: message.replace(CODE_BEFORE, '') };
}

function ofHttp(status: number): CallProblem {
  const reason = status < 0 ? 'it sends what is no answer' : `it answers with HTTP status ${status}`;
  if (STALE.includes(status)) return { kind: 'stale', reason };
  return { kind: status >= 300 && status < 500 ? 'not-sent' : 'lost', reason };
}

/** Node names what went wrong in the cause of a fetch that failed. */
function causeOf(error: unknown): string | undefined {
  const cause = error instanceof Error ? (error.cause ?? error) : undefined;
  return typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : undefined;
}
