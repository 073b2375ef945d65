import type { RateLimits } from '../workflows/domain/rate-window.ts';
import type { DatedPrices } from '../workflows/domain/price.ts';
import type { Deployment } from '../workflows/domain/route.ts';
import type { SessionCaller } from './managed-agents/call-session.ts';
import type { CloudClient } from './clouds/cloud-client.ts';

/** A deployment with what it takes to call it; made where the secrets are, and nowhere else. */
export interface ServedDeployment {
  readonly deployment: Deployment;
  /** Of which `deployment.price` is the one that was charged when the worker started. */
  readonly prices: DatedPrices;
  /** The model's name at the endpoint. */
  readonly wireModel: string;
  /** Answers are generated in the cloud's background mode; `auto`: when they are expected to be long or dear. */
  readonly background: boolean | 'auto';
  readonly client: CloudClient;
  /** It is a service of managed agents, whose sessions are called and not a model. */
  readonly sessions?: SessionCaller;
  /** The host that is called, or the cloud's region: what fails as a whole. */
  readonly site: string;
  /** What this endpoint's account may ask of it in a minute. */
  readonly limits?: RateLimits;
}
