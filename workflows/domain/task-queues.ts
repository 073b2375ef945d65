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
