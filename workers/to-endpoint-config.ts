/** One endpoint of the file, checked as a whole: what goes together, and what its cloud needs. */
import { capabilitiesAt } from '../activities/catalog/capabilities-at.ts';
import { toListPrice } from '../activities/catalog/catalog-values.ts';
import type { Catalog, Moment, Place } from '../workflows/domain/catalog.ts';
import type { DatedPrice, DatedPrices } from '../workflows/domain/price.ts';
import type { RateLimits } from '../workflows/domain/rate-window.ts';
import type { Cloud } from '../workflows/domain/route.ts';
import type { DeploymentConfig, EndpointAuth, EndpointConfig, SecretReference } from './anyport-config.ts';
import { checkAddress, openaiAddressOf } from './check-address.ts';
import { addressFormOf } from './check-service-address.ts';
import { checkService } from './check-service.ts';
import { checkWebAddress } from './check-web-address.ts';
import type { Report } from './config-mistakes.ts';
import type { RawAuth, RawEndpoint, RawLimits, RawPrices } from './config-schema.ts';
import { defaultPrices } from './default-prices.ts';
import { toPlace } from './to-place.ts';

export interface EndpointContext {
  readonly catalog: Catalog;
  /** What a deployment can do is what it can do now. */
  readonly at: Moment;
  readonly report: Report;
}

const AUTH_KINDS = {
  openai: ['api-key', 'bearer-token'],
  azure: ['api-key', 'bearer-token'],
  aws: ['bearer-token', 'access-key', 'profile', 'default-chain'],
  google: ['bearer-token', 'default-chain'],
} as const satisfies Record<Cloud, readonly EndpointAuth['kind'][]>;

/** How each is written. */
const AUTH_KEYS = {
  'api-key': 'apiKeyEnv, apiKeyFile',
  'bearer-token': 'bearerTokenEnv, bearerTokenFile',
  'access-key': 'accessKeyIdEnv with secretAccessKeyEnv',
  profile: 'profile',
  'default-chain': 'defaultChain: true',
} as const satisfies Record<EndpointAuth['kind'], string>;

/** The clouds' usual variables, for an endpoint without `auth`. */
const USUAL_AUTH = {
  openai: { kind: 'api-key', secret: { kind: 'environment', name: 'OPENAI_API_KEY' } },
  azure: { kind: 'api-key', secret: { kind: 'environment', name: 'AZURE_OPENAI_API_KEY' } },
  aws: { kind: 'default-chain' },
  google: { kind: 'default-chain' },
} as const satisfies Record<Cloud, EndpointAuth>;

export function toEndpointConfig(name: string, raw: RawEndpoint, context: EndpointContext): EndpointConfig {
  const { report } = context;
  checkCloud(raw, report);
  checkService(raw, report);
  checkWebAddress('baseUrl', raw.baseUrl, report);
  checkAddress(raw, report);
  const baseUrl = raw.baseUrl ?? openaiAddressOf(raw, report);
  const deployments = Object.entries(raw.deployments).map(([model, value]) => toDeployment(raw, { model, value }, context));
  checkBackground(raw, deployments, report);
  return {
    name,
    cloud: raw.cloud,
    ...kindOf(raw),
    region: raw.region ?? (raw.cloud === 'google' ? 'global' : null),
    ...(raw.project === undefined ? {} : { project: raw.project }),
    ...(baseUrl === undefined ? {} : { baseUrl }),
    auth: raw.auth === undefined ? USUAL_AUTH[raw.cloud] : toAuth(raw.auth, raw.cloud, report),
    background: raw.background ?? false,
    timeouts: toTimeouts(raw.timeouts),
    deployments,
  };
}

type Kind = Pick<EndpointConfig, 'surface' | 'service' | 'runtime'>;

/** Where nobody says otherwise. */
const WORKSPACE_DIRECTORY = '/workspace';

/** Models by one of AWS's surfaces, or a service of managed agents. */
function kindOf({ cloud, surface, service, runtime }: RawEndpoint): Kind {
  if (service === undefined) return cloud === 'aws' ? { surface: surface ?? 'bedrock-mantle' } : {};
  if (runtime === undefined) return { service };
  const { roleArn, runtimeArn, runtimeQualifier, workspaceDirectory = WORKSPACE_DIRECTORY } = runtime;
  const qualifier = runtimeQualifier === undefined ? {} : { runtimeQualifier };
  return { service, runtime: { roleArn, runtimeArn, workspaceDirectory, ...qualifier } };
}

function toTimeouts({ firstEventSeconds, idleSeconds }: NonNullable<RawEndpoint['timeouts']> = {}): EndpointConfig['timeouts'] {
  return {
    ...(firstEventSeconds === undefined ? {} : { firstEventMs: firstEventSeconds * 1_000 }),
    ...(idleSeconds === undefined ? {} : { idleMs: idleSeconds * 1_000 }),
  };
}

function checkCloud(raw: RawEndpoint, report: Report): void {
  if (raw.surface !== undefined && raw.cloud !== 'aws')
    report(['surface'], `surface is for cloud aws, not ${raw.cloud}: remove it`);
  if (raw.project !== undefined && raw.cloud !== 'google')
    report(['project'], `project is for cloud google, not ${raw.cloud}: remove it`);
  if (raw.cloud === 'google' && raw.project === undefined) report([], 'cloud google needs a project: add "project: NAME"');
  if (raw.cloud === 'aws' && raw.region === undefined) report([], 'cloud aws needs a region: add "region: us-east-1" or another');
  if (raw.cloud === 'azure' && raw.baseUrl === undefined) {
    const isProject = raw.service === 'foundry-agents';
    const [whose, form] = isProject
      ? ['project', addressFormOf('foundry-agents')]
      : ['resource', 'https://NAME.openai.azure.com/openai/v1/'];
    report([], `cloud azure needs the ${whose}’s address: add "baseUrl: ${form}"`);
  }
}

function checkBackground(raw: RawEndpoint, deployments: readonly DeploymentConfig[], report: Report): void {
  const unable = deployments.find(({ capabilities }) => !capabilities.includes('background'));
  if (raw.background !== true || unable === undefined) return;
  report(
    ['background'],
    `background: true, but the deployment of ${unable.model} has no background mode: remove it, or list the capability`,
  );
}

type RawDeployment = RawEndpoint['deployments'][string];
type DeploymentDetails = Exclude<RawDeployment, string>;

function toDeployment(
  raw: RawEndpoint,
  { model, value }: { readonly model: string; readonly value: RawDeployment },
  context: EndpointContext,
): DeploymentConfig {
  const details: DeploymentDetails = typeof value === 'string' ? { wireModel: value } : value;
  const { catalog, at } = context;
  const { wireModel, capabilities, price, capacity, limits, agent } = details;
  const place = placeOf(raw, { model, details }, context);
  return {
    model,
    wireModel,
    capabilities: capabilities ?? capabilitiesAt(catalog, { model, place }, at),
    ...(capabilities === undefined ? {} : { ownCapabilities: capabilities }),
    prices: price === undefined ? defaultPrices(catalog, { model, place }, at.knownAt) : pricesOf(price),
    hasOwnPrice: price !== undefined,
    place,
    ...(agent === undefined ? {} : { agent }),
    ...(capacity === undefined ? {} : { capacity }),
    ...(limits === undefined ? {} : { limits: toLimits(limits) }),
  };
}

/** A mistake of `processing` is told at the deployment's, or at that of its endpoint. */
function placeOf(
  raw: RawEndpoint,
  { model, details }: { readonly model: string; readonly details: DeploymentDetails },
  { catalog, report }: EndpointContext,
): Place {
  const { cloud, surface, service, region, baseUrl } = raw;
  const isShared = details.processing === undefined;
  const processing = details.processing ?? raw.processing;
  const input = { cloud, surface, service, region, baseUrl, wireModel: details.wireModel, processing };
  return toPlace(catalog, input, (key, problem) => {
    report(key === 'processing' && isShared ? [key] : ['deployments', model, key], problem);
  });
}

function toLimits({ requestsPerMinute, tokensPerMinute }: RawLimits): RateLimits {
  return {
    ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
    ...(tokensPerMinute === undefined ? {} : { tokensPerMinute }),
  };
}

function pricesOf(raw: RawPrices): DatedPrices {
  if (!Array.isArray(raw)) return [{ fromMs: 0, price: toListPrice(raw) }];
  const [first, ...rest] = raw.map(({ from, ...price }): DatedPrice => ({ fromMs: Date.parse(from), price: toListPrice(price) }));
  if (first === undefined) throw new RangeError('a list of prices is never empty: its schema says so');
  return [first, ...rest];
}

function toAuth(raw: RawAuth, cloud: Cloud, report: Report): EndpointAuth {
  const found = waysOf(raw);
  const [first] = found;
  const allowed: readonly EndpointAuth['kind'][] = AUTH_KINDS[cloud];
  const keys = allowed.map((kind) => AUTH_KEYS[kind]).join(', ');
  const isHalf = (raw.accessKeyIdEnv === undefined) !== (raw.secretAccessKeyEnv === undefined);
  if (isHalf || (raw.sessionTokenEnv !== undefined && raw.accessKeyIdEnv === undefined)) {
    report(
      ['auth'],
      'auth has a part of an access key: it needs accessKeyIdEnv and secretAccessKeyEnv, and may have sessionTokenEnv',
    );
  } else if (found.length !== 1 || first === undefined) {
    report(['auth'], `auth needs exactly one way, this has ${found.length}: keep or add one of ${keys}`);
  } else if (!allowed.includes(first.kind)) {
    report(['auth'], `cloud ${cloud} does not take ${AUTH_KEYS[first.kind]}: use one of ${keys}`);
  }
  return first ?? USUAL_AUTH[cloud];
}

function waysOf(raw: RawAuth): readonly EndpointAuth[] {
  const keys = [raw.accessKeyIdEnv, raw.secretAccessKeyEnv, raw.sessionTokenEnv];
  const [accessKeyId, secretAccessKey, sessionToken] = keys.map(toVariable);
  const ways: (EndpointAuth | undefined)[] = [
    secretAuth('api-key', toVariable(raw.apiKeyEnv)),
    secretAuth('api-key', toFile(raw.apiKeyFile)),
    secretAuth('bearer-token', toVariable(raw.bearerTokenEnv)),
    secretAuth('bearer-token', toFile(raw.bearerTokenFile)),
    accessKeyId === undefined || secretAccessKey === undefined
      ? undefined
      : { kind: 'access-key', accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    raw.profile === undefined ? undefined : { kind: 'profile', profile: raw.profile },
    raw.defaultChain === undefined ? undefined : { kind: 'default-chain' },
  ];
  return ways.filter((way) => way !== undefined);
}

function secretAuth(kind: 'api-key' | 'bearer-token', secret: SecretReference | undefined): EndpointAuth | undefined {
  return secret === undefined ? undefined : { kind, secret };
}

function toVariable(name: string | undefined): SecretReference | undefined {
  return name === undefined ? undefined : { kind: 'environment', name };
}

function toFile(path: string | undefined): SecretReference | undefined {
  return path === undefined ? undefined : { kind: 'file', path };
}
