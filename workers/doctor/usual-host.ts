/** Where an endpoint is called when its configuration does not say; only to knock at the door, the adapters know their own. */
import type { ManagedService } from '../../workflows/domain/managed-service.ts';
import type { EndpointConfig } from '../anyport-config.ts';

type Asked = Pick<EndpointConfig, 'cloud' | 'region' | 'surface' | 'service'>;
type HostOf = (region: string) => string | undefined;

const openaiHost: HostOf = () => 'api.openai.com';
const mantleHost: HostOf = (region) => `bedrock-mantle.${region}.api.aws`;

const MODEL_HOSTS = {
  openai: openaiHost,
  // Of the resource, which only the configuration can name; so is the project of Foundry below.
  azure: () => undefined,
  'bedrock-mantle': mantleHost,
  'bedrock-runtime': (region) => `bedrock-runtime.${region}.amazonaws.com`,
  google: googleHost,
} as const satisfies Record<string, HostOf>;

const SERVICE_HOSTS = {
  'agents-api': openaiHost,
  'bedrock-managed-agents': mantleHost,
  'bedrock-agents-classic': (region) => `bedrock-agent-runtime.${region}.amazonaws.com`,
  'foundry-agents': () => undefined,
  'agent-engine': (region) => `${region}-aiplatform.googleapis.com`,
} as const satisfies Record<ManagedService, HostOf>;

export function usualHost({ cloud, region, surface = 'bedrock-mantle', service }: Asked): string | undefined {
  const hostOf = service === undefined ? MODEL_HOSTS[cloud === 'aws' ? surface : cloud] : SERVICE_HOSTS[service];
  return hostOf(region ?? 'global');
}

/** Three forms: global, multi-region, region (Vertex AI documentation, 2026-11). */
function googleHost(location: string): string {
  if (location === 'global') return 'aiplatform.googleapis.com';
  return location.includes('-') ? `${location}-aiplatform.googleapis.com` : `aiplatform.${location}.rep.googleapis.com`;
}
