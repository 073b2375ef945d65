/** The workflow types that a worker registers. */
export { agentTask, managedAgentTask } from './agent-task.ts';
export { taskBatch, taskBatchLines } from './task-batch.ts';
export { taskContest } from './task-contest.ts';
export { endpointReport } from './endpoint-report.ts';
export { workspaceReport } from './workspace-report.ts';
