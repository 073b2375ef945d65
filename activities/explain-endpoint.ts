import type { ExplainEndpointInput, ExplainEndpointResult } from '../workflows/activity-interfaces.ts';
import type { QueueHold } from '../workflows/domain/queue-hold.ts';

export interface ExplainEndpointDependencies {
  /** What an operator has done to the endpoint's queue. */
  readHold(endpoint: string): Promise<QueueHold | undefined>;
}

/** The activity `explainEndpoint`: why nobody took a call from an endpoint's queue, as far as Temporal knows. */
export function createExplainEndpoint({ readHold }: ExplainEndpointDependencies) {
  return async ({ endpoint }: ExplainEndpointInput): Promise<ExplainEndpointResult> => {
    const hold = await readHold(endpoint);
    return hold === undefined ? {} : { hold };
  };
}
