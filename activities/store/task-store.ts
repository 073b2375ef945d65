/**
 * The durable store beside Temporal: what a task said, what was sent where, what a tool did. One contract suite tests every
 * implementation. Every write is durable when its promise resolves; every method is safe to repeat with the same arguments.
 */
import type { TaskNetwork } from '../sandbox/task-sandboxes.ts';
import type { TaskRequest } from '../../workflows/activity-interfaces.ts';
import type { TaskEligibility } from '../eligibility/tenant-eligibility.ts';
import type { ApprovalPolicy } from '../../workflows/domain/approval.ts';
import type { CheckpointRecord, CheckpointStep, StoredPack } from '../../workflows/domain/checkpoint.ts';
import type { BatchId, DeploymentId, TaskId } from '../../workflows/domain/ids.ts';
import type { Acceptance, ModelFailure } from '../../workflows/domain/model-failure.ts';
import type { OutputSchema } from '../../workflows/domain/output-schema.ts';
import type { Cloud } from '../../workflows/domain/route.ts';
import type { ItemId, ToolOutcome, TranscriptHead, TranscriptItem } from '../../workflows/domain/transcript.ts';
import type { Usage } from '../../workflows/domain/usage.ts';
import type { OfferedTool } from '../tools/added-tools.ts';
import type { AgentSessionRecord } from './agent-session-record.ts';

/** Names one attempt; `attempt` counts from 1 within its turn. */
export interface AttemptKey {
  readonly taskId: TaskId;
  readonly turn: number;
  readonly attempt: number;
}

/** What an attempt's answer came to, kept so that a retried activity returns it without calling anybody. */
export interface StoredAnswer {
  readonly head: TranscriptHead;
  readonly items: readonly ItemId[];
  readonly usage: Usage;
  readonly costUsdMicros: number;
  readonly incomplete?: 'max-output-tokens' | 'content-filter';
}

/**
 * The journal of an attempt. `started`: prepared, and surely not sent. `sending`: claimed by one sender right before the request
 * leaves. `submitted`: the cloud named a response. `completed` is written before Temporal is told. `failed` and `cancelled` are
 * ends too; `acceptance` says whether the cloud may bill what was cancelled.
 */
export type AttemptState =
  | { readonly kind: 'started' }
  | { readonly kind: 'sending'; readonly sender: string }
  | { readonly kind: 'submitted'; readonly responseId: string; readonly background: boolean }
  | { readonly kind: 'completed'; readonly answer: StoredAnswer }
  | { readonly kind: 'failed'; readonly failure: ModelFailure }
  | { readonly kind: 'cancelled'; readonly responseId?: string; readonly acceptance?: Acceptance };

/** What an attempt may cost at most, set aside before it is sent. */
export interface AttemptReserve {
  readonly cloud: Cloud;
  readonly usdMicros: number;
}

export interface AttemptEntry {
  readonly key: AttemptKey;
  readonly deployment: DeploymentId;
  /** Absent when nothing was to be sent, or in journals of before there were reserves. */
  readonly reserve?: AttemptReserve;
  readonly state: AttemptState;
}

export interface ToolCallKey {
  readonly taskId: TaskId;
  readonly turn: number;
  readonly callId: string;
}

/** `starts` counts how often the tool was started for this call. */
export interface ToolCallEntry {
  readonly key: ToolCallKey;
  readonly tool: string;
  readonly retryClass: 'read-only' | 'workspace' | 'external';
  readonly starts: number;
  readonly result?: { readonly item: ItemId; readonly outcome: ToolOutcome };
}

/** Settings that every model call of a task needs, kept out of history. */
export interface TaskSettings {
  readonly instructions: string;
  readonly tools: readonly string[];
  /** Those of the tools that are not built in. */
  readonly offered?: readonly OfferedTool[];
  readonly maxOutputTokens?: number;
  /** What the last message must fit. */
  readonly outputSchema?: OutputSchema;
  /** By what it is asked again who may serve it; absent in tasks of before that was asked. */
  readonly eligibility?: TaskEligibility;
  /** What a person is asked about; absent: nothing. */
  readonly approvals?: ApprovalPolicy;
  /** For a run that goes on after the task's end; absent in tasks of before that could be. */
  readonly request?: Omit<TaskRequest, 'prompt' | 'instructions'>;
  /** The transcript as the task began with it. */
  readonly openedHead?: TranscriptHead;
  /** Where the task stood when it came to its end. */
  readonly ended?: TaskStanding;
}

/** Where a task stands between two steps. */
export interface TaskStanding {
  readonly head: TranscriptHead;
  /** What is appended before the next turn. */
  readonly results: readonly ItemId[];
  /** The last turn that was begun. */
  readonly turn: number;
  /** Messages that it did not come to read, oldest first; absent: none. */
  readonly unread?: readonly ItemId[];
}

/** What was said to a task. */
export interface MessageRecord {
  /** The sender's own. */
  readonly requestId: string;
  readonly item: ItemId;
  /** The chain of runs that it was said to. */
  readonly run: string;
}

/** Where a task's workspace is, on which host and from which commit. */
export interface WorkspaceRecord {
  readonly hostId: string;
  /** Absolute path of the worktree. */
  readonly directory: string;
  /** Absolute path of the user's repository. */
  readonly repository: string;
  readonly baseCommit: string;
  /** Tree of the state the task began with, which differs from the commit's when uncommitted changes were taken along. */
  readonly baseTree: string;
  readonly sandbox: 'bubblewrap' | 'none';
  /** What its commands may reach, as far as that is still allowed; absent: nothing. */
  readonly network?: TaskNetwork;
  /** The folder that the task is about, with `/`, from the root; absent: the root. */
  readonly folder?: string;
  /** Messages with the project's own instructions, which the transcript begins with. */
  readonly contextItems?: readonly ItemId[];
  /** The files of the base commit, when they are in the store for hosts that don't have the repository. */
  readonly base?: BaseSnapshot;
}

/** A commit of the base's files without their history. */
export interface BaseSnapshot {
  readonly commit: string;
  readonly pack: StoredPack;
}

/** Names a checkpoint of a task. */
export type WhichCheckpoint =
  | { readonly kind: 'last' }
  | { readonly kind: 'sequence'; readonly sequence: number }
  | ({ readonly kind: 'step' } & CheckpointStep);

/** What all workers know together under a key. `epoch` grows with each change, from 1. */
export interface SharedRecord {
  readonly key: string;
  readonly epoch: number;
  readonly value: unknown;
}

/** One run of a workflow. */
export interface Execution {
  readonly workflowId: string;
  readonly runId: string;
}

/** An activity as Temporal names it. */
export interface ActivityKey extends Execution {
  readonly activityId: string;
}

export interface TaskStore {
  /** Who shares what is stored: processes of one machine, or workers anywhere. */
  readonly reach: 'machine' | 'network';

  /** Stores items and gives their ids, in order. */
  putItems(taskId: TaskId, items: readonly TranscriptItem[]): Promise<readonly ItemId[]>;
  /** @throws TaskStoreError when there is no such item */
  getItem(taskId: TaskId, itemId: ItemId): Promise<TranscriptItem>;
  /** Extends the chain that ends in `head` and gives the new head; the old one stays valid. */
  appendToTranscript(taskId: TaskId, head: TranscriptHead, items: readonly ItemId[]): Promise<TranscriptHead>;
  /** All items of the chain, oldest first. @throws TaskStoreError when an entry or item is missing */
  readTranscript(taskId: TaskId, head: TranscriptHead): Promise<readonly TranscriptItem[]>;

  putSettings(taskId: TaskId, settings: TaskSettings): Promise<void>;
  /** @throws TaskStoreError when the task was never opened */
  getSettings(taskId: TaskId): Promise<TaskSettings>;

  /** Writes `started` when the attempt has no entry yet, and gives the entry as it then is, with whether this call made it. */
  startAttempt(
    key: AttemptKey,
    deployment: DeploymentId,
    reserve?: AttemptReserve,
  ): Promise<{ entry: AttemptEntry; isNew: boolean }>;
  /**
   * Moves an attempt on. An end (completed, failed, cancelled) is never overwritten, and `sending` follows on `started` alone, so
   * that of several senders one wins: the entry as it is comes back.
   */
  updateAttempt(key: AttemptKey, state: AttemptState): Promise<AttemptEntry>;
  /** All attempts of a task by turn and attempt. */
  listAttempts(taskId: TaskId): Promise<readonly AttemptEntry[]>;

  /** Counts a start of a tool and gives the entry as it then is; written before the tool is run. */
  startToolCall(key: ToolCallKey, tool: string, retryClass: ToolCallEntry['retryClass']): Promise<ToolCallEntry>;
  readToolCall(key: ToolCallKey): Promise<ToolCallEntry | undefined>;
  /** The first result stays; the entry as it then is comes back. */
  finishToolCall(key: ToolCallKey, result: { item: ItemId; outcome: ToolOutcome }): Promise<ToolCallEntry>;
  listToolCalls(taskId: TaskId): Promise<readonly ToolCallEntry[]>;

  /** The first message of a request id stays; the record as it then is comes back. */
  putMessage(taskId: TaskId, message: MessageRecord): Promise<MessageRecord>;

  /** Written before the service hears of it, and after each step; the record of its deployment and generation is replaced. */
  putAgentSession(taskId: TaskId, record: AgentSessionRecord): Promise<void>;
  /** By deployment and generation, closed ones too. */
  listAgentSessions(taskId: TaskId): Promise<readonly AgentSessionRecord[]>;

  putWorkspace(taskId: TaskId, workspace: WorkspaceRecord): Promise<void>;
  getWorkspace(taskId: TaskId): Promise<WorkspaceRecord | undefined>;
  /**
   * Writes the record when the task's workspace is still on the host `from` (null: there is none yet), and gives the record as it
   * then is. Of several hosts that take a workspace over at once, one wins.
   */
  claimWorkspace(taskId: TaskId, from: string | null, workspace: WorkspaceRecord): Promise<WorkspaceRecord>;

  /**
   * The first checkpoint of a sequence stays, and it comes back. `undefined`, and nothing is written, when the workspace is not, or
   * no more, on the host that took it.
   */
  putCheckpoint(taskId: TaskId, hostId: string, checkpoint: CheckpointRecord): Promise<CheckpointRecord | undefined>;
  /** Of several after one step the newest. */
  findCheckpoint(taskId: TaskId, which: WhichCheckpoint): Promise<CheckpointRecord | undefined>;
  /** All of them, oldest first. */
  listCheckpoints(taskId: TaskId): Promise<readonly CheckpointRecord[]>;
  /** A part of a pack, counted from 0. A part that is there stays: its pack is named by the digest of its bytes. */
  putPackPart(packId: string, part: number, bytes: Uint8Array): Promise<void>;
  getPackPart(packId: string, part: number): Promise<Uint8Array | undefined>;

  putBatchLines(batchId: BatchId, lines: readonly { line: number; request: TaskRequest }[]): Promise<void>;
  /** @throws TaskStoreError when there is no such line */
  getBatchLine(batchId: BatchId, line: number): Promise<TaskRequest>;

  /** Those of the records that exist, in no order. */
  readShared(keys: readonly string[]): Promise<readonly SharedRecord[]>;
  /**
   * Writes the value when the record is still at this epoch (0: does not exist yet), and gives whether it did. Repeated after it
   * was done it gives `false`: read again then.
   */
  compareAndSetShared(key: string, epoch: number, value: unknown): Promise<boolean>;
  /** Notes that the worker process `owner` runs this activity now, whoever ran it before. */
  openActivity(activity: ActivityKey, owner: string, startedMs: number): Promise<void>;
  /** The owner runs it no more; the note of a later owner stays. */
  closeActivity(activity: ActivityKey, owner: string): Promise<void>;
  /** What the owner runs, or ran when it died. */
  listOpenActivities(owner: string): Promise<readonly ActivityKey[]>;
  /** Asks whoever runs activities of this execution to stop them. */
  requestStop(execution: Execution): Promise<void>;
  /** Activities of the owner that it was asked to stop. */
  listStopRequests(owner: string): Promise<readonly ActivityKey[]>;
  /** Drops the notes of activities that began before; gives how many there were. */
  forgetOpenActivities(beforeMs: number): Promise<number>;

  close(): Promise<void>;
}

/** The store cannot do what was asked: it is missing something, full, locked or unreachable. `cause` has the driver's error. */
export class TaskStoreError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TaskStoreError';
  }
}
