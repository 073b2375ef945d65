import type { DeploymentId } from './ids.ts';
import type { ManagedService } from './managed-service.ts';
import type { Price } from './price.ts';

export const CLOUDS = ['openai', 'azure', 'aws', 'google'] as const;
export type Cloud = (typeof CLOUDS)[number];

/** What a deployment can do; a task's need names some of these, and a cloud's name is never asked instead. */
export const CAPABILITIES = [
  'streaming',
  'tools',
  'custom-tools',
  'apply-patch',
  'background',
  'encrypted-reasoning',
  'structured-output',
  'vision',
  'stored-state',
  'hosted-web-search',
  'hosted-code',
  'computer-use',
  'mcp',
  'subagents',
  'guardrails',
  'batch',
  'customer-kms',
  'private-link',
] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** One model served at one endpoint, with all that the turn must know to choose among them. No secret, no address. */
export interface Deployment {
  readonly id: DeploymentId;
  readonly endpoint: string;
  readonly cloud: Cloud;
  readonly region: string | null;
  readonly model: string;
  /**
   * Where opaque state (reasoning) stays valid: `<cloud>:<account or resource>:<region>:<model family>`. Two deployments with
   * the same boundary can exchange it.
   */
  readonly boundary: string;
  readonly capabilities: readonly Capability[];
  readonly price: Price;
  /** Bought in advance (provisioned throughput): when it is full, the same resource's standard capacity is the nearest. */
  readonly capacity?: 'reserved';
  /** Tokens that a request and its answer may have together, by the catalog; absent: not known. */
  readonly contextWindow?: number;
  /** What it fails together with, such as `region:us-east-1`; absent in routes of before this was known. */
  readonly failureDomains?: readonly string[];
  /** The service that runs agents with this model; absent: the model itself is called. */
  readonly service?: ManagedService;
}

/** The ordered eligible deployments of a task, best first, never empty. */
export interface Route {
  readonly model: string;
  readonly deployments: readonly Deployment[];
  /** Where a turn may go after a content filter or a refusal, by the tenant's policy; absent: nowhere. */
  readonly afterFilter?: readonly DeploymentId[];
}
