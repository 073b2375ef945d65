/** Workflows, and the activities that any worker with the task store can run. */
export const TASKS_QUEUE = 'agent-tasks';

/**
 * The queue of one endpoint's model calls. Only workers that hold its credentials poll it, and an operator can drain or
 * throttle it for the whole cluster.
 */
export function endpointQueue(endpoint: string): string {
  return `endpoints/${endpoint}`;
}

/** The queue of one host's workspaces: tool calls must run where the files are. */
export function hostQueue(hostId: string): string {
  return `hosts/${hostId}`;
}

/** The tenant of a request that names none. */
export const DEFAULT_TENANT = 'default';

/** Temporal's priorities, 1 before 5, 3 unless told: a task that somebody waits for goes before the lines of a batch. */
export const INTERACTIVE_PRIORITY = 2;
export const BATCH_PRIORITY = 4;

const PLAIN_KEY = /^[\u0020-\u007e]{1,64}$/;

/** Among equal priorities each key gets an even share. Temporal takes 64 bytes: 16 UTF-16 units of any script are within that. */
export function fairnessKeyOf(tenant: string): string {
  return PLAIN_KEY.test(tenant) ? tenant : tenant.slice(0, 16).toWellFormed();
}
