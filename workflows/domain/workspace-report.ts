/** What a client asks of a workspace that may be open, closed or lost, and what it is told from the task store. */
import type { CheckpointRecord } from './checkpoint.ts';
import type { TaskId } from './ids.ts';

export type WorkspaceQuestion =
  /** The `WorkspaceOverview`, as JSON. */
  | { readonly kind: 'overview' }
  /** A patch, or its statistics; `from` is a checkpoint, or the commit that the task began at. */
  | { readonly kind: 'diff'; readonly from: number | 'commit'; readonly to: number; readonly form: 'patch' | 'stat' }
  /** The files of a checkpoint as a pack of git objects. */
  | { readonly kind: 'tree'; readonly checkpoint: number };

export interface ReportWorkspaceInput {
  readonly taskId: TaskId;
  readonly question: WorkspaceQuestion;
  /** Where in the answer the part begins. */
  readonly offset: number;
}

/** A part of an answer; other parts belong to it when they have the same digest. */
export interface ReportWorkspaceResult {
  readonly digest: string;
  readonly totalBytes: number;
  readonly base64: string;
}

/** A checkpoint as a person may see it, with the tool that ran before it; `null`: none did. */
export type CheckpointSummary = Pick<
  CheckpointRecord,
  'sequence' | 'turn' | 'tree' | 'atMs' | 'changedFiles' | 'leftOut' | 'emptyFolders'
> & { readonly tool: string | null; readonly packBytes: number };

export interface WorkspaceOverview {
  /** Absolute path of the user's repository on the worker's host. */
  readonly repository: string;
  readonly baseCommit: string;
  readonly checkpoints: readonly CheckpointSummary[];
}
