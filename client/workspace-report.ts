/** Asks a worker, which reads the task store, about a task's files; answers of any size come in parts. */
import type { Client } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import { randomUUID } from 'node:crypto';
import type { TaskId } from '../workflows/domain/ids.ts';
import { taskWorkflowId } from '../workflows/domain/ids.ts';
import { INTERACTIVE_PRIORITY, TASKS_QUEUE } from '../workflows/domain/task-queues.ts';
import type {
  ReportWorkspaceInput,
  ReportWorkspaceResult,
  WorkspaceOverview,
  WorkspaceQuestion,
} from '../workflows/domain/workspace-report.ts';
import type { workspaceReport } from '../workflows/workspace-report.ts';
import { toClientError } from './ask-worker.ts';
import { TaskClientError } from './task-client-error.ts';

export interface WorkspaceDiffRange {
  /** A checkpoint, or the commit that the task began at: they differ by uncommitted changes that were taken along. */
  readonly from: number | 'commit';
  readonly to: number;
  /** Default: a patch. */
  readonly form?: 'patch' | 'stat';
}

/** A worker answers within milliseconds from the store; without one nobody ever does. */
const OVERVIEW_TIMEOUT_MS = 8_000;
/** Bringing a large repository together takes minutes; a part of what is at hand takes none. */
const ANSWER_TIMEOUT_MS = 20 * 60_000;
/** Each part is a workflow of about 50 ms, most of it waiting. */
const PARTS_AT_ONCE = 4;
/** Parts of one answer may come from several hosts, which made it each in their own way. */
const TRIES = 3;

/** @throws TaskClientError `not-found` without such a task or workspace, `no-worker` */
export async function readOverview(client: Client, taskId: TaskId): Promise<WorkspaceOverview> {
  const bytes = await readAnswer(client, taskId, { kind: 'overview' });
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as WorkspaceOverview; // a worker's words, of this version or near it
}

/** @throws TaskClientError `not-found`, `refused`, `no-worker` */
export async function readAnswer(client: Client, taskId: TaskId, question: WorkspaceQuestion): Promise<Uint8Array> {
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const answer = await readParts((offset) => askPart(client, { taskId, question, offset }));
    if (answer !== undefined) return answer;
  }
  throw new TaskClientError('broken', `the workspace of task ${taskId} changes faster than it can be read: ask again`);
}

/** `undefined`: parts of different answers. */
async function readParts(ask: (offset: number) => Promise<ReportWorkspaceResult>): Promise<Uint8Array | undefined> {
  const first = await ask(0);
  const head = Buffer.from(first.base64, 'base64');
  const whole = Buffer.alloc(first.totalBytes);
  head.copy(whole);
  if (head.length === 0 && first.totalBytes > 0) return undefined;
  const offsets = offsetsOf(head.length, first.totalBytes);
  let isOne = true;
  const readNext = async (): Promise<void> => {
    for (let offset = offsets.shift(); offset !== undefined && isOne; offset = offsets.shift()) {
      const part = await ask(offset);
      Buffer.from(part.base64, 'base64').copy(whole, offset);
      if (part.digest !== first.digest) isOne = false;
    }
  };
  await Promise.all(Array.from({ length: PARTS_AT_ONCE }, readNext));
  return isOne ? whole : undefined;
}

/** Every part but the last is as long as the first. */
function offsetsOf(partBytes: number, totalBytes: number): number[] {
  const count = partBytes === 0 ? 0 : Math.ceil(totalBytes / partBytes);
  return Array.from({ length: Math.max(0, count - 1) }, (_, index) => (index + 1) * partBytes);
}

async function askPart(client: Client, input: ReportWorkspaceInput): Promise<ReportWorkspaceResult> {
  const isOverview = input.question.kind === 'overview';
  try {
    return await client.workflow.execute<typeof workspaceReport>('workspaceReport', {
      workflowId: `workspace-report/${randomUUID()}`,
      taskQueue: TASKS_QUEUE,
      args: [input],
      workflowExecutionTimeout: isOverview ? OVERVIEW_TIMEOUT_MS : ANSWER_TIMEOUT_MS,
      // A person waits for it.
      priority: { priorityKey: INTERACTIVE_PRIORITY },
    });
  } catch (error) {
    throw await toReportError(client, input.taskId, error);
  }
}

async function toReportError(client: Client, taskId: TaskId, error: unknown): Promise<unknown> {
  if (!(error instanceof WorkflowFailedError)) return toClientError(error, `the workspace of task ${taskId}`);
  if (error.cause instanceof TimeoutFailure) {
    const message = `no worker answers for the workspace of task ${taskId}: start one ("npm start", or "anyport worker")`;
    return new TaskClientError('no-worker', message, { cause: error });
  }
  const failure = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
  const words = failure?.message ?? 'no reason given';
  const type = failure instanceof ApplicationFailure ? failure.type : undefined;
  if (type === 'Workspace.NoWorkspace') return noWorkspace(client, taskId, error);
  if (type === 'Workspace.NoCheckpoint') return new TaskClientError('not-found', `task ${taskId}: ${words}`, { cause: error });
  return new TaskClientError('refused', `the workspace of task ${taskId} cannot be read: ${words}`, { cause: error });
}

/** A task that Temporal has forgotten may still have its files in the store, so it is asked for only then. */
async function noWorkspace(client: Client, taskId: TaskId, cause: unknown): Promise<unknown> {
  try {
    await client.workflow.getHandle(taskWorkflowId(taskId)).describe();
  } catch (error) {
    return toClientError(error, `task ${taskId}`);
  }
  const message = `task ${taskId} has no workspace: it was started without one, or has not opened it yet`;
  return new TaskClientError('not-found', message, { cause });
}
