/** One contender of a contest as a child workflow: started, and waited for. */
import { WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy } from '@temporalio/common';
import { ChildWorkflowCancellationType, ParentClosePolicy, startChild } from '@temporalio/workflow';
import type { ChildWorkflowHandle } from '@temporalio/workflow';
import type { TaskRequest, TaskResult } from './activity-interfaces.ts';
import type { agentTask } from './agent-task.ts';
import { childTypeOf } from './child-type.ts';
import { resultOfChild } from './child-result.ts';
import type { ContenderIdentity } from './domain/contest.ts';
import { contenderTaskId, taskWorkflowId } from './domain/ids.ts';

/** What a contender came to: its result, or why there is none. */
export type ContenderEnd = TaskResult | { readonly state: 'failed' | 'cancelled'; readonly reason: string };

/** A contender that runs, or one that could not begin. */
export type StartedContender = ChildWorkflowHandle<typeof agentTask> | 'taken';

/** `taken`: its id is that of another task. A cancel is waited for: what the contender has, and has cost, is known then. */
export async function startContender({ contest, number }: ContenderIdentity, request: TaskRequest): Promise<StartedContender> {
  try {
    return await startChild<typeof agentTask>(childTypeOf(request), {
      workflowId: taskWorkflowId(contenderTaskId(contest, number)),
      args: [{ kind: 'request', request, contest }],
      staticSummary: `contender ${number}`,
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'taken';
    throw error;
  }
}

/** `reported` is what it has told by itself. */
export async function endOfContender(started: StartedContender, reported: () => TaskResult | undefined): Promise<ContenderEnd> {
  if (started === 'taken') return { state: 'failed', reason: 'there has been a task of this id before: choose another id' };
  const result = await started.result().catch(resultOfChild);
  if (typeof result !== 'string') return result;
  const told = reported();
  return (
    told ?? { state: result, reason: result === 'cancelled' ? 'it was cancelled' : 'it was ended from outside, without a result' }
  );
}
