import { ApplicationFailure } from '@temporalio/activity';
import type { OpenTaskInput, OpenTaskResult, TaskRequest } from '../workflows/activity-interfaces.ts';
import type { ApprovalPolicy } from '../workflows/domain/approval.ts';
import { narrowApprovals, NEVER_ASK } from '../workflows/domain/approval.ts';
import { DEFAULT_TENANT } from '../workflows/domain/task-queues.ts';
import { EMPTY_TRANSCRIPT } from '../workflows/domain/transcript.ts';
import { currentTaskId } from './current-task.ts';
import { taskEligibilityOf } from './eligibility/need-of.ts';
import { toActivityFailure } from './failures.ts';
import { instructionsFor } from './instructions.ts';
import type { PlannedTenant } from './plan-route.ts';
import type { TaskStore } from './store/task-store.ts';

export interface OpenTaskDependencies {
  readonly store: TaskStore;
  /** The tools that a task with a workspace is told of, by its model. */
  workspaceTools(model: string): readonly string[];
  /** The configured tenants; `default` needs no entry. */
  readonly tenants: readonly PlannedTenant[];
}

/** The activity `openTask`. Everything it writes is addressed by content or overwritten by the same: repeating it is safe. */
export function createOpenTask({ store, workspaceTools, tenants }: OpenTaskDependencies) {
  return async ({ request }: OpenTaskInput): Promise<OpenTaskResult> => {
    const taskId = currentTaskId();
    const tools = request.workspace === undefined ? [] : workspaceTools(request.model);
    const { prompt: _prompt, instructions: _instructions, ...kept } = request;
    try {
      const items = await store.putItems(taskId, [{ kind: 'user-message', text: request.prompt }]);
      const head = await store.appendToTranscript(taskId, EMPTY_TRANSCRIPT, items);
      await store.putSettings(taskId, {
        approvals: approvalsFor(tenants, request),
        request: kept,
        openedHead: head,
        instructions: instructionsFor({ hasTools: tools.length > 0, own: request.instructions }),
        tools,
        eligibility: taskEligibilityOf(request),
        ...(request.maxOutputTokens === undefined ? {} : { maxOutputTokens: request.maxOutputTokens }),
      });
      return { head };
    } catch (error) {
      throw toActivityFailure(error);
    }
  };
}

/** @throws ApplicationFailure when the task asks for less than its tenant does */
function approvalsFor(tenants: OpenTaskDependencies['tenants'], { tenant, approvals }: TaskRequest): ApprovalPolicy {
  const own = tenants.find(({ name }) => name === (tenant ?? DEFAULT_TENANT))?.approvals ?? NEVER_ASK;
  const narrowed = narrowApprovals(own, approvals);
  if (narrowed.kind === 'narrowed') return narrowed.policy;
  throw ApplicationFailure.nonRetryable(`${narrowed.reason}; leave approvals out, or ask for more`, 'ApprovalsRefused');
}
