/** Servers that want tokens of an authorization server, over the real wire. */
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { OAuthSettings } from '../../activities/mcp/mcp-server-settings.ts';
import { McpServerError } from '../../activities/mcp/mcp-server-settings.ts';
import type { AuthorizationServer } from './authorization-server.ts';
import { startAuthorizationServer } from './authorization-server.ts';
import type { HttpMcpServer } from './http-server.ts';
import { startHttpMcpServer } from './http-server.ts';
import type { McpScene } from './mcp-scene.ts';
import { anMcpScene } from './mcp-scene.ts';

let http: HttpMcpServer;
let authority: AuthorizationServer;

beforeEach(async () => {
  [http, authority] = await Promise.all([startHttpMcpServer(), startAuthorizationServer()]);
  onTestFinished(async () => {
    await Promise.all([http.close(), authority.close()]);
  });
  authority.resource = http.url;
  http.protection = { accepts: (token) => token === authority.tokens.at(-1), authorizationServers: [authority.issuer] };
});

function aClient(settings: Partial<OAuthSettings> = {}): McpScene {
  return anMcpScene({
    address: { kind: 'http', url: http.url, oauth: { issuer: authority.issuer, ...credentials(), ...settings } },
  });
}

/** Of an operator who is told nothing that is a secret. */
async function whyAway({ names, alerts }: McpScene): Promise<string> {
  expect(await names()).toEqual([]);
  const told = alerts.join('\n');
  expect(told).not.toMatch(/hush-hush|token-\d|aHVzaC/);
  return told;
}

describe('a token', () => {
  test('is had from the issuer, whose token endpoint is found by its metadata, and is used for all calls', async () => {
    const { names, call } = aClient();

    expect(await names()).toEqual(['mcp__trial__echo', 'mcp__trial__add']);
    expect(await call('echo', { a: 1 })).toEqual({ outcome: 'ok', output: '{"a":1}' });
    await call('add');
    expect(authority.asked).toEqual(['GET /.well-known/oauth-authorization-server', 'POST /oauth/token']);
    expect(new Set(http.authorizations)).toEqual(new Set([undefined, 'Bearer token-0']));
  });

  test('is asked for with the scopes that are configured', async () => {
    authority.scopes = ['tools.read', 'tools.call'];
    const { call } = aClient({ scope: 'tools.read tools.call' });

    expect(await call('echo')).toMatchObject({ outcome: 'ok' });
  });

  test('is had where the operator says, from an authorization server that publishes nothing', async () => {
    authority.publishes = false;
    const { call } = anMcpScene({
      address: { kind: 'http', url: http.url, oauth: { tokenUrl: authority.tokenUrl, ...credentials() } },
    });

    expect(await call('echo')).toMatchObject({ outcome: 'ok' });
    expect(authority.asked).toEqual(['POST /oauth/token']);
  });

  test('is had without an issuer from a server that is its own authorization server', async () => {
    const { origin } = new URL(http.url);
    Object.assign(authority, { calledIssuer: origin, tokenUrl: `${origin}/oauth/token` });
    http.protection = {
      accepts: (token) => token === authority.tokens.at(-1),
      authorizationServers: [origin],
      authorize: authority.handle,
    };
    const { call } = anMcpScene({ address: { kind: 'http', url: http.url, oauth: credentials() } });

    expect(await call('echo')).toMatchObject({ outcome: 'ok' });
    expect(authority.asked).toEqual(['GET /.well-known/oauth-authorization-server', 'POST /oauth/token']);
  });

  test('that the server refuses is replaced once, and the call runs once', async () => {
    const { call } = aClient();
    await call('echo');
    const old = authority.tokens.at(-1);
    http.protection = { authorizationServers: [authority.issuer], accepts: (token) => token !== old };

    expect(await call('add')).toMatchObject({ outcome: 'ok' });
    expect(authority.tokens).toHaveLength(2);
    expect(http.calls).toEqual(['echo', 'add']);
  });

  test('is renewed a minute before it expires: no call is refused for it', async () => {
    const { call } = aClient();
    await call('echo');
    const refused = () => http.authorizations.filter((authorization) => authorization === undefined).length;
    const before = refused();
    pass(authority.expiresInSeconds - 59);

    expect(await call('add')).toMatchObject({ outcome: 'ok' });
    expect(http.authorizations.at(-1)).toBe('Bearer token-1');
    expect(refused()).toBe(before);
  });

  test.each([
    ['it is down', { refusal: { status: 503, body: '' } }, 'gives no token (server_error)'],
    ['the secret is no more the right one', { client: { id: 'anyport', secret: 'another' } }, '(invalid_client)'],
  ])('is used until its end when no other can be had since %s, and then no more', async (_, overrides, words) => {
    const { call } = aClient();
    await call('echo');
    Object.assign(authority, overrides);
    pass(authority.expiresInSeconds - 59);

    expect(await call('add')).toMatchObject({ outcome: 'ok' });
    pass(60);
    expect(await call('add')).toMatchObject({ outcome: 'refused', output: expect.stringContaining(words) });
    expect(http.calls).toEqual(['echo', 'add']);
  });

  test('is had by an id and a secret that are read anew, so that they may be rotated', async () => {
    const secrets = ['old', 'hush-hush'];
    const { names } = aClient({ readCredentials: () => ({ clientId: 'anyport', clientSecret: secrets.shift() ?? 'hush-hush' }) });

    expect(await names()).toHaveLength(2);
  });
});

describe('a server is away, and its operator is told why', () => {
  test.each([
    [
      'the secret is wrong',
      { client: { id: 'anyport', secret: 'another' } },
      "refuses the client's id or secret (invalid_client)",
    ],
    [
      'the server is not one of its own',
      { resource: 'https://other.example/mcp' },
      'gives no tokens for this server (invalid_target)',
    ],
    [
      'it is down',
      { refusal: { status: 503, body: '<p>hush-hush</p>' } },
      'its authorization server gives no token (server_error)',
    ],
    ['it sends nonsense', { refusal: { status: 200, body: '{"access_token": 7, "x": "hush-hush"}' } }, 'sends what is no answer'],
    [
      'its tokens are of another kind',
      { refusal: { status: 200, body: '{"access_token": "x", "token_type": "DPoP"}' } },
      'gives tokens of another kind than "bearer"',
    ],
    ['it publishes nothing', { publishes: false }, 'does not publish where tokens are had: write that as tokenUrl'],
    [
      'it is another than it says',
      { calledIssuer: 'https://evil.example' },
      'has another name than the one that it was asked by',
    ],
    [
      'its token endpoint is not encrypted',
      { tokenUrl: 'http://evil.example/token' },
      'a place for tokens that is not encrypted',
    ],
  ])('when %s', async (_, overrides, words) => {
    Object.assign(authority, overrides);

    expect(await whyAway(aClient())).toContain(words);
  });

  test('when the scope is refused', async () => {
    expect(await whyAway(aClient({ scope: 'everything' }))).toContain(
      'its authorization server refuses the scope (invalid_scope)',
    );
  });

  test('when the authorization server does not answer', async () => {
    await authority.close();

    expect(await whyAway(aClient())).toContain('its authorization server does not answer (ECONNREFUSED)');
  });

  test('when the server refuses every token, for which no more than two are asked', async () => {
    http.protection = { authorizationServers: [authority.issuer], accepts: () => false };

    expect(await whyAway(aClient())).toContain('it refuses the token that its authorization server gave');
    expect(authority.tokens.length).toBeLessThanOrEqual(2);
  });

  test('when the secret is missing, and nothing is sent', async () => {
    const readCredentials = () => {
      throw new McpServerError('the variable SECRET is not set');
    };

    expect(await whyAway(aClient({ readCredentials }))).toContain('the variable SECRET is not set');
    expect(authority.tokens).toEqual([]);
  });
});

describe('a secret', () => {
  test('goes to no authorization server that the server names, unless it is of its own host or the operator named it', async () => {
    const scene = anMcpScene({ address: { kind: 'http', url: http.url, oauth: credentials() } });

    expect(await whyAway(scene)).toContain(`it leads to ${authority.issuer} for a token`);
    expect(authority.asked).toEqual([]);
  });

  test('goes to the issuer, whoever else is named', async () => {
    const other = await startAuthorizationServer();
    onTestFinished(() => other.close());
    http.protection = { authorizationServers: [other.issuer], accepts: (token) => token === authority.tokens.at(-1) };

    expect(await aClient().names()).toHaveLength(2);
    expect(other.asked).toEqual([]);
  });

  test('is not what makes a call unknown: one that got no token was not run', async () => {
    const { call } = aClient();
    await call('echo');
    http.protection = { authorizationServers: [authority.issuer], accepts: () => false };
    authority.client = { id: 'anyport', secret: 'another' };

    const end = await call('add');

    expect(end).toMatchObject({ outcome: 'refused', output: expect.stringContaining("refuses the client's id or secret") });
    expect(http.calls).toEqual(['echo']);
  });
});

test('metadata is asked for at no other host, whatever a server says', async () => {
  const other = await startAuthorizationServer();
  onTestFinished(() => other.close());
  http.protection = { accepts: () => false, authorizationServers: [authority.issuer], metadataUrl: `${other.issuer}/internal` };

  await aClient().names();

  expect(other.asked).toEqual([]);
});

test('a stream that is refused again and again asks for no tokens without end', async () => {
  const accepts = (token: string) => token === authority.tokens.at(-1);
  http.protection = { authorizationServers: [authority.issuer], accepts, refusesStreams: true };
  const { call } = aClient();

  expect(await call('echo')).toMatchObject({ outcome: 'ok' });
  expect(await call('echo')).toMatchObject({ outcome: 'ok' });
  expect(authority.tokens.length).toBeLessThan(5);
});

/** The clock alone; everything else is as it is. */
function pass(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1_000 });
  onTestFinished(() => void vi.useRealTimers());
}

function credentials() {
  return { readCredentials: () => ({ clientId: 'anyport', clientSecret: 'hush-hush' }) };
}
