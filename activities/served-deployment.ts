import type { DatedPrices } from '../workflows/domain/price.ts';
import type { Deployment } from '../workflows/domain/route.ts';
import type { CloudClient } from './clouds/cloud-client.ts';

/** A deployment with what it takes to call it; made where the secrets are, and nowhere else. */
export interface ServedDeployment {
  readonly deployment: Deployment;
  /** Of which `deployment.price` is the one that was charged when the worker started. */
  readonly prices: DatedPrices;
  /** The model's name at the endpoint. */
  readonly wireModel: string;
  /** Answers are generated in the cloud's background mode. */
  readonly background: boolean;
  readonly client: CloudClient;
}
