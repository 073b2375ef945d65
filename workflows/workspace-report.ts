/** Tells a client, which reads no task store, what became of a task's files. One part of an answer; short-lived. */
import { proxyActivities } from '@temporalio/workflow';
import type { TaskActivities } from './activity-interfaces.ts';
import { WORKSPACE_ACTIVITY } from './activity-options.ts';
import { TASKS_QUEUE } from './domain/task-queues.ts';
import type { ReportWorkspaceInput, ReportWorkspaceResult } from './domain/workspace-report.ts';

/** Somebody waits for it: what three hosts cannot tell is told as a failure. */
const ATTEMPTS = 3;

export function workspaceReport(input: ReportWorkspaceInput): Promise<ReportWorkspaceResult> {
  const { reportWorkspace } = proxyActivities<TaskActivities>({
    ...WORKSPACE_ACTIVITY,
    retry: { ...WORKSPACE_ACTIVITY.retry, maximumAttempts: ATTEMPTS },
    taskQueue: TASKS_QUEUE,
    summary: `${input.question.kind} of a workspace`,
  });
  return reportWorkspace(input);
}
