/** Why no token can be had, in words that are ours: an authorization server's own may hold what is for nobody else. */
import { OAuthError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { McpServerError } from './mcp-server-settings.ts';

/** The call that wanted a token was not run. */
export class McpAuthorizationError extends McpServerError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'McpAuthorizationError';
  }
}

/** By the codes of RFC 6749 §5.2 that an operator can do something about. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['invalid_client', "refuses the client's id or secret"],
  ['unauthorized_client', 'does not let this client have tokens by its id and secret alone'],
  ['invalid_scope', 'refuses the scope'],
  ['invalid_target', 'gives no tokens for this server'],
  ['unsupported_grant_type', 'gives no tokens for an id and a secret alone'],
]);

/** Of whatever was thrown while a token was asked for. */
export function toAuthorizationError(error: unknown): McpServerError {
  if (error instanceof McpServerError) return error;
  if (!(error instanceof OAuthError)) {
    return new McpAuthorizationError('its authorization server sends what is no answer', { cause: error });
  }
  const { errorCode } = error;
  const words = WORDS.get(errorCode) ?? 'gives no token';
  return new McpAuthorizationError(`its authorization server ${words} (${errorCode})`, { cause: error });
}
