/**
 * The activities' contract, declared on the workflows' side so that the sandbox never sees an SDK's types. Inputs and results
 * stay near 150 bytes for what happens every turn: they carry ids, never content. An activity knows its task from the
 * workflow id it was called by.
 */
import type { BatchProgress, LineRange } from './domain/batch-window.ts';
import type { TaskBudget } from './domain/budget.ts';
import type { EligibilityDecision } from './domain/eligibility.ts';
import type { TaskPolicy } from './domain/tenant-policy.ts';
import type { BatchId, DeploymentId } from './domain/ids.ts';
import type { SubTotals } from './domain/ledger.ts';
import type { ModelFailure } from './domain/model-failure.ts';
import type { PlanRouteInput } from './domain/plan-route-input.ts';
import type { QueueHold } from './domain/queue-hold.ts';
import type { Capability, Cloud, Route } from './domain/route.ts';
import type { RouteHealth } from './domain/route-health.ts';
import type { ItemId, TranscriptHead } from './domain/transcript.ts';
import type { Attempt, TaskEnding, ToolStep, TurnAnswer } from './domain/turn.ts';
import type { TurnPolicy } from './domain/turn-policy.ts';
import type { Usage } from './domain/usage.ts';
import type { ReportWorkspaceInput, ReportWorkspaceResult } from './domain/workspace-report.ts';

export type { PlanRouteInput } from './domain/plan-route-input.ts';

/** What confines a task's commands; `none` runs them with the worker's own rights. */
export type SandboxChoice = 'bubblewrap' | 'none';

/** What a caller asks for; the input of `agentTask`. */
export interface TaskRequest {
  readonly prompt: string;
  readonly model: string;
  readonly tenant?: string;
  /** Extra instructions, put after our own. */
  readonly instructions?: string;
  /** Absolute path of a git repository on the worker's host; without it the task has no tools. */
  readonly workspace?: string;
  /** Take the workspace's uncommitted changes along instead of refusing them. */
  readonly includeUncommitted?: boolean;
  readonly sandbox?: SandboxChoice;
  readonly needs?: readonly Capability[];
  /** What the task asks of those who serve it beyond its tenant's policy: it may narrow that, never widen it. */
  readonly policy?: TaskPolicy;
  /** A task that has not ended after this many turns fails with what it has. */
  readonly maxTurns?: number;
  /** What the task may use up before it pauses and asks for more; each part wins over the tenant's. */
  readonly budget?: TaskBudget;
  readonly maxOutputTokens?: number;
}

/** The input of `taskBatch`. Its lines are in the task store, put there by `taskBatchLines` workflows before it starts. */
export interface TaskBatchInput {
  readonly window: number;
  /** The numbers of the lines that are tasks, as inclusive ranges: a file without bad lines has one. */
  readonly lines: readonly LineRange[];
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
  readonly repository: string;
  readonly includeUncommitted: boolean;
  readonly sandbox: SandboxChoice;
}

export interface OpenWorkspaceResult {
  /** The queue of the host that holds the workspace. */
  readonly queue: string;
  readonly baseCommit: string;
}

export interface MoveWorkspaceInput {
  /** The host that is lost; when the workspace has left it already, nothing is done. */
  readonly from: string;
}

export interface MoveWorkspaceResult {
  /** The queue of the host that holds the workspace now. */
  readonly queue: string;
  /** What ran in the background went with the host. */
  readonly lostSessions: true;
}

export type InvokeModelInput = Attempt;
/** `health`: what the worker knows of the route's deployments now; absent when nothing speaks against any. */
export type InvokeModelResult = TurnAnswer & { readonly health?: RouteHealth };

export interface RunToolInput {
  readonly turn: number;
  readonly callId: string;
  readonly item: ItemId;
}

export type RunToolResult = ToolStep;

export interface FinishTaskInput {
  readonly head: TranscriptHead;
  readonly turns: number;
  readonly ending: TaskEnding;
}

/** An attempt as the result reports it. */
export interface AttemptRecord {
  readonly turn: number;
  readonly endpoint: string;
  readonly outcome: 'completed' | 'failed' | 'cancelled' | 'unknown';
  /** From `describeFailure`. */
  readonly failure?: string;
}

/** The result of a task, whatever its end. */
export interface TaskResult {
  readonly taskId: string;
  readonly state: TaskEnding['kind'];
  /** Why, when it did not complete. */
  readonly reason?: string;
  /** The last assistant message; '' when there is none. */
  readonly output: string;
  readonly turns: number;
  readonly attempts: readonly AttemptRecord[];
  readonly usage: Usage;
  /** What clouds reported and we know the price of, with its parts. */
  readonly paid: {
    readonly usdMicros: number;
    readonly byCloud: SubTotals;
    readonly byEndpoint: SubTotals;
  };
  /** The most that may have been billed besides: for attempts that a cloud took, or may have, and that gave no answer. */
  readonly suspenseUsdMicros: number;
  /** The part of it that was made again in the same turn, and so may have been paid twice. */
  readonly suspectedTwice: { readonly count: number; readonly usdMicros: number };
  /** Tool calls with an effect that were started more than once. */
  readonly toolEffectsTwice: number;
  /** Unified git diff of the workspace against the commit it began at; '' without a workspace or change. */
  readonly diff: string;
  /** Where on the worker's host the whole diff lies when it is too large for a result, or no UTF-8; `diff` is '' then. */
  readonly diffPath?: string;
  /** Files of the workspace that are not in the diff, being too large or unreadable; the first few. */
  readonly leftOut?: readonly string[];
}

export type CollectDiffResult = Pick<TaskResult, 'diff' | 'diffPath' | 'leftOut'>;

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
  finishTask(input: FinishTaskInput): Promise<Omit<TaskResult, keyof CollectDiffResult>>;
  storeBatchLines(input: StoreBatchLinesInput): Promise<StoreBatchLinesResult>;
  readBatchLine(input: ReadBatchLineInput): Promise<TaskRequest>;
  reportEndpoints(): Promise<EndpointReport>;
  explainEndpoint(input: ExplainEndpointInput): Promise<ExplainEndpointResult>;
  reportWorkspace(input: ReportWorkspaceInput): Promise<ReportWorkspaceResult>;
  /** Has whatever runs for the calling workflow stop at once, on whichever worker it runs. */
  stopTask(): Promise<void>;
}

/** Activities on `endpoints/<endpoint>`. Fails with a `ModelFailure` in the details of a non-retryable failure. */
export interface EndpointActivities {
  invokeModel(input: InvokeModelInput): Promise<InvokeModelResult>;
}

/** Activities on `hosts/<host id>`, where the workspaces are. */
export interface HostActivities {
  runTool(input: RunToolInput): Promise<RunToolResult>;
  collectDiff(): Promise<CollectDiffResult>;
  closeWorkspace(): Promise<void>;
}

/** The first host to take them opens the workspace, or takes it over, so these are on `agent-tasks`. */
export interface OpenWorkspaceActivities {
  openWorkspace(input: OpenWorkspaceInput): Promise<OpenWorkspaceResult>;
  /** Restores the last checkpoint on another host. Fails as `Workspace.BaseMissing`, retryable, where the files cannot be had. */
  moveWorkspace(input: MoveWorkspaceInput): Promise<MoveWorkspaceResult>;
}

export type AnyportActivities = TaskActivities & EndpointActivities & HostActivities & OpenWorkspaceActivities;

/** Details of every failure that an activity classified; the second is as in `InvokeModelResult`. */
export type FailureDetails = readonly [ModelFailure, (RouteHealth | null)?];
