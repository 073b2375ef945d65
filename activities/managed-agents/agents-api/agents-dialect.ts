/**
 * What differs between services that speak OpenAI's Agents API: what a session is opened with, what can be asked of one afterwards, and
 * how they name what went wrong. Each service's folder fills this in; the rest of a call is the same.
 */
import type OpenAI from 'openai';
import type { CallTimeouts, FailureDialect, ResponseDialect } from '../../clouds/responses-api/cloud-dialect.ts';
import type { ManagedAgentTraits, SessionPlan } from '../managed-agent-client.ts';

export interface AgentsRequestDialect {
  /** Fields of an opening beside the agent, its input and its metadata: the environment, a role. */
  openingFields(plan: SessionPlan): Readonly<Record<string, unknown>>;
  /** `Idempotency-Key` is known here; elsewhere it would promise what nobody keeps. */
  readonly idempotencyKeys: boolean;
  /** The list of sessions can be asked for those with a pair of metadata. */
  readonly metadataFilter: boolean;
}

export interface AgentsResponseDialect extends ResponseDialect {
  /** Turns can be asked for, so that what became of the last one is known without its stream. */
  readonly turns: boolean;
}

export interface AgentsDialect {
  readonly traits: ManagedAgentTraits;
  readonly request: AgentsRequestDialect;
  readonly response: AgentsResponseDialect;
  readonly failure: FailureDialect;
}

/** Makes the SDK's client with its retries off, sending through the given fetch. */
export interface AgentsEndpoint {
  readonly dialect: AgentsDialect;
  readonly timeouts: CallTimeouts;
  createSdk(fetch: typeof globalThis.fetch): OpenAI;
}
