/** The end of what a task has at services of managed agents. */
import { ActivityFailure, proxyActivities } from '@temporalio/workflow';
import type { EndpointActivities } from './activity-interfaces.ts';
import { CLOSE_SESSIONS_ACTIVITY } from './activity-options.ts';
import { endpointOf } from './domain/ids.ts';
import type { Route } from './domain/route.ts';
import { endpointQueue } from './domain/task-queues.ts';
import { storeFor } from './task-effects.ts';

/** One that cannot be closed within minutes expires at its service: it must not fail a task that has its result. */
export async function closeSessions({ deployments: planned }: Pick<Route, 'deployments'>): Promise<void> {
  if (!planned.some(({ service }) => service !== undefined)) return;
  const { deployments } = await storeFor('look for open sessions').listAgentSessions();
  await Promise.all(
    deployments.map(async (deployment) => {
      const options = { ...CLOSE_SESSIONS_ACTIVITY, taskQueue: endpointQueue(endpointOf(deployment)) };
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
