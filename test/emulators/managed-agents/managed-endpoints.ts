/** The emulated services of managed agents as endpoints of a configuration. */
import { EMULATED_AWS_AUTH } from '../emulated-endpoints.ts';
import type { ListeningAt, StartedAgentEmulator } from './agent-controls.ts';
import { EMULATED_ENGINE, startAgentEngine } from './start-agent-engine.ts';
import { BEDROCK_MANAGED, OPENAI_AGENTS, startAgentsApi } from './start-agents-api.ts';
import { CLASSIC_NEW_MODEL, CLASSIC_REGION, startClassic } from './start-classic.ts';
import { EMULATED_PROJECT, startFoundryAgents } from './start-foundry-agents.ts';

export interface ManagedEndpoint {
  readonly name: string;
  /** Where the catalog has it. */
  readonly surface: string;
  readonly place: string;
  readonly model: string;
  start(script: unknown, at: ListeningAt): Promise<StartedAgentEmulator>;
  /** Its entry in `anyport.yaml`. */
  configuration(origin: string): Readonly<Record<string, unknown>>;
}

const MODEL = OPENAI_AGENTS.model;

function openaiAgents(name: string): ManagedEndpoint {
  return {
    name,
    surface: 'openai/commercial/agents-api',
    place: 'global',
    model: MODEL,
    start: (script, at) => startAgentsApi(OPENAI_AGENTS, script, at),
    configuration: (origin) => ({
      cloud: 'openai',
      service: 'agents-api',
      baseUrl: `${origin}${OPENAI_AGENTS.basePath}`,
      auth: { apiKeyEnv: 'EMULATED_OPENAI_API_KEY' },
      deployments: { [MODEL]: MODEL },
    }),
  };
}

const FOUNDRY: ManagedEndpoint = {
  name: 'foundry-agents',
  surface: 'azure/commercial/foundry-agents',
  place: 'global',
  model: MODEL,
  start: startFoundryAgents,
  configuration: (origin) => ({
    cloud: 'azure',
    service: 'foundry-agents',
    region: 'eastus2',
    baseUrl: `${origin}${EMULATED_PROJECT.path}`,
    auth: { bearerTokenEnv: 'EMULATED_AZURE_TOKEN' },
    deployments: { [MODEL]: EMULATED_PROJECT.model },
  }),
};

const MANAGED_REGION = 'us-east-1';

/** Calls no functions: tasks with files go elsewhere. */
const BEDROCK_MANAGED_AGENTS: ManagedEndpoint = {
  name: 'bedrock-managed',
  surface: 'aws/commercial/bedrock-managed-agents',
  place: MANAGED_REGION,
  model: MODEL,
  start: (script, at) => startAgentsApi(BEDROCK_MANAGED, script, at),
  configuration: (origin) => ({
    cloud: 'aws',
    service: 'bedrock-managed-agents',
    region: MANAGED_REGION,
    baseUrl: `${origin}${BEDROCK_MANAGED.basePath}`,
    runtime: {
      roleArn: 'arn:aws:iam::123456789012:role/emulated',
      runtimeArn: `arn:aws:bedrock-agentcore:${MANAGED_REGION}:123456789012:runtime/emulated`,
    },
    auth: EMULATED_AWS_AUTH,
    deployments: { [MODEL]: BEDROCK_MANAGED.model },
  }),
};

/** An agent that is described with each call: the saved one has functions of its own, which are not our tools. */
const BEDROCK_CLASSIC: ManagedEndpoint = {
  name: 'bedrock-classic',
  surface: 'aws/commercial/bedrock-agents-classic',
  place: CLASSIC_REGION,
  model: MODEL,
  start: startClassic,
  configuration: (origin) => ({
    cloud: 'aws',
    service: 'bedrock-agents-classic',
    region: CLASSIC_REGION,
    baseUrl: origin,
    auth: EMULATED_AWS_AUTH,
    deployments: { [MODEL]: CLASSIC_NEW_MODEL },
  }),
};

const AGENT_ENGINE: ManagedEndpoint = {
  name: 'agent-engine',
  surface: 'google/commercial/agent-engine',
  place: EMULATED_ENGINE.location,
  model: MODEL,
  start: startAgentEngine,
  configuration: (origin) => ({
    cloud: 'google',
    service: 'agent-engine',
    project: EMULATED_ENGINE.project,
    region: EMULATED_ENGINE.location,
    baseUrl: origin,
    auth: { bearerTokenEnv: 'EMULATED_GOOGLE_TOKEN' },
    deployments: { [MODEL]: { wireModel: MODEL, agent: EMULATED_ENGINE.id } },
  }),
};

/** Every service, and of one of them two accounts, so that a task can go on when one of them fails. */
export const MANAGED_ENDPOINTS: readonly ManagedEndpoint[] = [
  openaiAgents('openai-agents'),
  openaiAgents('openai-agents-second'),
  FOUNDRY,
  BEDROCK_MANAGED_AGENTS,
  BEDROCK_CLASSIC,
  AGENT_ENGINE,
];
