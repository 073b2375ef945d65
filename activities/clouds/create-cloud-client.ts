import { createAwsClient } from './aws/client.ts';
import { createAzureClient } from './azure/client.ts';
import type { CloudClient, EndpointConnection } from './cloud-client.ts';
import { createGoogleClient } from './google/client.ts';
import { createOpenAIClient } from './openai/client.ts';
import { DEFAULT_TIMEOUTS } from './responses-api/call-timer.ts';
import type { CallTimeouts } from './responses-api/cloud-dialect.ts';

/** The client for an endpoint, whichever cloud it is of. Make it once per endpoint: it keeps credentials and connections. */
export function createCloudClient(connection: EndpointConnection, timeouts: Partial<CallTimeouts> = {}): CloudClient {
  const limits = { ...DEFAULT_TIMEOUTS, ...timeouts };
  switch (connection.cloud) {
    case 'openai':
      return createOpenAIClient(connection, limits);
    case 'azure':
      return createAzureClient(connection, limits);
    case 'aws':
      return createAwsClient(connection, limits);
    case 'google':
      return createGoogleClient(connection, limits);
  }
}
