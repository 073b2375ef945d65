/**
 * Whether an endpoint that serves managed agents is called where its service is: each has hosts of its own beside those of its cloud's models,
 * and most of them are in some regions alone. An address of nobody that we know, such as a proxy's, is the operator's word.
 */
import { BEDROCK_MANAGED_REGIONS } from '../activities/managed-agents/bedrock-managed/request.ts';
import type { ManagedService } from '../workflows/domain/managed-service.ts';
import { hostOf, isOwnHost } from './check-address.ts';
import type { Report } from './config-mistakes.ts';
import type { RawEndpoint } from './config-schema.ts';

interface ServiceAddress {
  /** Of the hosts of its cloud, those that are its own. */
  readonly hosts: RegExp;
  /** What its `baseUrl` leads to there, in the form that the adapter takes. */
  readonly path: RegExp;
  /** As it is written. */
  readonly form: string;
}

/** The SDKs' own addresses, and those of the services' documentation (2026-11). */
const ADDRESSES = {
  'agents-api': { hosts: /(^|\.)api\.openai\.com$/, path: /^\/v1\/?$/, form: 'https://api.openai.com/v1' },
  'bedrock-managed-agents': {
    hosts: /(^|\.)bedrock-mantle(-fips)?\./,
    path: /^\/openai\/v1\/?$/,
    form: 'https://bedrock-mantle.REGION.api.aws/openai/v1',
  },
  'bedrock-agents-classic': {
    hosts: /(^|\.)bedrock-agent-runtime(-fips)?\./,
    path: /^\/?$/,
    form: 'https://bedrock-agent-runtime.REGION.amazonaws.com',
  },
  'foundry-agents': {
    hosts: /\.services\.ai\.azure\.(com|us)$/,
    path: /^\/api\/projects\/[^/]+\/?$/,
    form: 'https://RESOURCE.services.ai.azure.com/api/projects/PROJECT',
  },
  'agent-engine': {
    hosts: /^([a-z0-9-]+-aiplatform|aiplatform-)[a-z0-9-]*\.(.+\.)?googleapis\.com$/,
    path: /^\/?$/,
    form: 'https://LOCATION-aiplatform.googleapis.com',
  },
} as const satisfies Record<ManagedService, ServiceAddress>;

/** How the address of a service is written. */
export function addressFormOf(service: ManagedService): string {
  return ADDRESSES[service].form;
}

export function checkServiceAddress(service: ManagedService, raw: RawEndpoint, report: Report): void {
  checkRegion(service, raw, report);
  const { cloud, baseUrl } = raw;
  const host = hostOf(baseUrl);
  if (!isOwnHost(cloud, host)) return;
  const { hosts, path, form } = ADDRESSES[service];
  if (!hosts.test(host)) report(['baseUrl'], `the address ${host} is not one of service ${service}: write it as ${form}`);
  else if (!path.test(URL.parse(baseUrl ?? '')?.pathname ?? ''))
    report(['baseUrl'], `baseUrl has another path than service ${service} has there: write it as ${form}`);
}

function checkRegion(service: ManagedService, raw: RawEndpoint, report: Report): void {
  const { region } = raw;
  if (service === 'agent-engine') checkEngineRegion(raw, report);
  if (service !== 'bedrock-managed-agents' || region === undefined || BEDROCK_MANAGED_REGIONS.has(region)) return;
  const known = [...BEDROCK_MANAGED_REGIONS].join(', ');
  report(['region'], `service bedrock-managed-agents is not in region ${region}: use one of ${known}`);
}

function checkEngineRegion({ region }: RawEndpoint, report: Report): void {
  if (region?.includes('-') === true) return;
  const [path, found] = region === undefined ? [[], 'it has none'] : [['region'], `${region} is none`];
  report(path, `service agent-engine needs the region of its engine, ${found}: write "region: us-central1" or another`);
}
