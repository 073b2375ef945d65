/** The emulated services of managed agents, one row each: the contract runs for every one of them. */
import type { BedrockManagedConnection } from '../../activities/managed-agents/bedrock-managed/client.ts';
import { createBedrockManagedClient } from '../../activities/managed-agents/bedrock-managed/client.ts';
import type { CallTimeouts } from '../../activities/clouds/responses-api/cloud-dialect.ts';
import type { ManagedAgentClient, ManagedAgentTraits } from '../../activities/managed-agents/managed-agent-client.ts';
import { createOpenAIAgentsClient } from '../../activities/managed-agents/openai-agents/client.ts';
import type { ModelFailureKind } from '../../workflows/domain/model-failure.ts';
import { EMULATED_CREDENTIALS } from '../emulators/emulated-endpoints.ts';
import type { StartedAgentEmulator } from '../emulators/managed-agents/agent-controls.ts';
import { BEDROCK_MANAGED, OPENAI_AGENTS, startAgentsApi } from '../emulators/managed-agents/start-agents-api.ts';
import { BEDROCK_CLASSIC } from './emulated-classic.ts';
import { AGENT_ENGINE, FOUNDRY_AGENTS } from './emulated-engines.ts';

export interface EmulatedService {
  /** Its folder in `activities/managed-agents/`. */
  readonly name: string;
  /** What its adapter has to declare, word for word. */
  readonly traits: ManagedAgentTraits;
  /** What sessions are opened with here; one of them is enough where both are taken. */
  readonly plan: { readonly wireModel?: string; readonly agentId?: string };
  /** What must never be seen in a failure: credentials, and words of the service that may quote a request. */
  readonly secrets: readonly string[];
  /** What the codes mean that it ends a turn with. */
  readonly turnCodes: Readonly<Record<string, ModelFailureKind>>;
  start(script: unknown): Promise<StartedAgentEmulator>;
  createClient(origin: string, timeouts: CallTimeouts): ManagedAgentClient;
  /** With credentials that it does not know. */
  createStranger(origin: string, timeouts: CallTimeouts): ManagedAgentClient;
}

/** The error codes of a turn, as SDK 7.57 lists them. */
const AGENTS_API_TURN_CODES: EmulatedService['turnCodes'] = {
  context_length_exceeded: 'context-overflow',
  max_output_tokens: 'context-overflow',
  session_budget_exceeded: 'quota-exhausted',
  usage_limit_exceeded: 'quota-exhausted',
  project_spend_limit_exceeded: 'quota-exhausted',
  organization_spend_limit_exceeded: 'quota-exhausted',
  organization_usage_limit_exceeded: 'quota-exhausted',
  billing_not_active: 'quota-exhausted',
  credit_balance_exhausted: 'quota-exhausted',
  rate_limit_exceeded: 'rate-limited',
  flex_unavailable: 'overloaded',
  server_overloaded: 'overloaded',
  cyber_policy: 'content-filtered',
  misalignment_policy_violation: 'content-filtered',
  connection_failed: 'unavailable',
  server_error: 'unavailable',
  authentication_error: 'authentication',
  invalid_request: 'invalid-request',
  resource_not_found: 'not-found',
  sandbox_error: 'unavailable',
  executor_version_incompatible: 'unsupported',
  active_turn_not_steerable: 'unavailable',
  request_timeout: 'timeout',
  internal_error: 'unavailable',
};

/** To the emulated service, in one of its regions. */
export function aBedrockConnection(origin: string): BedrockManagedConnection {
  return {
    baseUrl: `${origin}/openai/v1`,
    region: 'us-east-1',
    credential: {
      kind: 'access-key',
      accessKeyId: EMULATED_CREDENTIALS.EMULATED_AWS_ACCESS_KEY_ID,
      secretAccessKey: EMULATED_CREDENTIALS.EMULATED_AWS_SECRET_ACCESS_KEY,
    },
    roleArn: 'arn:aws:iam::123456789012:role/managed-agent',
    runtimeArn: 'arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/emulated',
    workspaceDirectory: '/workspace',
  };
}

export const EMULATED_SERVICES: readonly EmulatedService[] = [
  {
    name: 'openai-agents',
    traits: {
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
    },
    plan: { wireModel: 'gpt-6.1-sol' },
    secrets: [EMULATED_CREDENTIALS.EMULATED_OPENAI_API_KEY],
    turnCodes: AGENTS_API_TURN_CODES,
    start: (script) => startAgentsApi(OPENAI_AGENTS, script),
    createClient: (origin, timeouts) =>
      createOpenAIAgentsClient({ baseUrl: `${origin}/v1`, apiKey: EMULATED_CREDENTIALS.EMULATED_OPENAI_API_KEY }, timeouts),
    createStranger: (origin, timeouts) => createOpenAIAgentsClient({ baseUrl: `${origin}/v1`, apiKey: 'sk-wrong' }, timeouts),
  },
  {
    name: 'bedrock-managed',
    traits: {
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
    },
    plan: { wireModel: 'openai.gpt-6.1-sol' },
    secrets: [EMULATED_CREDENTIALS.EMULATED_AWS_SECRET_ACCESS_KEY, EMULATED_CREDENTIALS.EMULATED_AWS_ACCESS_KEY_ID],
    turnCodes: AGENTS_API_TURN_CODES,
    start: (script) => startAgentsApi(BEDROCK_MANAGED, script),
    createClient: (origin, timeouts) => createBedrockManagedClient(aBedrockConnection(origin), timeouts),
    createStranger: (origin, timeouts) =>
      createBedrockManagedClient(
        {
          ...aBedrockConnection(origin),
          credential: { kind: 'access-key', accessKeyId: 'AKIDWRONG', secretAccessKey: 'wrong' },
        },
        timeouts,
      ),
  },
  BEDROCK_CLASSIC,
  AGENT_ENGINE,
  FOUNDRY_AGENTS,
];
