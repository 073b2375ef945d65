/** One line of a batch as a child workflow: started, followed, cancelled, and found again by a later run of the batch. */
import { WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy } from '@temporalio/common';
import { getExternalWorkflowHandle, isCancellation, ParentClosePolicy, startChild } from '@temporalio/workflow';
import type { agentTask } from './agent-task.ts';
import { reportRequestedSignal } from './batch-report.ts';
import type { LineState } from './domain/batch-window.ts';
import type { BatchId } from './domain/ids.ts';
import { batchTaskId, taskWorkflowId } from './domain/ids.ts';
import { workflowTypeOf } from './domain/task-request.ts';
import { BATCH_PRIORITY } from './domain/task-queues.ts';

/** `onStarted` is called once the task exists, whoever began it. */
export interface Line {
  readonly batchId: BatchId;
  readonly line: number;
  readonly managed?: true;
  onStarted(): void;
}

/** Starts a line's task and waits for its end. `joined`: its task exists already, begun by an earlier run of the batch. */
export async function runLine({ onStarted, ...task }: Line): Promise<LineState | 'joined'> {
  const { batchId, line } = task;
  try {
    const child = await startChild<typeof agentTask>(workflowTypeOf(task), {
      workflowId: taskWorkflowId(batchTaskId(batchId, line)),
      args: [{ kind: 'batch-line', batchId, line }],
      staticSummary: `line ${line} of a batch`,
      priority: { priorityKey: BATCH_PRIORITY },
      // The task goes on while the batch continues in a new run.
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
    });
    onStarted();
    await child.result();
    return 'completed';
  } catch (error) {
    onStarted();
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'joined';
    return isCancellation(error) ? 'cancelled' : 'failed';
  }
}

/** Whether a task that this run did not start has ended without its report reaching us (completed long ago, or terminated). */
export async function hasEnded(batchId: BatchId, line: number): Promise<boolean> {
  try {
    await getExternalWorkflowHandle(taskWorkflowId(batchTaskId(batchId, line))).signal(reportRequestedSignal);
    return false;
  } catch {
    // The signal's one failure is that no such workflow runs.
    return true;
  }
}

/** Asks a line's task to stop; it reports its end like any other. */
export async function cancelLine(batchId: BatchId, line: number): Promise<void> {
  try {
    await getExternalWorkflowHandle(taskWorkflowId(batchTaskId(batchId, line))).cancel();
  } catch {
    // It has ended in the meantime.
  }
}
