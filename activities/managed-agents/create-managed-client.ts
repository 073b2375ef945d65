import type { ManagedService } from '../../workflows/domain/managed-service.ts';
import type { EndpointConnection } from '../clouds/cloud-client.ts';
import { DEFAULT_TIMEOUTS } from '../clouds/responses-api/call-timer.ts';
import type { CallTimeouts } from '../clouds/responses-api/cloud-dialect.ts';
import { createAgentEngineClient } from './agent-engine/client.ts';
import { createBedrockClassicClient } from './bedrock-classic/client.ts';
import { createBedrockManagedClient } from './bedrock-managed/client.ts';
import type { BedrockSurroundings } from './bedrock-managed/request.ts';
import { createFoundryAgentsClient } from './foundry-agents/client.ts';
import type { ManagedAgentClient } from './managed-agent-client.ts';
import { createOpenAIAgentsClient } from './openai-agents/client.ts';

export interface ServiceConnection {
  readonly service: ManagedService;
  readonly connection: EndpointConnection;
  /** Of `bedrock-managed-agents`: where its sessions run, and as whom. */
  readonly runtime?: Omit<BedrockSurroundings, 'region'>;
}

/** The client for a service of managed agents. Make it once per endpoint: it keeps credentials and connections. */
export function createManagedAgentClient(to: ServiceConnection, timeouts: Partial<CallTimeouts> = {}): ManagedAgentClient {
  const { service, connection } = to;
  const limits = { ...DEFAULT_TIMEOUTS, ...timeouts };
  switch (connection.cloud) {
    case 'openai':
      return createOpenAIAgentsClient(connection, limits);
    case 'azure':
      if (connection.credential.kind !== 'bearer-token') throw unusable(to, 'it takes a token of Entra ID, not a key');
      return createFoundryAgentsClient({ projectUrl: connection.baseUrl, credential: connection.credential }, limits);
    case 'google':
      return createAgentEngineClient(connection, limits);
    case 'aws':
      return service === 'bedrock-managed-agents'
        ? bedrockManaged(to, connection, limits)
        : createBedrockClassicClient(connection, limits);
  }
}

type AwsConnection = Extract<EndpointConnection, { readonly cloud: 'aws' }>;

function bedrockManaged(to: ServiceConnection, connection: AwsConnection, timeouts: CallTimeouts): ManagedAgentClient {
  const { credential, region, baseUrl } = connection;
  if (credential.kind === 'bearer-token') throw unusable(to, 'it takes signed requests, no Bedrock API key');
  if (to.runtime === undefined) throw unusable(to, 'it has no runtime');
  return createBedrockManagedClient(
    { region, credential, ...to.runtime, ...(baseUrl === undefined ? {} : { baseUrl }) },
    timeouts,
  );
}

/** The configuration has refused these already. */
function unusable({ service }: ServiceConnection, problem: string): Error {
  return new RangeError(`service ${service} cannot be reached: ${problem}`);
}
