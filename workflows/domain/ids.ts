/** The one place where ids are built and taken apart, so that every door names a task the same way. */

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A task's id as its caller knows it: 1 to 120 of `A-Z a-z 0-9 . _ -`, beginning with a letter or digit. */
export type TaskId = Branded<'TaskId'>;
/** A batch's id; the same form as a task id, but at most 100 characters, since its tasks' ids begin with it. */
export type BatchId = Branded<'BatchId'>;
/** `<endpoint>/<model>`: one model served at one endpoint. */
export type DeploymentId = Branded<'DeploymentId'>;

const TASK_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$/;
const BATCH_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const TASK_WORKFLOW_PREFIX = 'agent-task/';
const BATCH_WORKFLOW_PREFIX = 'task-batch/';

/** @throws RangeError when the text is no task id */
export function toTaskId(text: string): TaskId {
  if (!TASK_ID.test(text)) {
    throw new RangeError(
      `"${text}" is not a task id: use 1 to 120 letters, digits, ".", "_" or "-", beginning with a letter or digit`,
    );
  }
  return text as TaskId; // checked above
}

/** @throws RangeError when the text is no batch id */
export function toBatchId(text: string): BatchId {
  if (!BATCH_ID.test(text)) {
    throw new RangeError(
      `"${text}" is not a batch id: use 1 to 100 letters, digits, ".", "_" or "-", beginning with a letter or digit`,
    );
  }
  return text as BatchId; // checked above
}

/** `agent-task/<task id>`, the workflow id of a task. */
export function taskWorkflowId(taskId: TaskId): string {
  return TASK_WORKFLOW_PREFIX + taskId;
}

/** `task-batch/<batch id>`, the workflow id of a batch. */
export function batchWorkflowId(batchId: BatchId): string {
  return BATCH_WORKFLOW_PREFIX + batchId;
}

/** `task-batch/<batch id>/lines/<n>`, the workflow that stores the n-th chunk of a batch's lines. */
export function batchChunkWorkflowId(batchId: BatchId, chunk: number): string {
  return `${BATCH_WORKFLOW_PREFIX}${batchId}/lines/${chunk}`;
}

/** The id of the task made from a batch's line; lines count from 1, as in the file. */
export function batchTaskId(batchId: BatchId, line: number): TaskId {
  return toTaskId(`${batchId}-${line}`);
}

/** The id of a contest's contender; they count from 1. @throws RangeError when the id would be too long */
export function contenderTaskId(contest: TaskId, number: number): TaskId {
  return toTaskId(`${contest}-${number}`);
}

/** @throws RangeError when the workflow id is not one of a task */
export function taskIdOfWorkflow(workflowId: string): TaskId {
  if (!workflowId.startsWith(TASK_WORKFLOW_PREFIX)) {
    throw new RangeError(`workflow id "${workflowId}" does not begin with "${TASK_WORKFLOW_PREFIX}"`);
  }
  return toTaskId(workflowId.slice(TASK_WORKFLOW_PREFIX.length));
}

/** @throws RangeError when the workflow id is not one of a batch or of a chunk of its lines */
export function batchIdOfWorkflow(workflowId: string): BatchId {
  const [prefix, batchId = ''] = workflowId.split('/');
  if (`${prefix}/` !== BATCH_WORKFLOW_PREFIX) {
    throw new RangeError(`workflow id "${workflowId}" does not begin with "${BATCH_WORKFLOW_PREFIX}"`);
  }
  return toBatchId(batchId);
}

/** `<endpoint>/<model>`. An endpoint's name has no slash (config refuses it), so the id can be taken apart again. */
export function toDeploymentId(endpoint: string, model: string): DeploymentId {
  return `${endpoint}/${model}` as DeploymentId; // the one constructor
}

/** The endpoint part of a deployment id. */
export function endpointOf(deploymentId: DeploymentId): string {
  return deploymentId.slice(0, deploymentId.indexOf('/'));
}
