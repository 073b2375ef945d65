/** What keeps a server from those who have no token of its authorization server. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Protection {
  /** The tokens that it takes. */
  accepts(token: string): boolean;
  readonly authorizationServers: readonly string[];
  /** Where it says that its metadata is (RFC 9728); default: the well-known path, where it really is. */
  readonly metadataUrl?: string;
  /** It is its own authorization server. */
  authorize?(request: IncomingMessage, response: ServerResponse): void;
  /** Nobody may listen to what it has to say. */
  readonly refusesStreams?: boolean;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const METADATA = '/.well-known/oauth-protected-resource/mcp';

/** Answers whom it keeps out, and who asks whose token it wants. */
export function isKept(protection: Protection, url: string, { request, response }: Exchange): boolean {
  const { url: path = '' } = request;
  if (path === METADATA) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ resource: url, authorization_servers: protection.authorizationServers }));
    return true;
  }
  if (protection.authorize !== undefined && path !== new URL(url).pathname) {
    protection.authorize(request, response);
    return true;
  }
  if (mayPass(protection, request)) return false;
  const { metadataUrl = new URL(METADATA, url).href } = protection;
  response.writeHead(401, { 'www-authenticate': `Bearer resource_metadata="${metadataUrl}"` }).end();
  return true;
}

function mayPass({ accepts, refusesStreams }: Protection, { headers, method }: IncomingMessage): boolean {
  if (refusesStreams === true && method === 'GET') return false;
  const token = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1];
  return token !== undefined && accepts(token);
}
