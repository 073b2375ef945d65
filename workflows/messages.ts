/** What may be asked of a running task: by its client, by the `anyport` command, or by `temporal workflow query` and `update`. */
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { TaskResult } from './activity-interfaces.ts';
import type { ApprovalMode } from './domain/approval.ts';
import type { TaskBudget } from './domain/budget.ts';
import type { ContestResult, ContestStatus } from './domain/contest.ts';
import type { BatchStatus, MessageMode, TaskStatus } from './domain/task-status.ts';

/** What a task is doing, with the newest events of its story. */
export const statusQuery = defineQuery<TaskStatus>('status');

/** What a task came to, whatever its end; null until then. The only way to a cancelled task's result. */
export const resultQuery = defineQuery<TaskResult | null>('result');

/**
 * Raises budgets of a running task to the given values, and gives those that hold then. The same again changes nothing. Refused
 * when it would lower one.
 */
export const raiseBudgetUpdate = defineUpdate<TaskBudget, [TaskBudget]>('raiseBudget');

export interface ApproveInput {
  /** Of the call that waits, as the status has it. */
  readonly callId: string;
  /** Of that call, too. Models may use an id again in a later turn: with it a late answer is for no other call than the one that was looked at. */
  readonly turn?: number;
  /** Who decides, for the story: whoever may send updates is trusted to say so. */
  readonly by: string;
  /** Let calls of the like run without asking, in this task. */
  readonly remember?: boolean;
}

export interface DenyInput {
  readonly callId: string;
  /** As in `ApproveInput`. */
  readonly turn?: number;
  readonly by: string;
  /** Told to the model. */
  readonly reason?: string;
}

/** Lets a tool call run that waits for approval; the same answer again changes nothing. */
export const approveToolCallUpdate = defineUpdate<{ answer: 'approved' | 'denied'; remembered?: string }, [ApproveInput]>(
  'approveToolCall',
);

/** Has the model told that a call that waits for approval is not run. */
export const denyToolCallUpdate = defineUpdate<{ answer: 'approved' | 'denied' }, [DenyInput]>('denyToolCall');

export interface SetApprovalsInput {
  readonly mode: ApprovalMode;
  readonly by: string;
}

/** Changes what a running task asks about; calls that wait are judged anew. */
export const setApprovalsUpdate = defineUpdate<{ mode: ApprovalMode }, [SetApprovalsInput]>('setApprovals');

export interface SendMessageInput {
  /** The caller's own: the same id again is the same message. */
  readonly requestId: string;
  /** May be absent only with `rollback`. */
  readonly text?: string;
  readonly mode: MessageMode;
  /** Of a `rollback`: the last turn that is kept; 0 is the beginning. */
  readonly toTurn?: number;
}

export interface SendMessageResult {
  readonly requestId: string;
  /** It had come before. */
  readonly isRepeated: boolean;
}

/** Says something to a task; with update-with-start also to one that has ended, which then goes on. */
export const sendMessageUpdate = defineUpdate<SendMessageResult, [SendMessageInput]>('sendMessage');

/** How far a batch is. */
export const batchStatusQuery = defineQuery<BatchStatus>('batchStatus');

/** How far a contest is, and each of its contenders. */
export const contestQuery = defineQuery<ContestStatus>('contest');

/** What a contest came to, whatever its end; null until then. */
export const contestResultQuery = defineQuery<ContestResult | null>('contestResult');
