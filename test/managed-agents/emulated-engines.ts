/** The emulated services whose API is not OpenAI's own: rows of `emulated-services.ts`. */
import { createAgentEngineClient } from '../../activities/managed-agents/agent-engine/client.ts';
import { createFoundryAgentsClient } from '../../activities/managed-agents/foundry-agents/client.ts';
import { EMULATED_CREDENTIALS } from '../emulators/emulated-endpoints.ts';
import { EMULATED_ENGINE, startAgentEngine } from '../emulators/managed-agents/start-agent-engine.ts';
import { EMULATED_PROJECT, startFoundryAgents } from '../emulators/managed-agents/start-foundry-agents.ts';
import type { EmulatedService } from './emulated-services.ts';

export const AGENT_ENGINE: EmulatedService = {
  name: 'agent-engine',
  traits: {
    functionCalls: true,
    mcpApprovals: false,
    idempotentInput: false,
    readableSessions: true,
    findableSessions: true,
    namesSessions: false,
    cancel: false,
    close: true,
    savedAgents: 'required',
    subAgents: true,
    usage: true,
  },
  plan: { agentId: EMULATED_ENGINE.id },
  secrets: [EMULATED_CREDENTIALS.EMULATED_GOOGLE_TOKEN],
  turnCodes: {
    SAFETY: 'content-filtered',
    PROHIBITED_CONTENT: 'content-filtered',
    MAX_TOKENS: 'context-overflow',
    MALFORMED_FUNCTION_CALL: 'unavailable',
    RESOURCE_EXHAUSTED: 'rate-limited',
    UNAVAILABLE: 'overloaded',
    INTERNAL: 'unavailable',
    DEADLINE_EXCEEDED: 'timeout',
  },
  start: (script) => startAgentEngine(script),
  createClient: (origin, timeouts) =>
    createAgentEngineClient(engineAt(origin, EMULATED_CREDENTIALS.EMULATED_GOOGLE_TOKEN), timeouts),
  createStranger: (origin, timeouts) => createAgentEngineClient(engineAt(origin, 'ya29.wrong'), timeouts),
};

function engineAt(baseUrl: string, token: string) {
  const { project, location } = EMULATED_ENGINE;
  return { project, location, baseUrl, credential: { kind: 'access-token', token } } as const;
}

export const FOUNDRY_AGENTS: EmulatedService = {
  name: 'foundry-agents',
  traits: {
    functionCalls: true,
    mcpApprovals: true,
    idempotentInput: false,
    readableSessions: true,
    findableSessions: false,
    namesSessions: false,
    cancel: true,
    close: true,
    savedAgents: 'optional',
    subAgents: false,
    usage: true,
  },
  plan: { wireModel: EMULATED_PROJECT.model },
  secrets: [EMULATED_CREDENTIALS.EMULATED_AZURE_TOKEN],
  turnCodes: {
    rate_limit_exceeded: 'rate-limited',
    server_error: 'unavailable',
    content_filter: 'content-filtered',
    context_length_exceeded: 'context-overflow',
    invalid_prompt: 'content-filtered',
    tool_user_error: 'unavailable',
  },
  start: (script) => startFoundryAgents(script),
  createClient: (origin, timeouts) =>
    createFoundryAgentsClient(projectAt(origin, EMULATED_CREDENTIALS.EMULATED_AZURE_TOKEN), timeouts),
  createStranger: (origin, timeouts) => createFoundryAgentsClient(projectAt(origin, 'eyJ.wrong'), timeouts),
};

export function projectAt(origin: string, token: string) {
  return { projectUrl: `${origin}${EMULATED_PROJECT.path}`, credential: { kind: 'bearer-token', token } } as const;
}
