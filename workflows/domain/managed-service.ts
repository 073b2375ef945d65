/** The services in which a cloud runs agents itself. */
import type { Product } from './catalog.ts';
import type { DeploymentId } from './ids.ts';
import type { Cloud } from './route.ts';

export const MANAGED_SERVICES = [
  'agents-api',
  'bedrock-managed-agents',
  'bedrock-agents-classic',
  'foundry-agents',
  'agent-engine',
] as const;
export type ManagedService = (typeof MANAGED_SERVICES)[number];

/** Whose each is. */
export const SERVICE_CLOUDS = {
  'agents-api': 'openai',
  'bedrock-managed-agents': 'aws',
  'bedrock-agents-classic': 'aws',
  'foundry-agents': 'azure',
  'agent-engine': 'google',
} as const satisfies Record<ManagedService, Cloud>;

/** What a deployment is sold as. */
export function productOf({ service }: { readonly service?: ManagedService }): Product {
  return service === undefined ? 'model' : 'managed-agent';
}

export interface CloseAgentSessionsInput {
  readonly deployment: DeploymentId;
}

/** Where a task has sessions of managed agents that were not closed. */
export interface OpenAgentSessions {
  readonly deployments: readonly DeploymentId[];
}
