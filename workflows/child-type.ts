/** The type under which a task's workflow is started by another workflow. */
import { patched } from '@temporalio/workflow';
import type { TaskWorkflowType } from './domain/task-request.ts';
import { workflowTypeOf } from './domain/task-request.ts';

/** Those that were started before replay under the one type that there was. */
export function childTypeOf(task: { readonly managed?: true }): TaskWorkflowType {
  const type = workflowTypeOf(task);
  return type === 'agentTask' || patched('managed-children') ? type : 'agentTask';
}
