/** How long each kind of activity may take and what Temporal may retry by itself: lost workers and an unreachable store. */
import type { ActivityOptions } from '@temporalio/workflow';
import { ActivityCancellationType } from '@temporalio/workflow';

/**
 * Failures that were classified come back as non-retryable; what is left is a dead worker or a store that is away, and both
 * come back. 10 s keeps the pause short once they are; without a limit of attempts, since giving up would lose the task.
 */
const UNTIL_IT_WORKS = { initialInterval: 200, backoffCoefficient: 2, maximumInterval: 10_000 } as const;

/** A worker beats every second, so five lost beats mean that it is gone, not slow. */
const HEARTBEAT_TIMEOUT_MS = 5_000;

/** Reads and writes of the task store; a healthy one answers in milliseconds. */
export const STORE_ACTIVITY = {
  startToCloseTimeout: 30_000,
  retry: UNTIL_IT_WORKS,
} as const satisfies ActivityOptions;

/** Writes down how a task begins, and asks MCP servers for their tools, each of which may have to be started within two minutes. */
export const OPEN_TASK_ACTIVITY = {
  startToCloseTimeout: 5 * 60_000,
  heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
  retry: UNTIL_IT_WORKS,
} as const satisfies ActivityOptions;

/** One attempt; its own limit is the turn's deadline, given with each call. */
export const MODEL_ACTIVITY = {
  heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
  // A worker that died is back within this; when nobody takes the call for longer (drained, saturated, no worker), another
  // endpoint is better, and an operator who drains one sees its tasks move within seconds.
  scheduleToStartTimeout: 5_000,
  // What a cancelled call has cost is recorded before the task closes.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: UNTIL_IT_WORKS,
} as const satisfies ActivityOptions;

export const MODEL_ACTIVITY_OF_POLICY_1 = { ...MODEL_ACTIVITY, scheduleToStartTimeout: 30_000 } as const;

/** One tool call. A command has a limit of its own; this one is for the case that it fails to keep it. */
export const TOOL_ACTIVITY = {
  startToCloseTimeout: 2 * 3_600_000,
  heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: UNTIL_IT_WORKS,
} as const satisfies ActivityOptions;

/** The files are put back before and after a check, which reads a whole repository. */
export const CHECK_OVERHEAD_MS = 15 * 60_000;

/** Its own time comes with each check. One whose host is away for a day is not waited for. */
export const CHECK_ACTIVITY = {
  heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
  scheduleToCloseTimeout: 24 * 3_600_000,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: UNTIL_IT_WORKS,
} as const satisfies ActivityOptions;

/** Opening a workspace or taking its diff reads a whole repository; a large one takes minutes on a slow disk. */
export const WORKSPACE_ACTIVITY = {
  startToCloseTimeout: 15 * 60_000,
  heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
  retry: UNTIL_IT_WORKS,
} as const satisfies ActivityOptions;

/** The diff waits for its host; one that is away for a day will not come back. */
export const COLLECT_DIFF_ACTIVITY = {
  ...WORKSPACE_ACTIVITY,
  scheduleToCloseTimeout: 24 * 3_600_000,
} as const satisfies ActivityOptions;

/** Tidying up must not keep a task open. */
export const CLOSE_WORKSPACE_ACTIVITY = {
  ...WORKSPACE_ACTIVITY,
  scheduleToCloseTimeout: 5 * 60_000,
} as const satisfies ActivityOptions;

/** The same of sessions at the service that answered last: it is there, as far as anybody knows. */
export const CLOSE_SESSIONS_ACTIVITY = {
  startToCloseTimeout: 60_000,
  scheduleToCloseTimeout: 60_000,
  heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
  retry: { initialInterval: 1_000, backoffCoefficient: 2, maximumInterval: 10_000 },
} as const satisfies ActivityOptions;

/** Of a service that the task has left: it may be down still, and the task's result waits for this. */
export const CLOSE_LEFT_SESSIONS_ACTIVITY = {
  ...CLOSE_SESSIONS_ACTIVITY,
  startToCloseTimeout: 10_000,
  scheduleToCloseTimeout: 10_000,
} as const satisfies ActivityOptions;
