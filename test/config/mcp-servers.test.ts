import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { McpServerConfig } from '../../workers/anyport-config.ts';
import { loadConfig } from '../../workers/config.ts';
import { toServerSettings } from '../../workers/to-mcp-servers.ts';

const folder = mkdtempSync(join(tmpdir(), 'anyport-mcp-config-'));
const file = join(folder, 'anyport.yaml');

/** The server stands on the fourth line. */
function load(server: string, name = 'tracker'): readonly McpServerConfig[] {
  writeFileSync(
    file,
    `endpoints:\n  a: { cloud: openai, deployments: { m: x } }\nmcpServers:\n  ${name}: ${server}\ntenants: { acme: }\n`,
  );
  return loadConfig({ file, environment: {}, workingDirectory: folder }).mcpServers;
}

test('a program has our defaults for what it does not say', () => {
  expect(load('{ command: npx, args: [-y, x] }')).toEqual([
    {
      name: 'tracker',
      address: { kind: 'stdio', command: 'npx', args: ['-y', 'x'], variables: [], workingDirectory: folder },
      startMs: 30_000,
      callMs: 300_000,
      deny: [],
      classes: [],
      isRequired: false,
    },
  ]);
});

test('a server elsewhere may say everything', () => {
  const server =
    '{ url: "https://a.example/mcp", auth: { bearerTokenEnv: T }, allowTools: [a], denyTools: ["b*"], required: true, tenants: [acme, default], ' +
    'timeouts: { startSeconds: 1, callSeconds: 0.5 }, tools: { a: { risk: none }, "a*": { retryClass: read-only } } }';

  expect(load(server)).toEqual([
    {
      name: 'tracker',
      address: { kind: 'http', url: 'https://a.example/mcp', token: { kind: 'environment', name: 'T' } },
      startMs: 1_000,
      callMs: 500,
      allow: ['a'],
      deny: ['b*'],
      classes: [
        { pattern: 'a', risk: 'none' },
        { pattern: 'a*', retryClass: 'read-only' },
      ],
      tenants: ['acme', 'default'],
      isRequired: true,
    },
  ]);
});

test('a server that wants tokens says where and by whose names they are had', () => {
  const oauth = '{ clientIdEnv: ID, clientSecretEnv: SECRET, issuer: "https://login.example", scopes: [tools.read, tools.call] }';
  const [config] = load(`{ url: "https://a.example/mcp", auth: { oauth: ${oauth} } }`);
  const settings = (environment: Readonly<Record<string, string>>) => {
    const address = config === undefined ? undefined : toServerSettings(config, environment).address;
    return address?.kind === 'http' ? address.oauth : undefined;
  };

  expect(config?.address).toEqual({
    kind: 'http',
    url: 'https://a.example/mcp',
    oauth: {
      clientId: { kind: 'environment', name: 'ID' },
      clientSecret: { kind: 'environment', name: 'SECRET' },
      issuer: 'https://login.example',
      scope: 'tools.read tools.call',
    },
  });
  expect(settings({ ID: 'i', SECRET: 's' })?.readCredentials()).toEqual({ clientId: 'i', clientSecret: 's' });
  expect(() => settings({ ID: 'i' })?.readCredentials()).toThrow('the variable SECRET is not set');
});

describe('a server is refused', () => {
  test.each([
    ['without a way to it', '{ args: [x] }', ':4:3: mcpServer tracker: needs either a command'],
    ['with two ways to it', '{ command: a, url: "https://a" }', ':4:3: mcpServer tracker: needs either a command'],
    [
      'with arguments for an address',
      '{ url: "https://a", args: [x] }',
      ':4:32: mcpServer tracker: args is for a server with a command',
    ],
    ['with a token for a program', '{ command: a, auth: { bearerTokenEnv: T } }', 'auth is for a server with a url: remove it'],
    [
      'with two tokens',
      '{ url: "https://a", auth: { bearerTokenEnv: T, bearerTokenFile: t } }',
      'auth needs either bearerTokenEnv or bearerTokenFile or oauth',
    ],
    [
      'with a token and a way to tokens',
      '{ url: "https://a", auth: { bearerTokenEnv: T, oauth: { clientIdEnv: I, clientSecretEnv: S } } }',
      'auth needs either bearerTokenEnv or bearerTokenFile or oauth',
    ],
    [
      'with an id alone',
      '{ url: "https://a", auth: { oauth: { clientIdEnv: I } } }',
      'oauth needs either clientSecretEnv or clientSecretFile',
    ],
    [
      'with a secret in the file',
      '{ url: "https://a", auth: { oauth: { clientIdEnv: I, clientSecretEnv: hush-hush } } }',
      'must be the name of an environment variable, not the secret itself',
    ],
    [
      'with an issuer that is reached in the clear',
      '{ url: "https://a", auth: { oauth: { clientIdEnv: I, clientSecretEnv: S, issuer: "http://login.example" } } }',
      'issuer sends credentials to login.example unencrypted',
    ],
    [
      'with two places for tokens',
      '{ url: "https://a", auth: { oauth: { clientIdEnv: I, clientSecretEnv: S, issuer: "https://b", tokenUrl: "https://b/t" } } }',
      'tokenUrl is for an authorization server that publishes nothing: remove it, or issuer',
    ],
    [
      'with its token in the file',
      '{ url: "https://a", auth: { bearerTokenEnv: sk-123 } }',
      'must be the name of an environment variable, not the secret itself',
    ],
    ['with a token sent in the clear', '{ url: "http://a.example" }', 'url sends credentials to a.example unencrypted'],
    [
      'with a password in its address',
      '{ url: "https://me:secret@a.example" }',
      'url must have no user, password, query or fragment',
    ],
    ['that is no address', '{ url: tracker }', 'url is no web address'],
    ['for a tenant that is not there', '{ command: a, tenants: [acmee] }', 'there is no tenant "acmee": add it under tenants'],
    ['for nobody', '{ command: a, tenants: [] }', 'must name at least one tenant: or remove the key'],
    [
      'with a class that it cannot keep',
      '{ command: a, tools: { x: { retryClass: workspace } } }',
      'must be read-only or external, not "workspace"',
    ],
    ['with a key of its own', '{ command: a, env: { A: b } }', 'unknown key "env"'],
  ])('%s', (_, server, words) => {
    expect(() => load(server)).toThrow(words);
  });

  test('whose name cannot be a part of a tool’s', () => {
    expect(() => load('{ command: a }', 'my_tracker')).toThrow('must be made of a-z, 0-9 and "-", 32 at most');
  });

  test('without telling what may be a secret', () => {
    expect(() => load('{ url: "https://me:secret@a.example", args: [7] }')).toThrow(
      expect.objectContaining({ message: expect.not.stringMatching(/secret|7,/) }),
    );
  });
});

describe('what a program gets', () => {
  const environmentOf = (server: string, environment: Readonly<Record<string, string>>) => {
    const [config] = load(server);
    const address = config === undefined ? undefined : toServerSettings(config, environment).address;
    return address?.kind === 'stdio' ? address.readEnvironment() : undefined;
  };

  test('is what it needs and what it is to have, as it is then', () => {
    const environment = { PATH: '/bin', HOME: '/home/me', OPENAI_API_KEY: 'sk', TOKEN: ' t ' };

    expect(environmentOf('{ command: a, envFrom: [TOKEN] }', environment)).toEqual({
      PATH: '/bin',
      HOME: '/home/me',
      TOKEN: 't',
    });
  });

  test('is nothing when a variable is missing', () => {
    expect(() => environmentOf('{ command: a, envFrom: [TOKEN] }', { TOKEN: '' })).toThrow('the variable TOKEN is not set');
  });
});
