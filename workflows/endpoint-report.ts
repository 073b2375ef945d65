/** Tells a client, which reads no configuration, which endpoints the workers know. Short-lived; nothing is kept of it. */
import { proxyActivities } from '@temporalio/workflow';
import type { EndpointReport, TaskActivities } from './activity-interfaces.ts';
import { STORE_ACTIVITY } from './activity-options.ts';
import { TASKS_QUEUE } from './domain/task-queues.ts';

const { reportEndpoints } = proxyActivities<TaskActivities>({
  ...STORE_ACTIVITY,
  taskQueue: TASKS_QUEUE,
  summary: 'list the endpoints',
});

export function endpointReport(): Promise<EndpointReport> {
  return reportEndpoints();
}
