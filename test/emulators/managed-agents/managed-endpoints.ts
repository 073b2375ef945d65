/** The emulated services of managed agents as endpoints of a configuration. */
import type { StartedAgentEmulator } from './agent-controls.ts';
import { EMULATED_PROJECT, startFoundryAgents } from './start-foundry-agents.ts';
import { OPENAI_AGENTS, startAgentsApi } from './start-agents-api.ts';

export interface ManagedEndpoint {
  readonly name: string;
  /** Where the catalog has it. */
  readonly surface: string;
  readonly place: string;
  readonly model: string;
  start(script: unknown): Promise<StartedAgentEmulator>;
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
    start: (script) => startAgentsApi(OPENAI_AGENTS, script),
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
  start: (script) => startFoundryAgents(script),
  configuration: (origin) => ({
    cloud: 'azure',
    service: 'foundry-agents',
    region: 'eastus2',
    baseUrl: `${origin}${EMULATED_PROJECT.path}`,
    auth: { bearerTokenEnv: 'EMULATED_AZURE_TOKEN' },
    deployments: { [MODEL]: EMULATED_PROJECT.model },
  }),
};

/** Two accounts of one service, so that a task can go on when one of them fails, and one of another cloud. */
export const MANAGED_ENDPOINTS: readonly ManagedEndpoint[] = [
  openaiAgents('openai-agents'),
  openaiAgents('openai-agents-second'),
  FOUNDRY,
];
