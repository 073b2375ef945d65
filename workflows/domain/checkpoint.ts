/** What is known of a task's checkpoints wherever they are spoken of: in the store, in a report, on a terminal. */

/**
 * A path as git and the disk have it: one character for each byte, since names need not be UTF-8. `/` parts folders, and it is
 * relative to the tree's root.
 */
export type BytePath = string;

/** A file that is in the tree and not in its checkpoint. */
export interface LeftOutFile {
  readonly path: BytePath;
  readonly bytes: number;
  /** `name`: git keeps no file of that name, such as one below a folder `.GIT`. */
  readonly reason: 'too-large' | 'unreadable' | 'name';
}

/** Bytes in the task store, in parts; `id` is the digest of all of them. */
export interface StoredPack {
  readonly id: string;
  readonly bytes: number;
  readonly parts: number;
}

/** Which step a checkpoint was taken after. */
export interface CheckpointStep {
  readonly turn: number;
  readonly callId: string;
}

/** Sequence 0: no step was before it. */
export const OPENING_STEP: CheckpointStep = { turn: 0, callId: '' };
/** What the task left, also when it ended in the middle of a step. */
export const CLOSING_STEP: CheckpointStep = { turn: -1, callId: '' };

/** The state of a workspace after a step, as a commit that nobody but Anyport has. */
export interface CheckpointRecord extends CheckpointStep {
  /** Counts from 0, the state at opening. */
  readonly sequence: number;
  readonly commit: string;
  /** Every file byte for byte, but those that are ignored or left out. */
  readonly tree: string;
  /** The checkpoint before it; of the first one the snapshot of the base commit. */
  readonly parent: string;
  /** What this commit has and its parent has not. */
  readonly pack: StoredPack;
  readonly changedFiles: number;
  readonly leftOut: readonly LeftOutFile[];
  /** git keeps none, so they are made again by this list. */
  readonly emptyFolders: readonly BytePath[];
  readonly atMs: number;
}

/**
 * For a git that is to keep files byte for byte, as its `info/attributes`, which win over those of the tree: no line endings, no
 * encodings, no filters, no keywords.
 */
export const EXACT_ATTRIBUTES = '* -text -crlf !eol -ident -filter !working-tree-encoding\n';
