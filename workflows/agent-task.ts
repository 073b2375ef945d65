/** The workflow of one task: opens it, runs the loop, and reports how it ended, whatever the end. */
import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  continueAsNew,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { RollBackInput, RollBackResult, TaskRequest, TaskResult } from './activity-interfaces.ts';
import { WORKSPACE_ACTIVITY } from './activity-options.ts';
import { runAgentLoop } from './agent-loop.ts';
import type { ApprovalDesk } from './approval-desk.ts';
import { openApprovalDesk } from './approval-desk.ts';
import { reportRequestedSignal, reportToBatch } from './batch-report.ts';
import { closeTask } from './close-task.ts';
import type { Conversation, ConversationState } from './conversation.ts';
import { openConversation } from './conversation.ts';
import type { ApprovalChanges } from './domain/approval.ts';
import type { BatchId, TaskId } from './domain/ids.ts';
import { taskIdOfWorkflow } from './domain/ids.ts';
import { newStatus } from './domain/task-progress.ts';
import type { TaskStatus } from './domain/task-status.ts';
import type { TaskEnding } from './domain/turn.ts';
import type { LoopEnd, LoopState } from './loop-state.ts';
import type { OpenedTask } from './open-task.ts';
import { openTask, reopenTask } from './open-task.ts';
import { takeRaises } from './raise-budget.ts';
import { createTaskEffects, storeFor } from './task-effects.ts';
import type { TaskStory } from './task-story.ts';
import { openTaskStory } from './task-story.ts';
import type { WorkspaceHost } from './workspace-host.ts';
import { createWorkspaceHost } from './workspace-host.ts';

/**
 * How a task begins: asked for directly, as a line of a batch, going on from an earlier run of the same task, or with a message to one that
 * has come to its end.
 */
export type AgentTaskInput =
  | { readonly kind: 'request'; readonly request: TaskRequest }
  | { readonly kind: 'batch-line'; readonly batchId: BatchId; readonly line: number }
  | { readonly kind: 'continued'; readonly task: ContinuedTask }
  | { readonly kind: 'reopened'; readonly model: string };

/** What a task takes along into its next run. */
interface ContinuedTask {
  readonly opened: OpenedTask;
  readonly loop: LoopState;
  readonly status: TaskStatus;
  readonly batch: BatchLine | null;
  readonly approvals?: ApprovalChanges;
  readonly conversation?: ConversationState;
}

interface BatchLine {
  readonly batchId: BatchId;
  readonly line: number;
}

/** What is known of a running task when it ends in the middle of something. */
interface Progress {
  opened: OpenedTask | null;
  host: WorkspaceHost | null;
  loop: LoopState | null;
  hasEnded: boolean;
}

/** What can be said to a task, and asked of it. */
interface Doors {
  readonly story: TaskStory;
  readonly desk: ApprovalDesk;
  readonly conversation: Conversation;
}

/**
 * Runs one task to its end. Completed: returns its result. Failed: fails with type `TaskFailed` and the result in the details.
 * Cancelled: ends as cancelled; the result is had by the `result` query.
 */
export async function agentTask(input: AgentTaskInput): Promise<TaskResult> {
  const taskId = taskIdOfWorkflow(workflowInfo().workflowId);
  const batch = batchLineOf(input);
  const story = openTaskStory(beginOf(input, taskId));
  // Its delivery is the whole answer: a batch learns from it that this task has not ended.
  setHandler(reportRequestedSignal, () => undefined);
  const continued = input.kind === 'continued' ? input.task : null;
  const progress: Progress = {
    opened: continued?.opened ?? null,
    host: null,
    loop: continued?.loop ?? null,
    hasEnded: false,
  };
  if (typeof continued?.opened.workspaceQueue === 'string') takeHost(progress, story, continued.opened.workspaceQueue);
  const stopped = stopOnCancel(progress);
  const doors = openDoors(input, progress, story);
  const end = await runToEnd(input, progress, doors);
  if (end.kind === 'continue-as-new' && progress.opened !== null) {
    await condition(allHandlersFinished);
    await continueAsNew<typeof agentTask>({ kind: 'continued', task: toContinue(progress.opened, end.state, { doors, batch }) });
  }
  progress.hasEnded = true;
  const ending: TaskEnding = end.kind === 'ended' ? end.ending : { kind: 'cancelled' };
  return CancellationScope.nonCancellable(async () => {
    await stopped();
    story.tell({ kind: 'finishing' });
    const result = await closeTask({ ending, loop: progress.loop, host: progress.host });
    story.end(result);
    if (batch !== null) await reportToBatch(batch.batchId, { line: batch.line, state: result.state });
    await condition(allHandlersFinished);
    return settle(result);
  });
}

function toContinue(
  opened: OpenedTask,
  loop: LoopState,
  { doors, batch }: { readonly doors: Doors; readonly batch: BatchLine | null },
): ContinuedTask {
  const approvals = doors.desk.changes();
  const conversation = doors.conversation.state();
  return {
    opened,
    loop,
    status: doors.story.status(),
    batch,
    ...(approvals === undefined ? {} : { approvals }),
    conversation,
  };
}

/** Called before the first await, so that nothing that is asked of a task finds it without an answer. */
function openDoors(input: AgentTaskInput, progress: Progress, story: TaskStory): Doors {
  const continued = input.kind === 'continued' ? input.task : undefined;
  const hasEnded = (): boolean => progress.hasEnded;
  const isIdle = (): boolean => input.kind === 'reopened' && progress.opened === null;
  const tell: TaskStory['tell'] = (event) => story.tell(event);
  takeRaises({
    budget: () => (progress.opened === null ? undefined : (progress.opened.budget ?? null)),
    hasEnded,
    raise(budget) {
      if (progress.opened !== null) progress.opened = { ...progress.opened, budget };
      story.tell({ kind: 'budget-raised', budget });
    },
  });
  const conversation = openConversation({
    begin: continued?.conversation,
    hasEnded,
    turn: () => (isIdle() ? undefined : story.status().turn),
    isIdle,
    tell,
    store: (message) => storeFor('write down a message').putMessage({ ...message, run: workflowInfo().firstExecutionRunId }),
    hurry: () => storeFor('end what runs').stopTask(),
    rollBack: (toTurn, turn) => rollBack(progress, { toTurn, turn }),
  });
  return { story, conversation, desk: openApprovalDesk({ begin: continued?.approvals, hasEnded, tell }) };
}

async function rollBack({ host }: Progress, input: RollBackInput): Promise<RollBackResult> {
  const summary = `go back to turn ${input.toTurn}`;
  if (host === null) return storeFor(summary).rollBack(input);
  return host.run({ ...WORKSPACE_ACTIVITY, summary }, (activities) => activities.rollBack(input));
}

/**
 * A cancel reaches a running activity by Temporal only with its next heartbeat; until then the cloud generates, and bills. The task
 * store brings it at once. Gives what to wait for before the task closes. Tasks planned with policy 1 replay without it.
 */
function stopOnCancel(progress: Progress): () => Promise<void> {
  let stopping: Promise<void> | undefined;
  CancellationScope.current().cancelRequested.catch(() => {
    if (progress.opened?.limits.policy === undefined) return;
    stopping = CancellationScope.nonCancellable(() => storeFor('stop what runs').stopTask());
  });
  return async () => stopping;
}

async function runToEnd(input: AgentTaskInput, progress: Progress, doors: Doors): Promise<LoopEnd> {
  const { story, desk, conversation } = doors;
  try {
    await open(input, progress, story);
    const { opened, loop: begin } = progress;
    if (opened === null || begin === null) {
      throw ApplicationFailure.nonRetryable('a task was opened without a transcript', 'BrokenInvariant');
    }
    const loop = input.kind === 'reopened' ? await hearFirst(begin, conversation) : begin;
    if (loop === undefined) return { kind: 'ended', ending: { kind: 'completed' } };
    const effects = createTaskEffects({
      policy: opened.limits.policy,
      tenant: opened.tenant,
      host: progress.host,
      desk,
      conversation,
      budget: () => progress.opened?.budget ?? null,
      tell: (event) => story.tell(event),
      remember: (state) => {
        progress.loop = state;
      },
    });
    return await runAgentLoop(loop, opened.limits, effects);
  } catch (error) {
    return { kind: 'ended', ending: endingOf(error) };
  }
}

/** A repeated message lets a task go on for which there is nothing to do: `undefined`. */
async function hearFirst(loop: LoopState, conversation: Conversation): Promise<LoopState | undefined> {
  const back = await conversation.takeRollback(loop.turn + 1);
  const messages = await conversation.takeMessages('all');
  if (back === undefined && messages.length === 0) return undefined;
  return { ...loop, ...back, results: [...(back ?? loop).results, ...messages] };
}

async function open(input: AgentTaskInput, progress: Progress, story: TaskStory): Promise<void> {
  if (progress.opened !== null) return;
  const opening = { story, hasWorkspace: (queue: string) => takeHost(progress, story, queue) };
  const { opened, loop } =
    input.kind === 'reopened' ? await reopenTask(opening) : await openTask(await requestOf(input), opening);
  progress.opened = opened;
  progress.loop = loop;
}

function takeHost(progress: Progress, story: TaskStory, queue: string): void {
  progress.host = createWorkspaceHost({
    queue,
    tell: (event) => story.tell(event),
    moved(to) {
      if (progress.opened !== null) progress.opened = { ...progress.opened, workspaceQueue: to };
    },
  });
}

function requestOf(input: Exclude<AgentTaskInput, { kind: 'reopened' }>): Promise<TaskRequest> {
  switch (input.kind) {
    case 'request':
      return Promise.resolve(input.request);
    case 'batch-line':
      return storeFor(`read line ${input.line} of the batch`).readBatchLine({ batchId: input.batchId, line: input.line });
    case 'continued':
      throw ApplicationFailure.nonRetryable('a continued task was never opened', 'BrokenInvariant');
  }
}

function beginOf(input: AgentTaskInput, taskId: TaskId): TaskStatus {
  switch (input.kind) {
    case 'request':
      return newStatus({ taskId, model: input.request.model });
    case 'batch-line':
      return newStatus({ taskId, model: '' });
    case 'continued':
      return input.task.status;
    case 'reopened':
      return newStatus({ taskId, model: input.model });
  }
}

function batchLineOf(input: AgentTaskInput): BatchLine | null {
  switch (input.kind) {
    case 'request':
    case 'reopened':
      return null;
    case 'batch-line':
      return { batchId: input.batchId, line: input.line };
    case 'continued':
      return input.task.batch;
  }
}

/** A failure that an activity described ends the task; an error of this code fails the workflow task and waits for a mend. */
function endingOf(error: unknown): TaskEnding {
  if (isCancellation(error)) return { kind: 'cancelled' };
  if (error instanceof ActivityFailure) return { kind: 'failed', reason: error.cause?.message ?? error.message };
  if (error instanceof ApplicationFailure) return { kind: 'failed', reason: error.message };
  throw error;
}

function settle(result: TaskResult): TaskResult {
  switch (result.state) {
    case 'completed':
      return result;
    case 'cancelled':
      throw new CancelledFailure('the task was cancelled', [result]);
    case 'failed':
      throw ApplicationFailure.create({
        type: 'TaskFailed',
        message: result.reason ?? 'the task failed',
        nonRetryable: true,
        details: [result],
      });
  }
}
