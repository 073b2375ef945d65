import type { DeploymentId } from '../../workflows/domain/ids.ts';
import type { RouteHealth } from '../../workflows/domain/route-health.ts';
import { ModelFailureError } from '../clouds/cloud-client.ts';
import { toActivityFailure } from '../failures.ts';
import type { ServedDeployment } from '../served-deployment.ts';
import type { AttemptGate } from './attempt-gate.ts';

interface Known {
  readonly gate: Pick<AttemptGate, 'snapshot'>;
  readonly served: ReadonlyMap<DeploymentId, ServedDeployment>;
}

/**
 * Runs an attempt and adds to its end, an answer or a failure, what all workers know now: the turn's next decision is made with it.
 * Throws what Temporal is to see.
 */
export async function withHealth<Answer extends object>(
  known: Known,
  deployment: DeploymentId,
  attempt: () => Promise<Answer>,
): Promise<Answer & { readonly health?: RouteHealth }> {
  try {
    const answer = await attempt();
    const health = await healthOf(known, deployment);
    return health === undefined ? answer : { ...answer, health };
  } catch (error) {
    throw error instanceof ModelFailureError ? await failureWithHealth(known, deployment, error) : toActivityFailure(error);
  }
}

/** When the store is away the next try of the activity finds the failure in the journal. */
async function failureWithHealth(known: Known, deployment: DeploymentId, error: ModelFailureError): Promise<Error> {
  try {
    return toActivityFailure(error, await healthOf(known, deployment));
  } catch (storeError) {
    return toActivityFailure(storeError);
  }
}

async function healthOf({ gate, served }: Known, deployment: DeploymentId): Promise<RouteHealth | undefined> {
  const model = served.get(deployment)?.deployment.model;
  return model === undefined ? undefined : gate.snapshot(model);
}
