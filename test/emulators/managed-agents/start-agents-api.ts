/** Starts an emulated service that speaks the Agents API. */
import { EMULATED_CREDENTIALS, EMULATED_ENDPOINTS } from '../emulated-endpoints.ts';
import { parseScript } from '../conversation-script.ts';
import type { ListeningAt, StartedAgentEmulator } from './agent-controls.ts';
import { startAgentEmulator } from './agent-controls.ts';
import { AgentFaultPlan } from './agent-faults.ts';
import { AgentLedger } from './agent-ledger.ts';
import { createAgentsApiServer } from './agents-api-server.ts';
import type { AgentsApiService } from './agents-api-service.ts';

export const OPENAI_AGENTS: AgentsApiService = {
  cloud: 'openai',
  basePath: '/v1',
  auth: { bearer: [EMULATED_CREDENTIALS.EMULATED_OPENAI_API_KEY] },
  model: 'gpt-6.1-sol',
  savedAgent: 'agent_emulated',
  idempotencyKeys: true,
  requiredActions: true,
  turns: true,
  metadataFilter: true,
  roleAndEnvironment: false,
};

const [AWS] = EMULATED_ENDPOINTS.filter(({ name }) => name === 'aws-us-east-1');

export const BEDROCK_MANAGED: AgentsApiService = {
  cloud: 'aws',
  basePath: '/openai/v1',
  // Signed requests alone: a Bedrock API key opens the models, not this.
  auth: AWS?.auth.sigV4 === undefined ? {} : { sigV4: AWS.auth.sigV4 },
  model: 'openai.gpt-6.1-sol',
  savedAgent: undefined,
  idempotencyKeys: false,
  requiredActions: false,
  turns: false,
  metadataFilter: false,
  roleAndEnvironment: true,
};

/** @throws ScriptError */
export function startAgentsApi(service: AgentsApiService, script: unknown, at?: ListeningAt): Promise<StartedAgentEmulator> {
  const state = {
    service,
    script: parseScript(script, 'the script'),
    faults: new AgentFaultPlan(),
    ledger: new AgentLedger(),
    sessions: new Map(),
  };
  return startAgentEmulator(state, createAgentsApiServer(state), at);
}
