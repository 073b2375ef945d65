import type { DeploymentId } from '../../workflows/domain/ids.ts';

/** How much of a transcript a session has: its first items, and the digest of these. */
export interface SeenTranscript {
  readonly items: number;
  readonly digest: string;
}

/** A session that a service of managed agents has, or may have, for a task. */
export interface AgentSessionRecord {
  readonly deployment: DeploymentId;
  /** Counts from 1: a task may need a new session where it had one. */
  readonly generation: number;
  /** The service's id of the saved agent that it was opened with. */
  readonly agentId?: string;
  /** Absent: its opening was not confirmed. */
  readonly sessionId?: string;
  /** What it has and has answered. */
  readonly seen: SeenTranscript;
  /** As of `SessionTurn`. */
  readonly marker?: string;
  readonly continuation?: string;
  /** What was sent and is not known to be answered, or is answered and not known to be in the transcript. */
  readonly pending?: {
    readonly key: string;
    /** Absent in records of before it was kept. */
    readonly turn?: number;
    readonly asked: SeenTranscript;
    readonly answered?: { readonly seen: SeenTranscript; readonly marker?: string; readonly continuation?: string };
  };
  /** As of `SessionTurn`, of all its turns. */
  readonly leftBehind?: readonly string[];
  /** Nothing more is said to it: what it was asked last it failed at. */
  readonly isOver?: true;
  /** It is gone at its service, too. */
  readonly isClosed?: true;
}
