import type { ExplainEndpointInput, ExplainEndpointResult } from '../workflows/activity-interfaces.ts';
import type { QueueHold } from '../workflows/domain/queue-hold.ts';
import type { Deployment } from '../workflows/domain/route.ts';
import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import type { AttemptGate } from './health/attempt-gate.ts';
import type { TaskStore } from './store/task-store.ts';

export interface ExplainEndpointDependencies {
  readonly store: TaskStore;
  readonly gate: Pick<AttemptGate, 'snapshot'>;
  readonly deployments: readonly Deployment[];
  /** What an operator has done to the endpoint's queue; the gate's snapshot knows it after that. */
  readHold(endpoint: string): Promise<QueueHold | undefined>;
}

/** The activity `explainEndpoint`: why nobody took a call from an endpoint's queue, as far as Temporal and the journal know. */
export function createExplainEndpoint({ store, gate, deployments, readHold }: ExplainEndpointDependencies) {
  return async (input: ExplainEndpointInput): Promise<ExplainEndpointResult> => {
    const hold = await readHold(input.endpoint);
    const model = deployments.find(({ id }) => id === input.deployment)?.model;
    try {
      const wasSent = await hasLeft(store, input);
      const health = model === undefined ? undefined : await gate.snapshot(model);
      return {
        ...(hold === undefined ? {} : { hold }),
        ...(wasSent ? { wasSent } : {}),
        ...(health === undefined ? {} : { health }),
      };
    } catch (error) {
      throw toActivityFailure(error);
    }
  };
}

/** A worker that died may have sent what then lay in the queue again: Temporal tells of the second time alone. */
async function hasLeft(store: TaskStore, { turn, attempt }: ExplainEndpointInput): Promise<boolean> {
  if (turn === undefined) return false;
  const attempts = await store.listAttempts(currentTaskId());
  const entry = attempts.find(({ key }) => key.turn === turn && key.attempt === attempt);
  return entry !== undefined && (entry.state.kind === 'sending' || entry.state.kind === 'submitted');
}
