/** The MCP servers of the file -> what the activities know of them. */
import { dirname, resolve } from 'node:path';
import type { McpAddress, McpServerSettings, OAuthSettings } from '../activities/mcp/mcp-server-settings.ts';
import { McpServerError } from '../activities/mcp/mcp-server-settings.ts';
import { DEFAULT_TENANT } from '../workflows/domain/task-queues.ts';
import type { McpServerConfig, OAuthConfig, SecretReference } from './anyport-config.ts';
import { checkWebAddress } from './check-web-address.ts';
import type { Report } from './config-mistakes.ts';
import type { RawMcpServer, RawOAuth } from './mcp-schema.ts';
import type { Environment } from './read-secret.ts';
import { readSecret } from './read-secret.ts';

/** A package that is fetched first takes half a minute. */
const START_SECONDS = 30;
/** Longer than a service takes to answer, shorter than a person waits. */
const CALL_SECONDS = 300;
/** What a program needs to find others, its home and its language; nothing of it is a secret. */
const PASSED_ON = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];

export interface McpContext {
  /** Path of the file. */
  readonly source: string;
  /** Names of the configured tenants. */
  readonly tenants: readonly string[];
  readonly report: Report;
}

export function toMcpServer(name: string, raw: RawMcpServer, { source, tenants, report }: McpContext): McpServerConfig {
  checkWay(raw, report);
  checkWebAddress('url', raw.url, report);
  raw.tenants?.forEach((tenant, index) => {
    if (tenant === DEFAULT_TENANT || tenants.includes(tenant)) return;
    report(['tenants', index], `there is no tenant "${tenant}": add it under tenants, or correct its name`);
  });
  const { timeouts = {}, allowTools, denyTools = [], tools = {}, required = false } = raw;
  return {
    name,
    address: toAddress(raw, source),
    startMs: Math.round((timeouts.startSeconds ?? START_SECONDS) * 1_000),
    callMs: Math.round((timeouts.callSeconds ?? CALL_SECONDS) * 1_000),
    ...(allowTools === undefined ? {} : { allow: allowTools }),
    deny: denyTools,
    classes: Object.entries(tools).map(([pattern, told]) => ({ pattern, ...told })),
    ...(raw.tenants === undefined ? {} : { tenants: raw.tenants }),
    isRequired: required,
  };
}

function checkWay({ command, args, envFrom, cwd, url, auth }: RawMcpServer, report: Report): void {
  if ((command === undefined) === (url === undefined)) {
    report([], 'needs either a command, of a server that is started here, or the url of one that runs elsewhere');
    return;
  }
  const misplaced = command === undefined ? { args, envFrom, cwd } : { auth };
  for (const [key, value] of Object.entries(misplaced)) {
    if (value !== undefined)
      report([key], `${key} is for a server with ${command === undefined ? 'a command' : 'a url'}: remove it`);
  }
  if (auth === undefined) return;
  const ways = [auth.bearerTokenEnv, auth.bearerTokenFile, auth.oauth].filter((way) => way !== undefined);
  if (ways.length !== 1) report(['auth'], 'auth needs either bearerTokenEnv or bearerTokenFile or oauth');
  if (auth.oauth !== undefined) checkOAuth(auth.oauth, (path, problem) => report(['auth', 'oauth', ...path], problem));
}

function checkOAuth({ clientSecretEnv, clientSecretFile, issuer, tokenUrl }: RawOAuth, report: Report): void {
  if ((clientSecretEnv === undefined) === (clientSecretFile === undefined))
    report([], 'oauth needs either clientSecretEnv or clientSecretFile');
  if (issuer !== undefined && tokenUrl !== undefined)
    report(['tokenUrl'], 'tokenUrl is for an authorization server that publishes nothing: remove it, or issuer');
  checkWebAddress('issuer', issuer, report);
  checkWebAddress('tokenUrl', tokenUrl, report);
}

function toAddress(
  { command, args = [], envFrom = [], cwd, url = '', auth }: RawMcpServer,
  source: string,
): McpServerConfig['address'] {
  if (command !== undefined) {
    const folder = dirname(source);
    return {
      kind: 'stdio',
      command,
      args,
      variables: envFrom,
      workingDirectory: cwd === undefined ? folder : resolve(folder, cwd),
    };
  }
  const token = toReference(auth);
  const oauth = auth?.oauth === undefined ? {} : { oauth: toOAuth(auth.oauth) };
  return { kind: 'http', url, ...(token === undefined ? {} : { token }), ...oauth };
}

function toOAuth({ clientIdEnv, clientSecretEnv, clientSecretFile = '', issuer, tokenUrl, scopes }: RawOAuth): OAuthConfig {
  return {
    clientId: { kind: 'environment', name: clientIdEnv },
    clientSecret:
      clientSecretEnv === undefined ? { kind: 'file', path: clientSecretFile } : { kind: 'environment', name: clientSecretEnv },
    ...(issuer === undefined ? {} : { issuer }),
    ...(tokenUrl === undefined ? {} : { tokenUrl }),
    ...(scopes === undefined ? {} : { scope: scopes.join(' ') }),
  };
}

function toReference({ bearerTokenEnv, bearerTokenFile }: NonNullable<RawMcpServer['auth']> = {}): SecretReference | undefined {
  if (bearerTokenEnv !== undefined) return { kind: 'environment', name: bearerTokenEnv };
  return bearerTokenFile === undefined ? undefined : { kind: 'file', path: bearerTokenFile };
}

/** Secrets are read when they are needed, and again with each start and connection. */
export function toServerSettings({ address, ...settings }: McpServerConfig, environment: Environment): McpServerSettings {
  return { ...settings, address: withSecrets(address, environment) };
}

function withSecrets(address: McpServerConfig['address'], environment: Environment): McpAddress {
  if (address.kind === 'stdio') {
    const { variables, ...process } = address;
    return { ...process, readEnvironment: () => environmentOf(variables, environment) };
  }
  const { token, oauth, ...place } = address;
  return {
    ...place,
    ...(token === undefined ? {} : { readToken: () => secretOf(token, environment) }),
    ...(oauth === undefined ? {} : { oauth: withCredentials(oauth, environment) }),
  };
}

function withCredentials({ clientId, clientSecret, ...place }: OAuthConfig, environment: Environment): OAuthSettings {
  return {
    ...place,
    readCredentials: () => ({
      clientId: secretOf(clientId, environment),
      clientSecret: secretOf(clientSecret, environment),
    }),
  };
}

/** Made from nothing: the worker's own holds the clouds' credentials. */
function environmentOf(variables: readonly string[], environment: Environment): Readonly<Record<string, string>> {
  const usual = PASSED_ON.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const asked = variables.map((name) => [name, secretOf({ kind: 'environment', name }, environment)] as const);
  return Object.fromEntries([...usual, ...asked]);
}

function secretOf(reference: SecretReference, environment: Environment): string {
  const read = readSecret(reference, environment);
  if ('problem' in read) throw new McpServerError(read.problem);
  return read.secret;
}
