/** Tasks as Temporal lists them; needs no worker. */
import type { Client, WorkflowExecutionInfo, WorkflowExecutionStatusName } from '@temporalio/client';
import { taskIdOfWorkflow, toBatchId } from '../workflows/domain/ids.ts';
import { isContest } from './contest-kind.ts';

/** How a task stands as far as Temporal knows it. */
export const TASK_STANDINGS = ['running', 'completed', 'failed', 'cancelled', 'terminated', 'timed-out'] as const;
export type TaskStanding = (typeof TASK_STANDINGS)[number];

export interface TaskFilter {
  readonly standing?: TaskStanding;
  /** Only the tasks of this batch. */
  readonly batchId?: string;
  /** At most so many, the newest first; default 20. */
  readonly limit?: number;
}

export interface TaskSummary {
  readonly taskId: string;
  readonly standing: TaskStanding;
  readonly startedAt: Date;
  /** Absent while it runs. */
  readonly endedAt?: Date;
  /** Several contenders at the same task, which are listed as well. */
  readonly isContest?: true;
}

const DEFAULT_LIMIT = 20;

const STATUS_OF = {
  running: 'Running',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Canceled',
  terminated: 'Terminated',
  'timed-out': 'TimedOut',
} satisfies Record<TaskStanding, string>;

/** The newest tasks first; Temporal shows a task here up to a second after it started. */
export async function listTasks(client: Client, filter: TaskFilter = {}): Promise<readonly TaskSummary[]> {
  const limit = filter.limit ?? DEFAULT_LIMIT;
  const tasks: TaskSummary[] = [];
  for await (const info of client.workflow.list({
    query: queryOf(filter),
    pageSize: Math.min(limit, 1_000),
  })) {
    tasks.push(summaryOf(info));
    if (tasks.length >= limit) break;
  }
  return tasks;
}

/** What Temporal says of a task's workflow, or a contest's. */
export function summaryOf(info: Omit<WorkflowExecutionInfo, 'raw'>): TaskSummary {
  const { workflowId, status, startTime, closeTime } = info;
  return {
    taskId: taskIdOfWorkflow(workflowId),
    standing: standingOf(status.name),
    startedAt: startTime,
    ...(closeTime === undefined ? {} : { endedAt: closeTime }),
    ...(isContest(info) ? { isContest: true as const } : {}),
  };
}

/** How a workflow's status reads in our words. */
function standingOf(status: WorkflowExecutionStatusName): TaskStanding {
  switch (status) {
    case 'COMPLETED':
      return 'completed';
    case 'FAILED':
      return 'failed';
    case 'CANCELLED':
      return 'cancelled';
    case 'TERMINATED':
      return 'terminated';
    case 'TIMED_OUT':
      return 'timed-out';
    case 'RUNNING':
    case 'PAUSED':
    case 'CONTINUED_AS_NEW':
    case 'UNSPECIFIED':
    case 'UNKNOWN':
      return 'running';
  }
}

/** Every value is one of ours or has the form of an id, so that nothing can end its quotes. */
function queryOf({ standing, batchId }: TaskFilter): string {
  const conditions = ['WorkflowType IN ("agentTask", "managedAgentTask", "taskContest")'];
  // A run that went on in a new one is the same task, listed by its newest run.
  conditions.push(standing === undefined ? 'ExecutionStatus != "ContinuedAsNew"' : `ExecutionStatus = "${STATUS_OF[standing]}"`);
  if (batchId !== undefined) conditions.push(`WorkflowId STARTS_WITH "agent-task/${toBatchId(batchId)}-"`);
  return conditions.join(' AND ');
}
