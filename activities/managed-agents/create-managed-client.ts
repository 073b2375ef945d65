import type { ManagedService } from '../../workflows/domain/managed-service.ts';
import type { EndpointConnection } from '../clouds/cloud-client.ts';
import { DEFAULT_TIMEOUTS } from '../clouds/responses-api/call-timer.ts';
import type { CallTimeouts } from '../clouds/responses-api/cloud-dialect.ts';
import type { ManagedAgentClient } from './managed-agent-client.ts';
import { createOpenAIAgentsClient } from './openai-agents/client.ts';

/** The client for a service of managed agents. Make it once per endpoint: it keeps credentials and connections. */
export function createManagedAgentClient(
  service: ManagedService,
  connection: EndpointConnection,
  timeouts: Partial<CallTimeouts> = {},
): ManagedAgentClient {
  const limits = { ...DEFAULT_TIMEOUTS, ...timeouts };
  switch (service) {
    case 'agents-api':
      if (connection.cloud === 'openai') return createOpenAIAgentsClient(connection, limits);
  }
  throw new RangeError(`service ${service} is not of cloud ${connection.cloud}`);
}
