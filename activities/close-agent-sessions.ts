/** Sessions of managed agents go with their task, however it ended: one that is left costs its account a place, and may go on by itself. */
import { ApplicationFailure } from '@temporalio/activity';
import type { CloseAgentSessionsInput, OpenAgentSessions } from '../workflows/domain/managed-service.ts';
import type { DeploymentId } from '../workflows/domain/ids.ts';
import type { ModelFailure } from '../workflows/domain/model-failure.ts';
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

async function failureOf(closing: Promise<void>): Promise<ModelFailure | undefined> {
  try {
    await closing;
    return undefined;
  } catch (error) {
    if (error instanceof ModelFailureError) return error.failure;
    throw error;
  }
}

/** Classified failures are final elsewhere; this one costs nothing to try again. */
function notClosed(reason: string): ApplicationFailure {
  return ApplicationFailure.retryable(`a session is not closed: ${reason}`, 'SessionNotClosed');
}

/** The activity `closeAgentSessions`, at the queue of the endpoint that has them. */
export function createCloseAgentSessions({ store, served }: CloseAgentSessionsDependencies) {
  return ({ deployment }: CloseAgentSessionsInput): Promise<void> =>
    withHeartbeat(async () => {
      const taskId = currentTaskId();
      const sessions = served.get(deployment)?.sessions;
      try {
        if (sessions === undefined) throw notClosed(`no worker here serves ${deployment} any more`);
        const open = (await store.listAgentSessions(taskId)).filter(
          (record) => record.deployment === deployment && record.isClosed !== true,
        );
        const failures: ModelFailure[] = [];
        for (const record of open) {
          const failure = await failureOf(sessions.close(taskId, record));
          // One that cannot be closed keeps no other one open.
          if (failure !== undefined) failures.push(failure);
          else await store.putAgentSession(taskId, { ...record, isClosed: true });
        }
        const [first] = failures;
        if (first !== undefined) throw notClosed(describeFailure(first));
      } catch (error) {
        throw toActivityFailure(error);
      }
    });
}
