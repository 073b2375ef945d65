import type { ApprovalMode } from './approval.ts';
import type { Exceeded, TaskBudget } from './budget.ts';
import type { DeploymentId } from './ids.ts';
import type { CheckOutcome } from './task-check.ts';
import type { TaskPlan } from './tool-call.ts';
import type { ToolOutcome } from './transcript.ts';
import type { TaskEnding } from './turn.ts';
import type { Usage } from './usage.ts';

/** What a task is doing now. */
export type TaskState =
  | 'planning'
  | 'calling-model'
  | 'running-tools'
  | 'waiting'
  | 'parked'
  | 'finishing'
  | 'completed'
  | 'cancelled'
  | 'failed';

/** The story of a task, event by event, in the order things happened; `sequence` counts from 1 and survives continue-as-new. */
export type TaskEvent = { readonly sequence: number; readonly atMs: number } & TaskEventBody;

export type TaskEventBody =
  | {
      readonly kind: 'route-planned';
      readonly model: string;
      readonly deployments: readonly DeploymentId[];
      /** Codes of the reasons against those that are configured and may not serve. */
      readonly excluded?: Readonly<Record<string, string>>;
      /** Under it the task store has what the decision about the route rests on. */
      readonly decision?: string;
      readonly budget?: TaskBudget;
    }
  | { readonly kind: 'workspace-opened'; readonly baseCommit: string }
  | {
      readonly kind: 'attempt-started';
      readonly turn: number;
      readonly attempt: number;
      readonly deployment: DeploymentId;
      /** Why here, when it is not the first choice: `failover: azure-eastus2 overloaded: 503`. */
      readonly reason?: string;
    }
  | {
      readonly kind: 'attempt-failed';
      readonly turn: number;
      readonly attempt: number;
      readonly deployment: DeploymentId;
      readonly failure: string;
      /** What it may have cost all the same. */
      readonly suspenseUsdMicros?: number;
    }
  | { readonly kind: 'budget-used-up'; readonly turn: number; readonly exceeded: readonly Exceeded[] }
  | { readonly kind: 'budget-raised'; readonly budget: TaskBudget }
  | { readonly kind: 'waiting'; readonly turn: number; readonly untilMs: number; readonly reason: string }
  | { readonly kind: 'parked'; readonly turn: number; readonly untilMs: number; readonly reason: string }
  | {
      readonly kind: 'turn-answered';
      readonly turn: number;
      readonly deployment: DeploymentId;
      readonly excerpt: string;
      readonly toolCalls: number;
      readonly usage: Usage;
      readonly costUsdMicros: number;
      /** The session of managed agents that answered. */
      readonly session?: string;
      /** What sessions of managed agents left behind for which this one goes on. */
      readonly leftBehind?: readonly string[];
    }
  | {
      readonly kind: 'tool-started';
      readonly turn: number;
      readonly callId: string;
      readonly tool: string;
      readonly excerpt: string;
    }
  | {
      readonly kind: 'tool-ended';
      readonly turn: number;
      readonly callId: string;
      readonly tool: string;
      readonly outcome: ToolOutcome;
      readonly why?: string;
      readonly plan?: TaskPlan;
    }
  | {
      readonly kind: 'approval-requested';
      readonly turn: number;
      readonly callId: string;
      readonly tool: string;
      /** What the call would do. */
      readonly about: string;
      readonly reason: string;
      /** Denied then, when nobody answers. */
      readonly untilMs?: number;
      /** In words, what an approver may have remembered. */
      readonly rule?: string;
    }
  | {
      readonly kind: 'approval-ended';
      readonly turn: number;
      readonly callId: string;
      readonly tool: string;
      readonly answer: 'approved' | 'denied' | 'expired' | 'policy-changed' | 'withdrawn';
      /** Who says to have answered. */
      readonly by?: string;
      /** In words, what was remembered. */
      readonly rule?: string;
    }
  | { readonly kind: 'approvals-changed'; readonly mode: ApprovalMode; readonly by: string }
  | { readonly kind: 'message-received'; readonly mode: MessageMode; readonly requestId: string; readonly excerpt: string }
  | {
      readonly kind: 'compacted';
      readonly turn: number;
      readonly deployment: DeploymentId;
      readonly usage: Usage;
      readonly costUsdMicros: number;
    }
  | { readonly kind: 'agent-started'; readonly agent: string; readonly taskId: string }
  | { readonly kind: 'agent-ended'; readonly agent: string; readonly state: TaskEnding['kind'] }
  | { readonly kind: 'interrupted'; readonly turn: number }
  | { readonly kind: 'rolled-back'; readonly turn: number; readonly toTurn: number }
  | { readonly kind: 'workspace-moved'; readonly reason: string }
  | { readonly kind: 'finishing' }
  | { readonly kind: 'check-started'; readonly command: string }
  | { readonly kind: 'check-ended'; readonly outcome: CheckOutcome; readonly exitCode?: number; readonly reason?: string }
  | { readonly kind: 'task-ended'; readonly state: 'completed' | 'cancelled' | 'failed'; readonly reason?: string };

/** A tool call that waits for a person. */
export type PendingApproval = Omit<Extract<TaskEventBody, { kind: 'approval-requested' }>, 'kind'>;

/**
 * When a message is read. `enqueue`: when the work is done. `steer`: before the next turn. `interrupt`: at once, ending what runs.
 * `rollback`: at once, after going back to an earlier turn. `reject`: only when the task does nothing, else it is refused.
 */
export const MESSAGE_MODES = ['enqueue', 'steer', 'interrupt', 'rollback', 'reject'] as const;
export type MessageMode = (typeof MESSAGE_MODES)[number];

/** Answer of the `status` query. `events` are the newest ones, at most 100, oldest first. */
export interface TaskStatus {
  readonly taskId: string;
  readonly state: TaskState;
  /** '' until the line of a batch has been read. */
  readonly model: string;
  readonly turn: number;
  /** The deployment in use or last used; null before the route is planned. */
  readonly deployment: DeploymentId | null;
  readonly route: readonly DeploymentId[];
  /** Names the decision about its route in the task store. */
  readonly decision?: string;
  /** Codes of the reasons against deployments that may not serve; absent when all may. */
  readonly excluded?: Readonly<Record<string, string>>;
  /**
   * What it waits for, while `waiting` or `parked`: until when, or the command that ends a wait for a larger budget, which may
   * last for ever.
   */
  readonly waitingFor?: { readonly reason: string; readonly untilMs?: number; readonly command?: string };
  readonly usage: Usage;
  readonly costUsdMicros: number;
  /** May have been billed without an answer; absent when nothing may. */
  readonly suspenseUsdMicros?: number;
  readonly turnsAnswered?: number;
  readonly toolCalls?: number;
  /** Absent: without limits. */
  readonly budget?: TaskBudget;
  /** Tool calls that wait for a person; absent: none does. */
  readonly approvals?: readonly PendingApproval[];
  /** How far the model says that it is. */
  readonly plan?: TaskPlan;
  /** The session of managed agents that answered last, by its service's name for it. */
  readonly session?: string;
  /** What sessions of managed agents made that others went on for, and did not take along; absent: nothing. */
  readonly leftBehind?: readonly string[];
  readonly events: readonly TaskEvent[];
}

/** Answer of a batch's `batchStatus` query. */
export interface BatchStatus {
  readonly batchId: string;
  readonly total: number;
  readonly started: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly running: readonly string[];
  readonly window: number;
  /** Lines of the file that are no tasks; at most 1,000 are listed. */
  readonly badLines: readonly { readonly line: number; readonly problem: string }[];
  readonly badLineCount: number;
}
