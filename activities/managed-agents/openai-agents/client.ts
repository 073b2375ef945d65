import OpenAI from 'openai';
import { NEUTRAL_SDK } from '../../clouds/responses-api/neutral-sdk.ts';
import type { CallTimeouts } from '../../clouds/responses-api/cloud-dialect.ts';
import { createAgentsClient } from '../agents-api/create-agents-client.ts';
import type { ManagedAgentClient, ManagedAgentTraits } from '../managed-agent-client.ts';
import { OPENAI_AGENTS_FAILURE } from './failure.ts';
import { OPENAI_AGENTS_REQUEST } from './request.ts';
import { OPENAI_AGENTS_RESPONSE } from './response.ts';

const BASE_URL = 'https://api.openai.com/v1';

export interface OpenAIAgentsConnection {
  readonly baseUrl?: string;
  readonly apiKey: string;
}

/** SDK 7.57 and the guides of the Agents API, 2026-11. */
export const OPENAI_AGENTS_TRAITS: ManagedAgentTraits = {
  functionCalls: true,
  mcpApprovals: true,
  idempotentInput: true,
  readableSessions: true,
  findableSessions: true,
  namesSessions: false,
  cancel: true,
  close: true,
  savedAgents: 'optional',
  subAgents: true,
  usage: true,
};

/** OpenAI's own Agents API (beta). What the SDK would read from the environment is set, so that only the configuration counts. */
export function createOpenAIAgentsClient(connection: OpenAIAgentsConnection, timeouts: CallTimeouts): ManagedAgentClient {
  return createAgentsClient({
    dialect: {
      traits: OPENAI_AGENTS_TRAITS,
      request: OPENAI_AGENTS_REQUEST,
      response: OPENAI_AGENTS_RESPONSE,
      failure: OPENAI_AGENTS_FAILURE,
    },
    timeouts,
    createSdk: (fetch) =>
      new OpenAI({
        apiKey: connection.apiKey,
        baseURL: connection.baseUrl ?? BASE_URL,
        ...NEUTRAL_SDK,
        fetch,
      }),
  });
}
