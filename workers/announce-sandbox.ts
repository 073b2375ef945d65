/**
 * How a host confines commands, told where operators look for its queue: as the reason of the queue's configuration in Temporal
 * (`temporal task-queue config get --task-queue hosts/ID --task-queue-type activity`), which is metadata alone while no rate is set.
 */
import type { NativeConnection } from '@temporalio/worker';
import type { SandboxPolicy } from '../activities/sandbox/choose-sandbox.ts';
import type { SandboxProbe } from '../activities/sandbox/sandbox.ts';
import { toQueueHold } from '../workflows/domain/queue-hold.ts';
import { ACTIVITY_QUEUE } from './queue-holds.ts';

/** One line in any list; what bubblewrap says of a failure may be longer. */
const WORDS_CHARACTERS = 250;

export interface Announcement {
  readonly namespace: string;
  readonly queue: string;
  /** Who says so. */
  readonly identity: string;
  readonly policy: SandboxPolicy;
  readonly probe: SandboxProbe;
}

/** An operator who holds the queue keeps the word: that reason stays. @throws Error when Temporal refuses */
export async function announceSandbox(connection: NativeConnection, announcement: Announcement): Promise<void> {
  const { namespace, queue, identity } = announcement;
  const { config } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: queue },
    taskQueueType: ACTIVITY_QUEUE,
    reportConfig: true,
  });
  const reason = describeSandbox(announcement).slice(0, WORDS_CHARACTERS);
  if (toQueueHold(config) !== undefined || config?.queueRateLimit?.metadata?.reason === reason) return;
  await connection.workflowService.updateTaskQueueConfig({
    namespace,
    identity,
    taskQueue: queue,
    taskQueueType: ACTIVITY_QUEUE,
    updateQueueRateLimit: { reason },
  });
}

function describeSandbox({ policy, probe }: Pick<Announcement, 'policy' | 'probe'>): string {
  if (policy === 'none') return 'sandbox none: commands are not confined';
  if (probe.kind === 'unusable') return `sandbox ${policy}, but unusable: ${probe.reason}`;
  const { detail, weakness } = probe;
  return `sandbox ${policy}: bubblewrap, ${detail}${weakness === undefined ? '' : `; ${weakness.words}`}`;
}
