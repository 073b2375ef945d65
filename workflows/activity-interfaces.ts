/**
 * The activities' contract, declared on the workflows' side so that the sandbox never sees an SDK's types. Inputs and results
 * stay near 150 bytes for what happens every turn: they carry ids, never content. An activity knows its task from the
 * workflow id it was called by.
 */
import type { ApprovalChanges } from './domain/approval.ts';
import type { BatchProgress, LineRange } from './domain/batch-window.ts';
import type { TaskBudget } from './domain/budget.ts';
import type { EligibilityDecision } from './domain/eligibility.ts';
import type { BatchId, DeploymentId, TaskId } from './domain/ids.ts';
import type { CloseAgentSessionsInput, OpenAgentSessions } from './domain/managed-service.ts';
import type { ModelFailure } from './domain/model-failure.ts';
import type { PlanRouteInput } from './domain/plan-route-input.ts';
import type { QueueHold } from './domain/queue-hold.ts';
import type { Cloud, Route } from './domain/route.ts';
import type { RouteHealth } from './domain/route-health.ts';
import type { CheckReport } from './domain/task-check.ts';
import type { SandboxChoice, TaskRequest } from './domain/task-request.ts';
import type { TaskResult } from './domain/task-result.ts';
import type { ItemId, TranscriptHead } from './domain/transcript.ts';
import type { AgentsNeeded, ApprovalNeeded, Attempt, CallDecision, TaskEnding, ToolStep, TurnAnswer } from './domain/turn.ts';
import type { TurnPolicy } from './domain/turn-policy.ts';
import type { ReportWorkspaceInput, ReportWorkspaceResult } from './domain/workspace-report.ts';

export type { PlanRouteInput } from './domain/plan-route-input.ts';
export type { SandboxChoice, TaskRequest } from './domain/task-request.ts';
export type { AttemptRecord, TaskResult } from './domain/task-result.ts';

/** The input of `taskBatch`. Its lines are in the task store, put there by `taskBatchLines` workflows before it starts. */
export interface TaskBatchInput {
  readonly window: number;
  /** The numbers of the lines that are tasks, as inclusive ranges: a file without bad lines has one. */
  readonly lines: readonly LineRange[];
  /** Those of them that are tasks of managed agents; absent: none. */
  readonly managed?: readonly LineRange[];
  readonly badLines: readonly { readonly line: number; readonly problem: string }[];
  readonly badLineCount: number;
  /** Set when a batch goes on in a new run. */
  readonly progress?: BatchProgress;
}

/** The result of `taskBatch`; each task's own result is that of its workflow. */
export interface TaskBatchResult {
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
}

/** Who may serve and who may not, as ids and codes of reasons; the task store has under its id what it rests on. */
export interface RouteDecision extends Pick<EligibilityDecision, 'outcome' | 'asOf' | 'knownAt'> {
  readonly id: string;
  readonly catalogDigest: string;
  readonly policyDigest: string;
  readonly engineVersion: string;
  /** Reasons against each deployment that may not serve, as `CODE CODE`. */
  readonly excluded: Readonly<Record<string, string>>;
  /** The same of each offering that no endpoint is configured for. */
  readonly notConfigured: Readonly<Record<string, string>>;
  /** Of those who may serve all the same. */
  readonly warnings?: Readonly<Record<string, string>>;
}

export interface PlanRouteResult {
  readonly route: Route;
  readonly decision: RouteDecision;
  /** The table and prices by which the task's turns are decided, to its end; absent in histories of policy 1. */
  readonly policy?: TurnPolicy;
  /** What the tenant's tasks may use up when they don't say it themselves. */
  readonly budget?: TaskBudget;
  /** What is known of the route's deployments; absent when nothing speaks against any. */
  readonly health?: RouteHealth;
}

/** Stores the task's settings and its first items; idempotent. */
export interface OpenTaskInput {
  readonly request: TaskRequest;
}

export interface OpenTaskResult {
  readonly head: TranscriptHead;
}

export interface ReadBatchLineInput {
  readonly batchId: BatchId;
  readonly line: number;
}

export interface OpenWorkspaceInput {
  /** Begin with the files of this task, or contest, as its newest checkpoint has them. */
  readonly from?: TaskId;
  readonly repository: string;
  readonly includeUncommitted: boolean;
  readonly sandbox: SandboxChoice;
  /** As in the request. */
  readonly folder?: string;
  /** Whose task it is; absent: `default`. */
  readonly tenant?: string;
  /** As in the request. */
  readonly network?: 'none';
}

export interface OpenWorkspaceResult {
  /** The queue of the host that holds the workspace. */
  readonly queue: string;
  readonly baseCommit: string;
}

export type InvokeModelInput = Attempt;
/** `health`: what the worker knows of the route's deployments now; absent when nothing speaks against any. */
export type InvokeModelResult = TurnAnswer & { readonly health?: RouteHealth };

export interface MoveWorkspaceInput {
  /** The queue of the host that does not answer. */
  readonly from: string;
}

export interface MoveWorkspaceResult {
  /** Of the host that has the workspace now; the same again when that is there after all. */
  readonly queue: string;
}

export interface RunToolInput {
  readonly turn: number;
  readonly callId: string;
  readonly item: ItemId;
  /** What was decided about the call; absent: it is judged by the task's policy. */
  readonly decision?: CallDecision;
  /** What changed of the policy since the task was planned. */
  readonly approvals?: ApprovalChanges;
}

export type RunToolResult = ToolStep | ApprovalNeeded | AgentsNeeded;

/** As `TaskCheck`, with the time that it has. */
export interface RunCheckInput {
  readonly command: string;
  readonly timeoutMs: number;
}

export interface ReadAgentRequestInput {
  readonly parent: TaskId;
  /** What the agent is to do. */
  readonly message: ItemId;
  readonly budget?: TaskBudget;
}

export interface PutMessageInput {
  readonly requestId: string;
  readonly text: string;
  /** The chain of runs that it was said to. */
  readonly run: string;
}

export interface PutMessageResult {
  /** Absent: an earlier run of the task has a message under this id. */
  readonly item?: ItemId;
}

export interface RollBackInput {
  /** The last turn that is kept; 0: none. One that was rolled back before stands for the last kept one before it. */
  readonly toTurn: number;
  /** Its own number among the turns. */
  readonly turn: number;
}

export interface RollBackResult {
  readonly head: TranscriptHead;
  /** Results of the kept turn's calls. */
  readonly results: readonly ItemId[];
  /** The turn that was gone back to. */
  readonly toTurn: number;
}

/** What a task that goes on after its end is made of. */
export interface ReopenTaskResult {
  readonly request: Omit<TaskRequest, 'prompt' | 'instructions'>;
  readonly head: TranscriptHead;
  /** Appended before the next turn. */
  readonly results: readonly ItemId[];
  /** The last turn that was begun. */
  readonly turn: number;
  /** Messages that it did not come to read before its end, oldest first; absent: none. */
  readonly unread?: readonly ItemId[];
}

export interface CheckOutputInput {
  readonly head: TranscriptHead;
}

/**
 * Whether the last message fits the task's output schema; of tasks without one it does. Otherwise `item` is the message that tells
 * the model what is wrong, to be appended before it is asked again; `problem` says it in a line without any of the content.
 */
export type CheckOutputResult =
  | { readonly valid: true }
  | { readonly valid: false; readonly item: ItemId; readonly problem: string };

export interface FinishTaskInput {
  readonly head: TranscriptHead;
  /** Not answered by a turn yet; absent: there are none. */
  readonly results?: readonly ItemId[];
  /** Messages that nobody has read, oldest first; absent: none. */
  readonly unread?: readonly ItemId[];
  readonly turns: number;
  readonly ending: TaskEnding;
}

export type CollectDiffResult = Pick<TaskResult, 'diff' | 'diffStat' | 'diffPath' | 'leftOut' | 'tree'>;

export interface StoreBatchLinesInput {
  readonly lines: readonly { readonly line: number; readonly request: TaskRequest }[];
}

export interface StoreBatchLinesResult {
  readonly stored: number;
}

/** The endpoints that a worker's configuration names. */
export interface EndpointReport {
  readonly endpoints: readonly {
    readonly name: string;
    readonly cloud: Cloud;
    readonly region: string | null;
    readonly models: readonly string[];
  }[];
}

export interface ExplainEndpointInput {
  readonly endpoint: string;
  /** Of the call that nobody took. */
  readonly deployment?: DeploymentId;
  readonly turn?: number;
  readonly attempt?: number;
}

export interface ExplainEndpointResult {
  /** Absent: no operator holds its queue, so no worker polls it, or all that do are busy. */
  readonly hold?: QueueHold;
  /** A worker had taken the call before, and died: its request may have left, so that it may be billed. */
  readonly wasSent?: true;
  /** As in `InvokeModelResult`. */
  readonly health?: RouteHealth;
}

/** Activities on `agent-tasks`. */
export interface TaskActivities {
  planRoute(input: PlanRouteInput): Promise<PlanRouteResult>;
  openTask(input: OpenTaskInput): Promise<OpenTaskResult>;
  checkOutput(input: CheckOutputInput): Promise<CheckOutputResult>;
  listAgentSessions(): Promise<OpenAgentSessions>;
  finishTask(input: FinishTaskInput): Promise<Omit<TaskResult, keyof CollectDiffResult>>;
  storeBatchLines(input: StoreBatchLinesInput): Promise<StoreBatchLinesResult>;
  readBatchLine(input: ReadBatchLineInput): Promise<TaskRequest>;
  reportEndpoints(): Promise<EndpointReport>;
  explainEndpoint(input: ExplainEndpointInput): Promise<ExplainEndpointResult>;
  putMessage(input: PutMessageInput): Promise<PutMessageResult>;
  reopenTask(): Promise<ReopenTaskResult>;
  /** What an agent is asked: its message, under the terms of the task that it works for. */
  readAgentRequest(input: ReadAgentRequestInput): Promise<TaskRequest>;
  /** Of a task without a workspace; else it is of the host. */
  rollBack(input: RollBackInput): Promise<RollBackResult>;
  reportWorkspace(input: ReportWorkspaceInput): Promise<ReportWorkspaceResult>;
  /** Has whatever runs for the calling workflow stop at once, on whichever worker it runs. */
  stopTask(): Promise<void>;
}

/** Activities on `endpoints/<endpoint>`. Fails with a `ModelFailure` in the details of a non-retryable failure. */
export interface EndpointActivities {
  invokeModel(input: InvokeModelInput): Promise<InvokeModelResult>;
  /** Ends the sessions of managed agents that the task has at this endpoint. */
  closeAgentSessions(input: CloseAgentSessionsInput): Promise<void>;
}

/** Activities on `hosts/<host id>`, where the workspaces are. */
export interface HostActivities {
  runTool(input: RunToolInput): Promise<RunToolResult>;
  /** Finds the conversation as it was after a turn, and puts the files back to how they were then. */
  rollBack(input: RollBackInput): Promise<RollBackResult>;
  collectDiff(): Promise<CollectDiffResult>;
  /** Runs a check on the files of the last checkpoint, in the sandbox, and leaves them as they are. */
  runCheck(input: RunCheckInput): Promise<CheckReport>;
  closeWorkspace(): Promise<void>;
}

/** The first host to take them opens the workspace, or takes it over, so these are on `agent-tasks`. */
export interface OpenWorkspaceActivities {
  openWorkspace(input: OpenWorkspaceInput): Promise<OpenWorkspaceResult>;
  /**
   * Makes the workspace again on whichever host takes this, unless the one that had it is there after all. Fails as
   * `Workspace.BaseMissing`, retryable, where the files cannot be had.
   */
  moveWorkspace(input: MoveWorkspaceInput): Promise<MoveWorkspaceResult>;
}

export type AnyportActivities = TaskActivities & EndpointActivities & HostActivities & OpenWorkspaceActivities;

/** Details of every failure that an activity classified; the second is as in `InvokeModelResult`. */
export type FailureDetails = readonly [ModelFailure, (RouteHealth | null)?];
