/** Answers to tool calls that wait for a person, and what a running task asks about. */
import type { Client } from '@temporalio/client';
import type { ApprovalMode } from '../workflows/domain/approval.ts';
import type { TaskId } from '../workflows/domain/ids.ts';
import { taskWorkflowId } from '../workflows/domain/ids.ts';
import type { PendingApproval } from '../workflows/domain/task-status.ts';
import type { ApproveInput, DenyInput } from '../workflows/messages.ts';
import {
  approveToolCallUpdate,
  denyToolCallUpdate,
  resultQuery,
  setApprovalsUpdate,
  statusQuery,
} from '../workflows/messages.ts';
import { askWorker } from './ask-worker.ts';
import { TaskClientError } from './task-client-error.ts';
import { updateTask } from './update-task.ts';

/** As in `ApproveInput`; without `callId` it is the only call that waits. */
export type Approval = Omit<ApproveInput, 'callId'> & { readonly callId?: string };
export type Denial = Omit<DenyInput, 'callId'> & { readonly callId?: string };

export interface AnsweredApproval {
  readonly callId: string;
  /** In words, what is let pass from now on. */
  readonly remembered?: string;
}

const ENDED = 'none of its calls waits for an answer';

/** @throws TaskClientError `refused`, `answered`, `not-waiting`, `already-ended`, `not-found` or `no-worker` */
export async function approveCall(client: Client, taskId: TaskId, approval: Approval): Promise<AnsweredApproval> {
  const callId = approval.callId ?? (await onlyPending(client, taskId)).callId;
  return unlessEnded(client, { taskId, callId, turn: approval.turn, wanted: 'approved' }, async () => {
    const { remembered } = await updateTask(client, {
      taskId,
      update: approveToolCallUpdate,
      input: { ...approval, callId },
      refused: `the call of task ${taskId} was not approved`,
      ended: ENDED,
    });
    return { callId, ...(remembered === undefined ? {} : { remembered }) };
  });
}

/** @throws TaskClientError `refused`, `answered`, `not-waiting`, `already-ended`, `not-found` or `no-worker` */
export async function denyCall(client: Client, taskId: TaskId, denial: Denial): Promise<AnsweredApproval> {
  const callId = denial.callId ?? (await onlyPending(client, taskId)).callId;
  return unlessEnded(client, { taskId, callId, turn: denial.turn, wanted: 'denied' }, async () => {
    await updateTask(client, {
      taskId,
      update: denyToolCallUpdate,
      input: { ...denial, callId },
      refused: `the call of task ${taskId} was not denied`,
      ended: ENDED,
    });
    return { callId };
  });
}

interface Answering {
  readonly taskId: TaskId;
  readonly callId: string;
  readonly turn: number | undefined;
  readonly wanted: 'approved' | 'denied';
}

/**
 * An answer that came may have been the last thing that its task waited for: who heard nothing and gives it again finds the task at its end, with
 * the decision in its result.
 */
async function unlessEnded(
  client: Client,
  { taskId, callId, turn, wanted }: Answering,
  answer: () => Promise<AnsweredApproval>,
): Promise<AnsweredApproval> {
  try {
    return await answer();
  } catch (error) {
    if (!(error instanceof TaskClientError) || error.problem !== 'already-ended') throw error;
    const asked = { workflowId: taskWorkflowId(taskId), subject: `task ${taskId}` };
    const result = await askWorker(client, asked, resultQuery);
    const before = result?.approvals?.findLast(
      (record) => record.callId === callId && (turn === undefined || turn === record.turn),
    );
    if (before === undefined) throw error;
    if (before.decision === wanted)
      return { callId, ...(before.remembered === undefined ? {} : { remembered: before.remembered }) };
    const who = before.by === undefined ? '' : `, by ${before.by}`;
    const how = before.decision === 'expired' ? 'had expired' : `was ${before.decision} already`;
    throw new TaskClientError('answered', `the call of task ${taskId} ${how}${who}`, { cause: error });
  }
}

/** @throws TaskClientError `refused`, `already-ended`, `not-found` or `no-worker` */
export async function setApprovals(client: Client, taskId: TaskId, change: { mode: ApprovalMode; by: string }): Promise<void> {
  await updateTask(client, {
    taskId,
    update: setApprovalsUpdate,
    input: change,
    refused: `the approvals of task ${taskId} were not changed`,
    ended: 'it asks nothing any more',
  });
}

async function onlyPending(client: Client, taskId: TaskId): Promise<PendingApproval> {
  const asked = { workflowId: taskWorkflowId(taskId), subject: `task ${taskId}` };
  const { approvals = [] } = await askWorker(client, asked, statusQuery);
  const [only, ...others] = approvals;
  if (only === undefined) throw new TaskClientError('refused', `no call of task ${taskId} waits for approval`);
  if (others.length === 0) return only;
  const calls = approvals.map(({ callId, tool, about }) => `${callId} (${tool}: ${about})`).join(', ');
  throw new TaskClientError('refused', `${approvals.length} calls of task ${taskId} wait for approval: name one of ${calls}`);
}
