/** The end of what a task has at services of managed agents. */
import { ActivityFailure, proxyActivities } from '@temporalio/workflow';
import type { EndpointActivities } from './activity-interfaces.ts';
import { CLOSE_LEFT_SESSIONS_ACTIVITY, CLOSE_SESSIONS_ACTIVITY } from './activity-options.ts';
import type { DeploymentId } from './domain/ids.ts';
import { endpointOf } from './domain/ids.ts';
import type { Route } from './domain/route.ts';
import { endpointQueue } from './domain/task-queues.ts';
import { storeFor } from './task-effects.ts';

/**
 * `answeredLast`: where the task is, if anywhere yet. A session that cannot be closed soon expires at its service: it must neither fail nor
 * hold up a task that has its result.
 */
export async function closeSessions(
  { deployments: planned }: Pick<Route, 'deployments'>,
  answeredLast: DeploymentId | undefined,
): Promise<void> {
  if (!planned.some(({ service }) => service !== undefined)) return;
  const { deployments } = await storeFor('look for open sessions').listAgentSessions();
  await Promise.all(
    deployments.map(async (deployment) => {
      const isLeft = answeredLast !== undefined && answeredLast !== deployment;
      const close = isLeft ? CLOSE_LEFT_SESSIONS_ACTIVITY : CLOSE_SESSIONS_ACTIVITY;
      const options = { ...close, taskQueue: endpointQueue(endpointOf(deployment)) };
      const { closeAgentSessions } = proxyActivities<EndpointActivities>({
        ...options,
        summary: `close sessions · ${endpointOf(deployment)}`,
      });
      try {
        await closeAgentSessions({ deployment });
      } catch (error) {
        if (!(error instanceof ActivityFailure)) throw error;
      }
    }),
  );
}
