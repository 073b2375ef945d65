/** Reads from Temporal what operators have done to the endpoints' queues. */
import type { NativeConnection } from '@temporalio/worker';
import type { QueueHold } from '../workflows/domain/queue-hold.ts';
import { toQueueHold } from '../workflows/domain/queue-hold.ts';
import { endpointQueue } from '../workflows/domain/task-queues.ts';

/** `TASK_QUEUE_TYPE_ACTIVITY` of Temporal's API. */
export const ACTIVITY_QUEUE = 2;

export function createHoldReader(connection: NativeConnection, namespace: string) {
  return async (endpoint: string): Promise<QueueHold | undefined> => {
    const { config } = await connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: endpointQueue(endpoint) },
      taskQueueType: ACTIVITY_QUEUE,
      reportConfig: true,
    });
    return toQueueHold(config);
  };
}
