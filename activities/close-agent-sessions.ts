/** Sessions of managed agents go with their task, however it ended: one that is left costs its account a place, and may go on by itself. */
import { ApplicationFailure } from '@temporalio/activity';
import type { CloseAgentSessionsInput, OpenAgentSessions } from '../workflows/domain/managed-service.ts';
import type { DeploymentId } from '../workflows/domain/ids.ts';
import { describeFailure } from '../workflows/domain/model-failure.ts';
import { ModelFailureError } from './clouds/cloud-client.ts';
import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { ServedDeployment } from './served-deployment.ts';
import type { TaskStore } from './store/task-store.ts';

export interface CloseAgentSessionsDependencies {
  readonly store: TaskStore;
  readonly served: ReadonlyMap<DeploymentId, ServedDeployment>;
}

/** The activity `listAgentSessions`: where the task has sessions that were not closed. */
export function createListAgentSessions({ store }: Pick<CloseAgentSessionsDependencies, 'store'>) {
  return async (): Promise<OpenAgentSessions> => {
    try {
      const open = (await store.listAgentSessions(currentTaskId())).filter(({ isClosed }) => isClosed !== true);
      return { deployments: [...new Set(open.map(({ deployment }) => deployment))] };
    } catch (error) {
      throw toActivityFailure(error);
    }
  };
}

/** The activity `closeAgentSessions`, at the queue of the endpoint that has them. */
export function createCloseAgentSessions({ store, served }: CloseAgentSessionsDependencies) {
  return ({ deployment }: CloseAgentSessionsInput): Promise<void> =>
    withHeartbeat(async () => {
      const taskId = currentTaskId();
      const sessions = served.get(deployment)?.sessions;
      try {
        for (const record of await store.listAgentSessions(taskId)) {
          if (record.deployment !== deployment || record.isClosed === true) continue;
          await sessions?.close(taskId, record);
          await store.putAgentSession(taskId, { ...record, isClosed: true });
        }
      } catch (error) {
        // Classified failures are final elsewhere; this one costs nothing to try again.
        if (error instanceof ModelFailureError)
          throw ApplicationFailure.retryable(`a session is not closed: ${describeFailure(error.failure)}`, 'SessionNotClosed');
        throw toActivityFailure(error);
      }
    });
}
