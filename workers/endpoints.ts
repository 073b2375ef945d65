/** From the configuration to what can be called: connections with their secrets read, and deployments without them. */
import { createHash } from 'node:crypto';
import type { AwsCredential, AzureCredential, EndpointConnection, GoogleCredential } from '../activities/clouds/cloud-client.ts';
import { toDeploymentId } from '../workflows/domain/ids.ts';
import type { DatedPrices } from '../workflows/domain/price.ts';
import { priceAt } from '../workflows/domain/price.ts';
import type { Deployment } from '../workflows/domain/route.ts';
import type { AnyportConfig, DeploymentConfig, EndpointConfig, SecretReference } from './anyport-config.ts';
import { ConfigError } from './config-error.ts';
import type { Environment } from './read-secret.ts';
import { readSecret } from './read-secret.ts';

export interface ResolvedEndpoint {
  readonly name: string;
  readonly connection: EndpointConnection;
  readonly deployments: readonly ResolvedDeployment[];
}

export interface ResolvedDeployment {
  readonly deployment: Deployment;
  readonly prices: DatedPrices;
  readonly wireModel: string;
  readonly background: boolean;
}

/** @throws ConfigError when no endpoint is configured, or naming every secret that is missing */
export function resolveEndpoints(config: AnyportConfig, environment: Environment): readonly ResolvedEndpoint[] {
  if (config.endpoints.length === 0) {
    throw new ConfigError([
      'no cloud is configured: write anyport.yaml (see anyport.example.yaml), or set the usual variables of a cloud, such as ' +
        'OPENAI_API_KEY; "npm start" and "npm run demo" use emulated clouds',
    ]);
  }
  const problems: string[] = [];
  const resolved = config.endpoints.map((endpoint): ResolvedEndpoint => {
    const read = (reference: SecretReference): string => {
      const found = readSecret(reference, environment);
      if ('secret' in found) return found.secret;
      problems.push(`endpoint ${endpoint.name}: ${found.problem}`);
      return '';
    };
    const deployments = endpoint.deployments.map((entry): ResolvedDeployment => ({
      deployment: toDeployment(endpoint, entry),
      prices: entry.prices,
      wireModel: entry.wireModel,
      background: endpoint.background,
    }));
    return { name: endpoint.name, connection: connectionOf(endpoint, read), deployments };
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return resolved;
}

function toDeployment(endpoint: EndpointConfig, { model, capabilities, prices }: DeploymentConfig): Deployment {
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
