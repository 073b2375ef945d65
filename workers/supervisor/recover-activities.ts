/** What a dead worker was doing goes on elsewhere at once, instead of after a heartbeat timeout. */
import type { Client } from '@temporalio/client';
import { ActivityNotFoundError, isGrpcServiceError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityKey, Execution, TaskStore } from '../../activities/store/task-store.ts';

/** `temporal.api.enums.v1.PendingActivityState`: a worker has taken it. */
const STARTED = 2;
/** `google.rpc.Code`. */
const NOT_FOUND = 5;
/** Another worker may take it now; Temporal's own pause would grow with every death. */
const SOON = '10ms';

/**
 * Has every activity that the dead process left open tried again, and its workflows picked up by any worker. An activity that has
 * ended, or that another worker runs by now, is left alone: what is told twice is harmless. Gives how many go on.
 */
export async function recoverActivities(client: Client, store: TaskStore, owner: string): Promise<number> {
  const open = await store.listOpenActivities(owner);
  const recovered = await Promise.all(byExecution(open).map((activities) => recoverExecution(client, owner, activities)));
  await Promise.all(open.map((activity) => store.closeActivity(activity, owner)));
  return recovered.reduce((sum, count) => sum + count, 0);
}

function byExecution(activities: readonly ActivityKey[]): readonly (readonly [ActivityKey, ...ActivityKey[]])[] {
  const groups = new Map<string, [ActivityKey, ...ActivityKey[]]>();
  for (const activity of activities) {
    const group = groups.get(activity.runId);
    if (group === undefined) groups.set(activity.runId, [activity]);
    else group.push(activity);
  }
  return [...groups.values()];
}

async function recoverExecution(
  client: Client,
  owner: string,
  activities: readonly [ActivityKey, ...ActivityKey[]],
): Promise<number> {
  const [{ workflowId, runId }] = activities;
  const execution = { workflowId, runId };
  const running = await listRunning(client, owner, execution);
  const left = activities.filter(({ activityId }) => running.has(activityId));
  await Promise.all([
    ...left.map((activity) => unlessGone(() => client.activity.fail(activity, workerDied()))),
    // Its cache died with the worker; without this the next step waits for the time-out of its own queue.
    unlessGone(() => client.workflowService.resetStickyTaskQueue({ namespace: client.options.namespace, execution })),
  ]);
  return left.length;
}

/** Ids of the activities that, as Temporal sees it, still run on the dead worker. */
async function listRunning(client: Client, owner: string, execution: Execution): Promise<ReadonlySet<string>> {
  const { namespace } = client.options;
  const described = await unlessGone(() => client.workflowService.describeWorkflowExecution({ namespace, execution }));
  const pending = described?.pendingActivities ?? [];
  return new Set(
    pending
      .filter(({ state, lastWorkerIdentity }) => state === STARTED && lastWorkerIdentity === owner)
      .map(({ activityId }) => activityId ?? ''),
  );
}

function workerDied(): ApplicationFailure {
  return ApplicationFailure.create({ type: 'WorkerDied', message: 'the worker died; another one goes on', nextRetryDelay: SOON });
}

/** Undefined when the activity or its workflow has ended meanwhile. */
async function unlessGone<Answer>(call: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ActivityNotFoundError || (isGrpcServiceError(error) && Number(error.code) === NOT_FOUND))
      return undefined;
    throw error;
  }
}
