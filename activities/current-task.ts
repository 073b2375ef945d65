/** An activity knows whom it works for from the workflow that called it, so inputs need not repeat it. */
import { activityInfo } from '@temporalio/activity';
import type { BatchId, TaskId } from '../workflows/domain/ids.ts';
import { batchIdOfWorkflow, taskIdOfWorkflow } from '../workflows/domain/ids.ts';

/** @throws RangeError outside the workflow of a task */
export function currentTaskId(): TaskId {
  return taskIdOfWorkflow(callingWorkflowId());
}

/** @throws RangeError outside the workflows of a batch */
export function currentBatchId(): BatchId {
  return batchIdOfWorkflow(callingWorkflowId());
}

/** Temporal can start activities without a workflow; ours never are. */
function callingWorkflowId(): string {
  return activityInfo().workflowExecution?.workflowId ?? '';
}
