/** What sets the emulated services apart that speak the Agents API. Facts as of 2026-11, as the adapters have them. */
import type { Authentication } from '../emulated-endpoints.ts';
import type { ConversationScript } from '../conversation-script.ts';
import type { AgentFaultPlan } from './agent-faults.ts';
import type { AgentLedger } from './agent-ledger.ts';
import type { EmulatedSession } from './agents-api-session.ts';

export interface AgentsApiService {
  /** In whose words it refuses. */
  readonly cloud: 'openai' | 'aws';
  readonly basePath: string;
  readonly auth: Authentication;
  readonly model: string;
  /** A saved agent that exists; `undefined`: there are none. */
  readonly savedAgent: string | undefined;
  /** The same key is taken once. */
  readonly idempotencyKeys: boolean;
  /** Calls functions, and asks before it calls tools of MCP servers. */
  readonly requiredActions: boolean;
  readonly turns: boolean;
  readonly metadataFilter: boolean;
  /** Runs with a role in an environment of the customer's. */
  readonly roleAndEnvironment: boolean;
}

export interface AgentsApiState {
  readonly service: AgentsApiService;
  readonly script: ConversationScript;
  readonly faults: AgentFaultPlan;
  readonly ledger: AgentLedger;
  readonly sessions: Map<string, EmulatedSession>;
}
