/** A command that tells by its exit code whether a task's work is good, and what it told. Pure. */
import type { ItemId } from './transcript.ts';

export interface TaskCheck {
  /** A shell command line; it runs in the sandbox of the task's commands, at the top of the files that the task left. */
  readonly command: string;
  /** It is ended when it takes longer. */
  readonly timeoutMs?: number;
}

/** `not-run`: nobody knows whether the work is good. */
export type CheckOutcome = 'passed' | 'failed' | 'timed-out' | 'not-run';

export interface CheckReport {
  readonly outcome: CheckOutcome;
  /** Absent when it did not end by itself. */
  readonly exitCode?: number;
  /** Why it has no exit code. */
  readonly reason?: string;
  readonly wallTimeMs: number;
  /** The last line that it wrote, in at most 120 printable characters. */
  readonly excerpt?: string;
  /** What it wrote, in the task store: the head and the tail when it was long. */
  readonly output?: ItemId;
}

/** Tests of a whole project take minutes; what takes hours belongs elsewhere. */
export const CHECK_TIMEOUT_MS = { usual: 10 * 60_000, least: 1_000, most: 2 * 3_600_000 } as const;
/** A longer one belongs into a file of the repository. */
export const LONGEST_CHECK_CHARACTERS = 10_000;

export function notRun(reason: string): CheckReport {
  return { outcome: 'not-run', reason, wallTimeMs: 0 };
}

/** `failed (exit code 1)`. */
export function describeCheck({ outcome, exitCode, reason }: Pick<CheckReport, 'outcome' | 'exitCode' | 'reason'>): string {
  if (outcome === 'passed') return 'passed';
  const why = reason ?? (exitCode === undefined ? undefined : `exit code ${exitCode}`);
  const words = { failed: 'failed', 'timed-out': 'timed out', 'not-run': 'not run' }[outcome];
  return why === undefined ? words : `${words} (${why})`;
}
