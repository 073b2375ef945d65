/**
 * An authorization server for programs, as strict as real ones: RFC 8414 metadata, the client credentials grant of RFC 6749 with HTTP Basic, resource
 * indicators of RFC 8707. What it refuses it counts.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface AuthorizationServer {
  readonly issuer: string;
  tokenUrl: string;
  /** For a server that is its own authorization server. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  client: { id: string; secret: string };
  /** For which it gives tokens; absent: no resource may be named. */
  resource: string | undefined;
  scopes: readonly string[];
  expiresInSeconds: number;
  /** Its metadata is another's. */
  calledIssuer: string | undefined;
  publishes: boolean;
  /** Answers in place of a token. */
  refusal: { readonly status: number; readonly body: string } | undefined;
  /** Paths that were asked for. */
  readonly asked: string[];
  /** Tokens that it gave, the newest last. */
  readonly tokens: string[];
  close(): Promise<void>;
}

const METADATA = '/.well-known/oauth-authorization-server';

export async function startAuthorizationServer(): Promise<AuthorizationServer> {
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    answer(scene, request, response).catch((error: unknown) => response.destroy(error as Error));
  };
  const http = createServer(handle);
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done));
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const scene: AuthorizationServer = {
    handle,
    ...{ issuer, tokenUrl: `${issuer}/oauth/token`, client: { id: 'anyport', secret: 'hush-hush' } },
    ...{ resource: undefined, scopes: [], expiresInSeconds: 3_600, calledIssuer: undefined, publishes: true, refusal: undefined },
    ...{ asked: [], tokens: [] },
    async close() {
      http.closeAllConnections();
      await new Promise((done) => http.close(done));
    },
  };
  return scene;
}

async function answer(scene: AuthorizationServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { url = '', method } = request;
  scene.asked.push(`${method} ${url}`);
  const body = new URLSearchParams(await text(request));
  if (method === 'GET' && url === METADATA && scene.publishes) return tell(response, 200, metadataOf(scene));
  if (method !== 'POST' || url !== '/oauth/token') return void response.writeHead(404).end();
  if (scene.refusal !== undefined) return void response.writeHead(scene.refusal.status).end(scene.refusal.body);
  const problem = whyNot(scene, request, body);
  if (problem !== undefined) return tell(response, problem === 'invalid_client' ? 401 : 400, { error: problem });
  const token = `token-${scene.tokens.push('') - 1}`;
  scene.tokens[scene.tokens.length - 1] = token;
  tell(response, 200, { access_token: token, token_type: 'Bearer', expires_in: scene.expiresInSeconds });
}

function metadataOf({ issuer, calledIssuer = issuer, tokenUrl }: AuthorizationServer): object {
  return {
    issuer: calledIssuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: tokenUrl,
    response_types_supported: ['code'],
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['client_secret_basic'],
  };
}

function whyNot(scene: AuthorizationServer, { headers }: IncomingMessage, body: URLSearchParams): string | undefined {
  if (headers['content-type']?.startsWith('application/x-www-form-urlencoded') !== true) return 'invalid_request';
  const { id, secret } = scene.client;
  // The secret is in the header alone: in both places it is refused.
  const isKnown = headers.authorization === `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  if (!isKnown || body.has('client_secret')) return 'invalid_client';
  if (body.get('grant_type') !== 'client_credentials') return 'unsupported_grant_type';
  if ((body.get('resource') ?? undefined) !== scene.resource) return 'invalid_target';
  const wanted = (body.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
  return wanted.every((scope) => scene.scopes.includes(scope)) ? undefined : 'invalid_scope';
}

function tell(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body));
}
