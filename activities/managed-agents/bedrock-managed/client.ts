import OpenAI from 'openai';
import { bedrock } from 'openai/providers/bedrock/aws';
import { authOptions } from '../../clouds/aws/client.ts';
import type { AwsCredential } from '../../clouds/cloud-client.ts';
import type { CallTimeouts } from '../../clouds/responses-api/cloud-dialect.ts';
import { createAgentsClient } from '../agents-api/create-agents-client.ts';
import type { ManagedAgentClient, ManagedAgentTraits } from '../managed-agent-client.ts';
import { BEDROCK_MANAGED_FAILURE } from './failure.ts';
import type { BedrockSurroundings } from './request.ts';
import { bedrockManagedRequest } from './request.ts';
import { BEDROCK_MANAGED_RESPONSE } from './response.ts';

export interface BedrockManagedConnection extends BedrockSurroundings {
  readonly baseUrl?: string;
  /** Signed with; this API takes no Bedrock API key (user guide, 2026-11). */
  readonly credential: Exclude<AwsCredential, { readonly kind: 'bearer-token' }>;
}

/**
 * OpenAI's Agents API with what its preview at AWS leaves out (user guide, 2026-11): a session never waits for anybody, so that it calls
 * no functions and asks for no approvals; keys of idempotency are not spoken of; agents are neither saved nor delegated to.
 */
export const BEDROCK_MANAGED_TRAITS: ManagedAgentTraits = {
  functionCalls: false,
  mcpApprovals: false,
  idempotentInput: false,
  readableSessions: true,
  findableSessions: true,
  namesSessions: false,
  cancel: true,
  close: true,
  savedAgents: 'none',
  subAgents: false,
  usage: true,
};

/** Amazon Bedrock Managed Agents, powered by OpenAI (public preview), on `bedrock-mantle`. */
export function createBedrockManagedClient(connection: BedrockManagedConnection, timeouts: CallTimeouts): ManagedAgentClient {
  const provider = bedrock({
    endpoint: 'mantle',
    region: connection.region,
    // Null keeps AWS_BEDROCK_BASE_URL of the environment out.
    baseURL: connection.baseUrl ?? null,
    ...authOptions(connection.credential),
  });
  return createAgentsClient({
    dialect: {
      traits: BEDROCK_MANAGED_TRAITS,
      request: bedrockManagedRequest(connection),
      response: BEDROCK_MANAGED_RESPONSE,
      failure: BEDROCK_MANAGED_FAILURE,
    },
    timeouts,
    createSdk: (fetch) => new OpenAI({ provider, maxRetries: 0, logLevel: 'off', fetch }),
  });
}
