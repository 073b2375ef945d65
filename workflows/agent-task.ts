/** The workflow of one task: opens it, runs the loop, and reports how it ended, whatever the end. */
import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  patched,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { ReadAgentRequestInput, TaskRequest, TaskResult } from './activity-interfaces.ts';
import { runAgentLoop } from './agent-loop.ts';
import { reportRequestedSignal, reportToBatch } from './batch-report.ts';
import { agentCancelledSignal, contenderCancelledSignal, reportCancelled } from './cancelled-report.ts';
import { closeSessions } from './close-sessions.ts';
import { closeTask } from './close-task.ts';
import type { Conversation } from './conversation.ts';
import type { BatchId, TaskId } from './domain/ids.ts';
import { taskIdOfWorkflow } from './domain/ids.ts';
import { newStatus } from './domain/task-progress.ts';
import type { TaskStatus } from './domain/task-status.ts';
import type { TaskEnding } from './domain/turn.ts';
import type { LoopEnd, LoopState } from './loop-state.ts';
import type { OpenedTask } from './open-task.ts';
import { openTask, reopenTask } from './open-task.ts';
import { prepareCheck } from './run-check.ts';
import type { Doors, Progress, Said } from './task-doors.ts';
import { openDoors, saidSoFar } from './task-doors.ts';
import { createTaskEffects, storeFor } from './task-effects.ts';
import { settle } from './settle.ts';
import type { TaskStory } from './task-story.ts';
import { openTaskStory } from './task-story.ts';
import type { WorkspaceHost } from './workspace-host.ts';
import { createWorkspaceHost } from './workspace-host.ts';

/**
 * How a task begins: asked for directly or by a contest, whose files it begins with, as a line of a batch, going on from an earlier run of
 * the same task, or with a message to one that has come to its end.
 */
export type AgentTaskInput =
  | { readonly kind: 'request'; readonly request: TaskRequest; readonly contest?: TaskId }
  | { readonly kind: 'batch-line'; readonly batchId: BatchId; readonly line: number }
  | { readonly kind: 'continued'; readonly task: ContinuedTask }
  | { readonly kind: 'reopened'; readonly model: string }
  | { readonly kind: 'agent'; readonly order: ReadAgentRequestInput };

/** What a task takes along into its next run. */
interface ContinuedTask extends Said, Owners {
  readonly opened: OpenedTask;
  readonly loop: LoopState;
  readonly status: TaskStatus;
}

/** Whom the task tells of its end. */
interface Owners {
  readonly batch: BatchLine | null;
  readonly contest?: TaskId;
  /** The task that it is an agent of. */
  readonly parent?: TaskId;
}

interface BatchLine {
  readonly batchId: BatchId;
  readonly line: number;
}

/**
 * Runs one task to its end. Completed: returns its result. Failed: fails with type `TaskFailed` and the result in the details.
 * Cancelled: ends as cancelled; the result is had by the `result` query.
 */
export async function agentTask(input: AgentTaskInput): Promise<TaskResult> {
  const taskId = taskIdOfWorkflow(workflowInfo().workflowId);
  const owners = ownersOf(input);
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
  const runCheck = prepareCheck((event) => story.tell(event));
  const doors = openDoors(story, { progress, continued: continued ?? undefined, isReopened: input.kind === 'reopened' });
  const end = await runToEnd(input, progress, doors);
  if (end.kind === 'continue-as-new' && progress.opened !== null) {
    await condition(allHandlersFinished);
    const task = { opened: progress.opened, loop: end.state, status: story.status(), ...owners, ...saidSoFar(doors) };
    await continueAsNew<typeof agentTask>({ kind: 'continued', task });
  }
  progress.hasEnded = true;
  const ending: TaskEnding = end.kind === 'ended' ? end.ending : { kind: 'cancelled' };
  return CancellationScope.nonCancellable(async () => {
    await stopped();
    story.tell({ kind: 'finishing' });
    await doors.agents.closeAll();
    const told = { agents: doors.agents.summaries(), approvals: doors.desk.decisions() };
    const { loop, host, opened } = progress;
    const check = (where: WorkspaceHost) => (opened?.check === undefined ? undefined : runCheck(where, opened.check));
    // Tasks that ended in the middle of a message before this was waited for replay without it.
    if (!allHandlersFinished() && patched('unread-is-kept')) await condition(allHandlersFinished);
    const unread = doors.conversation.state().inbox.map(({ item }) => item);
    const result = await closeTask({ ending, loop, unread, host, check, ...told });
    if (opened !== null) await closeSessions(opened.limits.route, loop?.pin?.deployment);
    story.end(result);
    await tellOwners(owners, result);
    await condition(allHandlersFinished);
    // The task that it works for has its files by their checkpoints.
    return settle('task', owners.parent === undefined ? result : { ...result, diff: '' });
  });
}

/**
 * The same for a task whose loop runs in a cloud's own service of agents (`managed` of its request): a turn is what a session does until it
 * has answered or needs something of ours.
 */
export function managedAgentTask(input: AgentTaskInput): Promise<TaskResult> {
  return agentTask(input);
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
  const { story, desk, conversation, agents } = doors;
  try {
    await open(input, progress, doors);
    const { opened, loop: begin } = progress;
    if (opened === null || begin === null) {
      throw ApplicationFailure.nonRetryable('a task was opened without a transcript', 'BrokenInvariant');
    }
    const loop = input.kind === 'reopened' ? await hearFirst(begin, conversation) : begin;
    if (loop === undefined) return { kind: 'ended', ending: { kind: 'completed' } };
    progress.loop = loop;
    const effects = createTaskEffects({
      policy: opened.limits.policy,
      tenant: opened.tenant,
      host: progress.host,
      desk,
      conversation,
      agents,
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

async function open(input: AgentTaskInput, progress: Progress, { story, conversation }: Doors): Promise<void> {
  if (progress.opened !== null) return;
  const { contest, parent } = ownersOf(input);
  const from = parent ?? contest;
  const opening = { story, from, hasWorkspace: (queue: string) => takeHost(progress, story, queue) };
  const {
    opened,
    loop,
    unread = [],
  } = input.kind === 'reopened' ? await reopenTask(opening) : await openTask(await requestOf(input), opening);
  conversation.putBack(unread);
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
    case 'agent':
      return storeFor('read what the agent is asked').readAgentRequest(input.order);
    case 'continued':
      throw ApplicationFailure.nonRetryable('a continued task was never opened', 'BrokenInvariant');
  }
}

function beginOf(input: AgentTaskInput, taskId: TaskId): TaskStatus {
  switch (input.kind) {
    case 'request':
      return newStatus({ taskId, model: input.request.model });
    case 'batch-line':
    case 'agent':
      return newStatus({ taskId, model: '' });
    case 'continued':
      return input.task.status;
    case 'reopened':
      return newStatus({ taskId, model: input.model });
  }
}

function ownersOf(input: AgentTaskInput): Owners {
  switch (input.kind) {
    case 'request':
      return { batch: null, ...(input.contest === undefined ? {} : { contest: input.contest }) };
    case 'agent':
      return { batch: null, parent: input.order.parent };
    case 'reopened':
      return { batch: null };
    case 'batch-line':
      return { batch: { batchId: input.batchId, line: input.line } };
    case 'continued': {
      const { batch, contest, parent } = input.task;
      return { batch, ...(contest === undefined ? {} : { contest }), ...(parent === undefined ? {} : { parent }) };
    }
  }
}

/** Those that run it as a child learn its end by themselves, but for what it came to when it was cancelled. */
async function tellOwners({ batch, contest, parent }: Owners, result: TaskResult): Promise<void> {
  if (batch !== null) await reportToBatch(batch.batchId, { line: batch.line, state: result.state });
  if (result.state !== 'cancelled') return;
  if (contest !== undefined) await reportCancelled(contest, contenderCancelledSignal, result);
  if (parent !== undefined && patched('agent-tells-its-cancel')) await reportCancelled(parent, agentCancelledSignal, result);
}

/** A failure that an activity described ends the task; an error of this code fails the workflow task and waits for a mend. */
function endingOf(error: unknown): TaskEnding {
  if (isCancellation(error)) return { kind: 'cancelled' };
  if (error instanceof ActivityFailure) return { kind: 'failed', reason: error.cause?.message ?? error.message };
  if (error instanceof ApplicationFailure) return { kind: 'failed', reason: error.message };
  throw error;
}
