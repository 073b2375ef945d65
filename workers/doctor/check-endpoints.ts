/** Whether each endpoint could be called: its credentials are there and its host answers. Nothing is sent to it. */
import { accessSync, constants } from 'node:fs';
import type { AnyportConfig, EndpointAuth, EndpointConfig, SecretReference } from '../anyport-config.ts';
import type { DevRecord } from '../dev/dev-record.ts';
import type { Check } from './check.ts';
import { probeAddress } from './probe-address.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a cloud is when the configuration does not say; only to knock at the door, the adapters know their own. */
const USUAL_HOSTS = {
  openai: () => 'api.openai.com',
  azure: () => undefined,
  aws: ({ region, surface }) =>
    surface === 'bedrock-runtime' ? `bedrock-runtime.${region}.amazonaws.com` : `bedrock-mantle.${region}.api.aws`,
  google: ({ region }) => googleHost(region ?? 'global'),
} as const satisfies Record<EndpointConfig['cloud'], (endpoint: EndpointConfig) => string | undefined>;

/** Three forms: global, multi-region, region (Vertex AI documentation, 2026-11). */
function googleHost(location: string): string {
  if (location === 'global') return 'aiplatform.googleapis.com';
  return location.includes('-') ? `${location}-aiplatform.googleapis.com` : `aiplatform.${location}.rep.googleapis.com`;
}

export function checkEndpoints(config: AnyportConfig, environment: Environment): Promise<readonly Check[]> {
  return Promise.all(config.endpoints.map((endpoint) => checkEndpoint(endpoint, environment)));
}

/** Of a machine without any cloud: whether the emulated ones of a running stack answer. */
export async function checkEmulatedClouds(stack: DevRecord | undefined): Promise<readonly Check[]> {
  if (stack?.emulated !== true) {
    const detail = 'no cloud is configured: "npm start" and "npm run demo" use emulated clouds';
    const remedy = 'to use a real one, set its usual variables (OPENAI_API_KEY, …) or write anyport.yaml';
    return [{ check: 'endpoints', state: 'note', detail, remedy }];
  }
  return Promise.all(
    Object.entries(stack.controls).map(async ([name, control]): Promise<Check> => {
      const problem = await probeUrl(control);
      const check = `endpoint ${name}`;
      if (problem === undefined) return { check, state: 'ok', detail: 'emulated, answers' };
      return { check, state: 'problem', detail: `emulated, ${problem}`, remedy: 'stop the local stack and start it again' };
    }),
  );
}

async function checkEndpoint(endpoint: EndpointConfig, environment: Environment): Promise<Check> {
  const check = `endpoint ${endpoint.name}`;
  const missing = secretsOf(endpoint.auth).flatMap((secret) => whyMissing(secret, environment) ?? []);
  if (missing.length > 0) {
    return {
      check,
      state: 'problem',
      detail: missing.join('; '),
      remedy: 'set it where the worker is started, or change the endpoint’s auth',
    };
  }
  const models = endpoint.deployments.map(({ model }) => model).join(', ');
  const url = endpoint.baseUrl ?? usualUrl(endpoint);
  const problem = url === undefined ? 'has no base URL' : await probeUrl(url);
  if (problem !== undefined) {
    const remedy = 'check baseUrl and region, and whether this machine may reach that host (a proxy, a firewall, DNS)';
    return { check, state: 'problem', detail: `${url ?? endpoint.cloud}: ${problem}`, remedy };
  }
  return { check, state: 'ok', detail: `${endpoint.cloud}, ${describeAuth(endpoint.auth)}, host answers, serves ${models}` };
}

function usualUrl(endpoint: EndpointConfig): string | undefined {
  const host = USUAL_HOSTS[endpoint.cloud](endpoint);
  return host === undefined ? undefined : `https://${host}`;
}

async function probeUrl(text: string): Promise<string | undefined> {
  const url = URL.parse(text);
  if (url === null) return 'is no URL';
  const usualPort = url.protocol === 'http:' ? 80 : 443;
  return probeAddress(url.hostname, url.port === '' ? usualPort : Number(url.port));
}

function secretsOf(auth: EndpointAuth): readonly SecretReference[] {
  switch (auth.kind) {
    case 'api-key':
    case 'bearer-token':
      return [auth.secret];
    case 'access-key':
      return [auth.accessKeyId, auth.secretAccessKey, ...(auth.sessionToken === undefined ? [] : [auth.sessionToken])];
    case 'profile':
    case 'default-chain':
      return [];
  }
}

function whyMissing(secret: SecretReference, environment: Environment): string | undefined {
  if (secret.kind === 'environment') {
    const value = environment[secret.name];
    return value === undefined || value === '' ? `the variable ${secret.name} is not set` : undefined;
  }
  try {
    accessSync(secret.path, constants.R_OK);
    return undefined;
  } catch {
    return `the file ${secret.path} cannot be read`;
  }
}

function describeAuth(auth: EndpointAuth): string {
  switch (auth.kind) {
    case 'api-key':
    case 'bearer-token':
    case 'access-key':
      return 'credentials are set';
    case 'profile':
      return `profile ${auth.profile} (not tried)`;
    case 'default-chain':
      return 'the cloud’s own credential chain (not tried)';
  }
}
