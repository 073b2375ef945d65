/** The door for TypeScript programs: starts tasks and batches as workflows, and reads what came of them. */
import { Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import type { TaskRequest, TaskResult } from '../workflows/activity-interfaces.ts';
import type { agentTask } from '../workflows/agent-task.ts';
import { workflowTypeOf } from '../workflows/domain/task-request.ts';
import type { TaskBudget } from '../workflows/domain/budget.ts';
import type { ContestResult, ContestStatus } from '../workflows/domain/contest.ts';
import { taskWorkflowId, toBatchId, toTaskId } from '../workflows/domain/ids.ts';
import { DEFAULT_TENANT, fairnessKeyOf, INTERACTIVE_PRIORITY, TASKS_QUEUE } from '../workflows/domain/task-queues.ts';
import type { BatchStatus, TaskEvent, TaskStatus } from '../workflows/domain/task-status.ts';
import type { WorkspaceOverview } from '../workflows/domain/workspace-report.ts';
import { contestQuery, statusQuery } from '../workflows/messages.ts';
import { askWorker, toClientError } from './ask-worker.ts';
import type { BatchSubmission, SubmitBatchOptions } from './batch.ts';
import { submitBatch } from './batch.ts';
import type { BatchLineResult } from './batch-results.ts';
import { readBatchResults, readBatchStatus } from './batch-results.ts';
import type { ConnectedTemporal, ConnectOptions } from './connection.ts';
import { assertReachable, connectTemporal } from './connection.ts';
import type { ContestOptions } from './contest.ts';
import { awaitContest, startContest } from './contest.ts';
import type { EndpointState, HoldRequest } from './endpoints.ts';
import { holdEndpoint, listEndpoints } from './endpoints.ts';
import type { ContenderEvent } from './follow-contest.ts';
import { followContest } from './follow-contest.ts';
import type { FollowOptions } from './follow-task.ts';
import { followTask, isOpen } from './follow-task.ts';
import type { TaskFilter, TaskSummary } from './list-tasks.ts';
import { listTasks, summaryOf } from './list-tasks.ts';
import type { RaiseBudgetOptions } from './raise-budget.ts';
import { raiseBudget } from './raise-budget.ts';
import { TaskClientError } from './task-client-error.ts';
import { awaitOutcome } from './task-outcome.ts';
import { parseTaskRequest } from './task-request.ts';
import { uiLink } from './ui-link.ts';
import type { AnsweredApproval, Approval, Denial } from './approvals.ts';
import { approveCall, denyCall, setApprovals } from './approvals.ts';
import type { Message } from './send-message.ts';
import { sendMessage } from './send-message.ts';
import type { ApprovalMode } from '../workflows/domain/approval.ts';
import type { SendMessageResult } from '../workflows/messages.ts';
import type { WorkspaceDiffRange } from './workspace-report.ts';
import { readAnswer, readOverview } from './workspace-report.ts';

export interface StartOptions {
  /** The caller's own id: started twice under it while it runs, it is one task. Default: a new one. */
  readonly taskId?: string;
}

export interface StartedTask {
  readonly taskId: string;
}

/** Starts, follows and cancels tasks. One client serves a whole process; close it at the end. */
export class TaskClient {
  readonly #temporal: ConnectedTemporal;
  readonly #client: Client;

  constructor(temporal: ConnectedTemporal) {
    this.#temporal = temporal;
    this.#client = new Client({ connection: temporal.connection, namespace: temporal.namespace });
  }

  /** Finds Temporal by the options, `TEMPORAL_*`, a running local stack, or its usual address, in this order. */
  static async connect(options: ConnectOptions = {}): Promise<TaskClient> {
    return new TaskClient(await connectTemporal(options));
  }

  /**
   * Starts a task, or joins the running one of the same id.
   * @throws TaskRequestError; TaskClientError `already-ended` when a task of this id has come to its end
   */
  async start(request: TaskRequest, options: StartOptions = {}): Promise<StartedTask> {
    const checked = parseTaskRequest(request);
    const taskId = toTaskId(options.taskId ?? `t-${randomUUID()}`);
    try {
      await this.#client.workflow.start<typeof agentTask>(workflowTypeOf(checked), {
        workflowId: taskWorkflowId(taskId),
        taskQueue: TASKS_QUEUE,
        args: [{ kind: 'request', request: checked }],
        staticSummary: `${checked.model} · ${kindOf(checked)}`,
        // Somebody waits for it: before batches; tenants get an even share. Its activities inherit this.
        priority: { priorityKey: INTERACTIVE_PRIORITY, fairnessKey: fairnessKeyOf(checked.tenant ?? DEFAULT_TENANT) },
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        workflowIdConflictPolicy: 'USE_EXISTING',
      });
      return { taskId };
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw toClientError(error, `task ${taskId}`);
      throw new TaskClientError(
        'already-ended',
        `task ${taskId} has ended already: read it with "anyport tasks show ${taskId}", or choose another id`,
        { cause: error },
      );
    }
  }

  /** Starts a task whose loop runs in a cloud's own service of agents. @throws as `start` */
  startManagedAgent(request: TaskRequest, options: StartOptions = {}): Promise<StartedTask> {
    return this.start({ ...request, managed: true }, options);
  }

  /** What the task is doing now. A worker answers, also for a task that has ended. */
  status(taskId: string): Promise<TaskStatus> {
    return askWorker(this.#client, askedTask(taskId), statusQuery);
  }

  /** How the task stands as far as Temporal knows: needs no worker. */
  async standing(taskId: string): Promise<TaskSummary> {
    const { workflowId, subject } = askedTask(taskId);
    try {
      return summaryOf(await this.#client.workflow.getHandle(workflowId).describe());
    } catch (error) {
      throw toClientError(error, subject);
    }
  }

  /** Waits for the end: completed, failed or cancelled. @throws TaskClientError when it has no result */
  result(taskId: string): Promise<TaskResult> {
    return awaitOutcome(this.#client, toTaskId(taskId));
  }

  /** Asks the task to stop: the model call in flight is aborted, so that it costs no more, and what it has is kept. */
  async cancel(taskId: string): Promise<void> {
    const { workflowId, subject } = askedTask(taskId);
    const handle = this.#client.workflow.getHandle(workflowId);
    try {
      const { status } = await handle.describe();
      if (isOpen(status.name)) {
        await handle.cancel();
        return;
      }
    } catch (error) {
      throw toClientError(error, subject);
    }
    throw new TaskClientError('already-ended', `${subject} has ended already: there is nothing to cancel`);
  }

  /**
   * Raises budgets to the given values, also while the task waits for it, and gives those that hold then. The same again changes
   * nothing. @throws TaskClientError `refused` when it would lower one, or the task has no such budget
   */
  raiseBudget(taskId: string, raise: TaskBudget, options: RaiseBudgetOptions = {}): Promise<TaskBudget> {
    return raiseBudget(this.#client, { taskId: toTaskId(taskId), raise }, options);
  }

  /**
   * Lets a tool call run that waits for approval; without `callId` the only one that waits. The same answer again changes nothing.
   * @throws TaskClientError `refused` when no such call waits
   */
  approve(taskId: string, approval: Approval): Promise<AnsweredApproval> {
    return approveCall(this.#client, toTaskId(taskId), approval);
  }

  /** Has the model told that a call that waits for approval is not run, and why. @throws TaskClientError `refused` */
  deny(taskId: string, denial: Denial): Promise<AnsweredApproval> {
    return denyCall(this.#client, toTaskId(taskId), denial);
  }

  /** Changes what a running task asks about; calls that wait are judged anew. */
  setApprovals(taskId: string, change: { readonly mode: ApprovalMode; readonly by: string }): Promise<void> {
    return setApprovals(this.#client, toTaskId(taskId), change);
  }

  /**
   * Says something to a task, which reads it when its mode says. One that has ended goes on: `result` and `follow` are then of the new
   * run. The same `requestId` again is the same message. @throws TaskClientError `refused`, `not-found`
   */
  send(taskId: string, message: Message): Promise<SendMessageResult> {
    return sendMessage(this.#client, toTaskId(taskId), message);
  }

  /**
   * Has several contenders do the same task, each in files of its own, and picks the best. Each is a task: `<id>-1` to `<id>-<n>`. Joins
   * the running contest of the same id. @throws TaskRequestError, RangeError; TaskClientError `already-ended`, `refused`
   */
  async startContest(request: TaskRequest, options: ContestOptions): Promise<StartedTask> {
    return { taskId: await startContest(this.#client, request, options) };
  }

  /** How far a contest is, and each of its contenders. A worker answers, also for one that has ended. */
  contestStatus(taskId: string): Promise<ContestStatus> {
    const { workflowId } = askedTask(taskId);
    return askWorker(this.#client, { workflowId, subject: `contest ${taskId}` }, contestQuery);
  }

  /** Waits for the end of all contenders. @throws TaskClientError when it has no result */
  contestResult(taskId: string): Promise<ContestResult> {
    return awaitContest(this.#client, toTaskId(taskId));
  }

  /** The stories of all contenders as they happen, each event once; ends with the contest. */
  followContest(taskId: string, options: FollowOptions = {}): AsyncIterable<ContenderEvent> {
    return followContest(this.#client, toTaskId(taskId), options);
  }

  list(filter: TaskFilter = {}): Promise<readonly TaskSummary[]> {
    return listTasks(this.#client, filter);
  }

  /** The task's story as it happens, each event once; ends with the task. */
  follow(taskId: string, options: FollowOptions = {}): AsyncIterable<TaskEvent> {
    return followTask(this.#client, toTaskId(taskId), options);
  }

  /** Runs every line of a JSONL file as a task; the same file is the same batch however often it is submitted. */
  submitBatch(file: string, options: SubmitBatchOptions = {}): Promise<BatchSubmission> {
    return submitBatch(this.#client, file, options);
  }

  batchStatus(batchId: string): Promise<BatchStatus> {
    return readBatchStatus(this.#client, toBatchId(batchId));
  }

  /** Each line's result in the order of the file; lines that have none yet say so. */
  batchResults(batchId: string): AsyncIterable<BatchLineResult> {
    return readBatchResults(this.#client, toBatchId(batchId));
  }

  /** The endpoints that the workers know, with what holds them. @throws TaskClientError `no-worker` */
  listEndpoints(): Promise<readonly EndpointState[]> {
    return listEndpoints(this.#client);
  }

  /** Drains, throttles or resumes an endpoint for every worker. @throws TaskClientError `not-found`; RangeError */
  holdEndpoint(name: string, request: HoldRequest): Promise<void> {
    return holdEndpoint(this.#client, name, request);
  }

  /** Where the task's files came from, and its checkpoints. @throws TaskClientError `not-found`, `no-worker` */
  workspace(taskId: string): Promise<WorkspaceOverview> {
    return readOverview(this.#client, toTaskId(taskId));
  }

  /** What the task changed between two checkpoints, as bytes: files need not be UTF-8. @throws TaskClientError `not-found` */
  workspaceDiff(taskId: string, range: WorkspaceDiffRange): Promise<Uint8Array> {
    return readAnswer(this.#client, toTaskId(taskId), { kind: 'diff', form: 'patch', ...range });
  }

  /** All files of a checkpoint as a pack of git objects, whose tree is named in the overview. @throws TaskClientError `not-found` */
  checkpointFiles(taskId: string, checkpoint: number): Promise<Uint8Array> {
    return readAnswer(this.#client, toTaskId(taskId), { kind: 'tree', checkpoint });
  }

  /** @throws TaskClientError `no-server` when Temporal does not answer within 2 s */
  assertReachable(): Promise<void> {
    return assertReachable(this.#temporal);
  }

  /** The page of a task in the Temporal UI; null when the UI's address is not known. */
  uiLink(taskId: string): string | null {
    return uiLink(this.#temporal, taskWorkflowId(toTaskId(taskId)));
  }

  close(): Promise<void> {
    return this.#temporal.connection.close();
  }
}

function askedTask(taskId: string) {
  return { workflowId: taskWorkflowId(toTaskId(taskId)), subject: `task ${taskId}` };
}

function kindOf({ managed, workspace }: TaskRequest): string {
  if (managed === true) return 'managed agent';
  return workspace === undefined ? 'task' : 'workspace task';
}
