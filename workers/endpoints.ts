/** From the configuration to what can be called: connections with their secrets read, and deployments without them. */
import { createHash } from 'node:crypto';
import type { AwsCredential, AzureCredential, EndpointConnection, GoogleCredential } from '../activities/clouds/cloud-client.ts';
import type { PlacedDeployment } from '../workflows/domain/candidate.ts';
import type { DeploymentId } from '../workflows/domain/ids.ts';
import { toDeploymentId } from '../workflows/domain/ids.ts';
import type { DatedPrices } from '../workflows/domain/price.ts';
import { priceAt } from '../workflows/domain/price.ts';
import type { RateLimits } from '../workflows/domain/rate-window.ts';
import type { Deployment } from '../workflows/domain/route.ts';
import type { AnyportConfig, DeploymentConfig, EndpointConfig, SecretReference } from './anyport-config.ts';
import { ConfigError } from './config-error.ts';
import type { Environment } from './read-secret.ts';
import { missingSecrets, readSecret } from './read-secret.ts';

export interface ResolvedEndpoint {
  readonly name: string;
  readonly connection: EndpointConnection;
  /** Reads the secrets again. @throws ConfigError when one is gone */
  connect(): EndpointConnection;
  readonly timeouts: EndpointConfig['timeouts'];
  readonly runtime?: EndpointConfig['runtime'];
  readonly deployments: readonly ResolvedDeployment[];
}

export interface ResolvedDeployment {
  readonly deployment: Deployment;
  readonly prices: DatedPrices;
  readonly wireModel: string;
  readonly background: boolean | 'auto';
  readonly site: string;
  readonly limits?: RateLimits;
  /** The service's id of a saved agent. */
  readonly agent?: string;
}

/** An endpoint whose secrets are not here: other workers serve it. */
export interface UnservedEndpoint {
  readonly name: string;
  /** Why, and what to do. */
  readonly problems: readonly string[];
}

export interface ResolvedEndpoints {
  /** Of every configured endpoint: a route leads over those that other workers serve too. */
  readonly deployments: readonly Deployment[];
  /** The same, each with where it is. */
  readonly placed: readonly PlacedDeployment[];
  readonly prices: ReadonlyMap<DeploymentId, DatedPrices>;
  readonly served: readonly ResolvedEndpoint[];
  readonly unserved: readonly UnservedEndpoint[];
}

/** @throws ConfigError when no endpoint is configured, or when none can be served from here, naming every secret that is missing */
export function resolveEndpoints({ endpoints }: AnyportConfig, environment: Environment): ResolvedEndpoints {
  if (endpoints.length === 0) {
    throw new ConfigError([
      'no cloud is configured: write anyport.yaml (see anyport.example.yaml), or set the usual variables of a cloud, such as ' +
        'OPENAI_API_KEY; "npm start" and "npm run demo" use emulated clouds',
    ]);
  }
  const unserved = endpoints.flatMap((endpoint) => whyUnserved(endpoint, environment));
  if (unserved.length === endpoints.length) throw new ConfigError(unserved.flatMap(({ problems }) => problems));
  const served = endpoints
    .filter(({ name }) => !unserved.some((other) => other.name === name))
    .map((endpoint) => resolveEndpoint(endpoint, environment));
  const placed = placedDeployments({ endpoints });
  const dated = endpoints.flatMap(({ name, deployments }) =>
    deployments.map(({ model, prices }) => [toDeploymentId(name, model), prices] as const),
  );
  return { deployments: placed.map(({ deployment }) => deployment), placed, prices: new Map(dated), served, unserved };
}

/** Of every configured endpoint, whoever serves it; no secret is needed for it. */
export function placedDeployments({ endpoints }: Pick<AnyportConfig, 'endpoints'>): readonly PlacedDeployment[] {
  return endpoints.flatMap((endpoint) =>
    endpoint.deployments.map((entry) => {
      const { place, hasOwnPrice, prices, ownCapabilities } = entry;
      return {
        deployment: toDeployment(endpoint, entry),
        place,
        ...(hasOwnPrice ? { ownPrices: prices } : {}),
        ...(ownCapabilities === undefined ? {} : { ownCapabilities }),
      };
    }),
  );
}

function whyUnserved({ name, place, auth }: EndpointConfig, environment: Environment): readonly UnservedEndpoint[] {
  const where = place === undefined ? '' : `${place}: `;
  const problems = missingSecrets(auth, environment).map((problem) => `${where}endpoint ${name}: ${problem}`);
  return problems.length === 0 ? [] : [{ name, problems }];
}

function resolveEndpoint(endpoint: EndpointConfig, environment: Environment): ResolvedEndpoint {
  const read = (reference: SecretReference): string => {
    const found = readSecret(reference, environment);
    if ('secret' in found) return found.secret;
    throw new ConfigError([`endpoint ${endpoint.name}: ${found.problem}`]); // gone since it was looked for
  };
  const deployments = endpoint.deployments.map((entry) => toResolved(endpoint, entry));
  const connect = (): EndpointConnection => connectionOf(endpoint, read);
  const { name, timeouts, runtime } = endpoint;
  return { name, connection: connect(), connect, timeouts, deployments, ...(runtime === undefined ? {} : { runtime }) };
}

function toResolved(endpoint: EndpointConfig, entry: DeploymentConfig): ResolvedDeployment {
  return {
    deployment: toDeployment(endpoint, entry),
    prices: entry.prices,
    wireModel: entry.wireModel,
    background: endpoint.background,
    site: siteOf(endpoint),
    ...(entry.limits === undefined ? {} : { limits: entry.limits }),
    ...(entry.agent === undefined ? {} : { agent: entry.agent }),
  };
}

/** A cloud's own address is one for each region; one that is configured is a host of its own. */
function siteOf({ baseUrl, cloud, region }: EndpointConfig): string {
  return (baseUrl === undefined ? undefined : URL.parse(baseUrl)?.host) ?? `${cloud} ${region ?? '-'}`;
}

function toDeployment(endpoint: EndpointConfig, entry: DeploymentConfig): Deployment {
  const { model, capabilities, capacity, prices, place } = entry;
  const { name, cloud, region } = endpoint;
  return {
    id: toDeploymentId(name, model),
    endpoint: name,
    cloud,
    region,
    model,
    boundary: `${cloud}:${accountOf(endpoint)}:${region ?? '-'}:${familyOf(model)}`,
    capabilities,
    price: priceAt(prices, Date.now()),
    ...(capacity === undefined ? {} : { capacity }),
    failureDomains: place.failureDomains,
    ...(endpoint.service === undefined ? {} : { service: endpoint.service }),
  };
}

/** Which account it is cannot be asked without a call; what is configured stands for it. Never wider than the truth. */
function accountOf({ cloud, surface, project, baseUrl, auth }: EndpointConfig): string {
  const identity = JSON.stringify([surface ?? null, project ?? null, baseUrl ?? null, auth]);
  const short = createHash('sha256').update(identity).digest('hex').slice(0, 12);
  return cloud === 'google' && project !== undefined ? `${project}.${short}` : short;
}

/** `gpt-6.1-sol` and `gpt-6.1-terra` are of the family `gpt-6.1`; a name of another form is its own family. */
function familyOf(model: string): string {
  return /^gpt-\d+(\.\d+)?/.exec(model)?.[0] ?? model;
}

type ReadSecret = (reference: SecretReference) => string;

function connectionOf(endpoint: EndpointConfig, read: ReadSecret): EndpointConnection {
  const { cloud } = endpoint;
  const base = endpoint.baseUrl === undefined ? {} : { baseUrl: endpoint.baseUrl };
  switch (cloud) {
    case 'openai':
      return { cloud, ...base, apiKey: keyOf(endpoint, read) };
    case 'azure':
      return { cloud, baseUrl: endpoint.baseUrl ?? refuse(endpoint), credential: azureCredential(endpoint, read) };
    case 'aws':
      return {
        cloud,
        surface: endpoint.surface ?? 'bedrock-mantle',
        region: endpoint.region ?? refuse(endpoint),
        ...base,
        credential: awsCredential(endpoint, read),
      };
    case 'google':
      return {
        cloud,
        project: endpoint.project ?? refuse(endpoint),
        location: endpoint.region ?? 'global',
        ...base,
        credential: googleCredential(endpoint, read),
      };
  }
}

function keyOf(endpoint: EndpointConfig, read: ReadSecret): string {
  return 'secret' in endpoint.auth ? read(endpoint.auth.secret) : refuse(endpoint);
}

function azureCredential(endpoint: EndpointConfig, read: ReadSecret): AzureCredential {
  const secret = keyOf(endpoint, read);
  return endpoint.auth.kind === 'api-key' ? { kind: 'api-key', apiKey: secret } : { kind: 'bearer-token', token: secret };
}

function awsCredential(endpoint: EndpointConfig, read: ReadSecret): AwsCredential {
  const { auth } = endpoint;
  switch (auth.kind) {
    case 'bearer-token':
      return { kind: auth.kind, token: read(auth.secret) };
    case 'access-key':
      return {
        kind: auth.kind,
        accessKeyId: read(auth.accessKeyId),
        secretAccessKey: read(auth.secretAccessKey),
        ...(auth.sessionToken === undefined ? {} : { sessionToken: read(auth.sessionToken) }),
      };
    case 'profile':
    case 'default-chain':
      return auth;
    case 'api-key':
      return refuse(endpoint);
  }
}

function googleCredential(endpoint: EndpointConfig, read: ReadSecret): GoogleCredential {
  const { auth } = endpoint;
  if (auth.kind === 'bearer-token') return { kind: 'access-token', token: read(auth.secret) };
  return auth.kind === 'default-chain' ? { kind: 'default' } : refuse(endpoint);
}

/** `loadConfig` has refused these already; a configuration made in code may still have them. */
function refuse({ name, cloud }: EndpointConfig): never {
  throw new ConfigError([`endpoint ${name}: cloud ${cloud} cannot be reached with this configuration: see anyport.example.yaml`]);
}
