import type { ExplainEndpointInput, ExplainEndpointResult } from '../workflows/activity-interfaces.ts';
import type { QueueHold } from '../workflows/domain/queue-hold.ts';
import type { Deployment } from '../workflows/domain/route.ts';
import type { RouteHealth } from '../workflows/domain/route-health.ts';
import { toActivityFailure } from './failures.ts';
import type { AttemptGate } from './health/attempt-gate.ts';

export interface ExplainEndpointDependencies {
  readonly gate: Pick<AttemptGate, 'snapshot'>;
  readonly deployments: readonly Deployment[];
  /** What an operator has done to the endpoint's queue; the gate's snapshot knows it after that. */
  readHold(endpoint: string): Promise<QueueHold | undefined>;
}

/** The activity `explainEndpoint`: why nobody took a call from an endpoint's queue, as far as Temporal knows. */
export function createExplainEndpoint({ gate, deployments, readHold }: ExplainEndpointDependencies) {
  return async ({ endpoint, deployment }: ExplainEndpointInput): Promise<ExplainEndpointResult> => {
    const hold = await readHold(endpoint);
    const model = deployments.find(({ id }) => id === deployment)?.model;
    const health = model === undefined ? undefined : await snapshotOf(gate, model);
    return { ...(hold === undefined ? {} : { hold }), ...(health === undefined ? {} : { health }) };
  };
}

/** @throws ApplicationFailure that Temporal tries again when the store is away */
async function snapshotOf(gate: Pick<AttemptGate, 'snapshot'>, model: string): Promise<RouteHealth | undefined> {
  try {
    return await gate.snapshot(model);
  } catch (error) {
    throw toActivityFailure(error);
  }
}
