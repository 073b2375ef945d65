/** What a program imports as `anyport`. */
export type { BatchSubmission, SubmitBatchOptions, SubmitProgress } from './batch.ts';
export type { BatchLineResult } from './batch-results.ts';
export type { ConnectOptions } from './connection.ts';
export type { ContestOptions } from './contest.ts';
export type { ContenderEvent } from './follow-contest.ts';
export type { FollowOptions } from './follow-task.ts';
export type { TaskFilter, TaskStanding, TaskSummary } from './list-tasks.ts';
export type { RaiseBudgetOptions } from './raise-budget.ts';
export type { StartedTask, StartOptions } from './task-client.ts';
export { TaskClient } from './task-client.ts';
export type { TaskClientProblem } from './task-client-error.ts';
export { TaskClientError } from './task-client-error.ts';
export type { WorkspaceDiffRange } from './workspace-report.ts';
export { parseTaskRequest, TaskRequestError } from './task-request.ts';
export type { AttemptRecord, SandboxChoice, TaskRequest, TaskResult } from '../workflows/activity-interfaces.ts';
export type { AgentSummary, ApprovalRecord, DiffStat } from '../workflows/domain/task-result.ts';
export type { CheckReport, TaskCheck } from '../workflows/domain/task-check.ts';
export type { TaskBudget } from '../workflows/domain/budget.ts';
export type {
  ContenderReport,
  ContenderStanding,
  ContestResult,
  ContestStatus,
  RankedContender,
} from '../workflows/domain/contest.ts';
export type { BatchStatus, TaskEvent, TaskState, TaskStatus } from '../workflows/domain/task-status.ts';
export type { CheckpointSummary, WorkspaceOverview } from '../workflows/domain/workspace-report.ts';
export type { Usage } from '../workflows/domain/usage.ts';
