/** What one worker counts of one scope while its circuit is closed, until the counts say that it should open. */

interface Bucket {
  readonly fromMs: number;
  readonly started: number;
  /** Half failures count as half. */
  readonly failed: number;
  readonly slow: number;
}

interface InFlight {
  readonly id: number;
  readonly startedMs: number;
}

export interface CircuitCounts {
  /** Oldest first; each spans `BUCKET_MS`. */
  readonly buckets: readonly Bucket[];
  /** Begun and still without a first event. */
  readonly silent: readonly InFlight[];
  /** Failures in a row of attempts that no cloud accepted, as far as is known, while none accepted another. */
  readonly unacceptedInARow: number;
  /** Failures of any kind in a row, half failures as half, while nothing was answered. */
  readonly failedInARow: number;
  /** Begun and not ended. */
  readonly underway: number;
}

export const NO_COUNTS: CircuitCounts = { buckets: [], silent: [], unacceptedInARow: 0, failedInARow: 0, underway: 0 };

/** Longer than a call, so that a slow one's end still finds the others that began with it. */
const WINDOW_MS = 300_000;
const BUCKET_MS = 15_000;

/** The fast way: nothing but closed doors. */
const UNACCEPTED_IN_A_ROW = 3;
/** Each of these may have cost a whole generation. Among many calls under way a few that end early and badly say less. */
const FAILED_IN_A_ROW = 3;
const SHARE_OF_UNDERWAY = 0.1;
/** Below so many calls a ratio says little. */
const LEAST_VOLUME = 5;
const RATIO = 0.5;
/** Clouds name a response before they think about it; a third of the limit on silence is slow beyond a busy queue. */
const SLOW_FIRST_EVENT_MS = 20_000;

/** Counted when it begins, so that quick failures don't outweigh answers that take minutes. */
export function countStart(counts: CircuitCounts, nowMs: number): CircuitCounts {
  return { ...add(counts, nowMs, { started: 1 }), underway: counts.underway + 1 };
}

/** From here on a call is watched for its first event: one that is doomed is seen before it ends. */
export function awaitFirstEvent(counts: CircuitCounts, id: number, nowMs: number): CircuitCounts {
  return { ...counts, silent: [...counts.silent, { id, startedMs: nowMs }] };
}

/** The first event of a watched call; a slow one is counted as such. */
export function countFirstEvent(counts: CircuitCounts, id: number, nowMs: number): CircuitCounts {
  const call = counts.silent.find((each) => each.id === id);
  if (call === undefined) return counts;
  const rest = forgetCall(counts, id);
  return isSlow(call, nowMs) ? add(rest, nowMs, { slow: 1 }) : rest;
}

/** A call ended, and is counted by how. */
export function forgetCall(counts: CircuitCounts, id: number): CircuitCounts {
  return { ...counts, silent: counts.silent.filter((each) => each.id !== id) };
}

/** A call was taken: its first event came. */
export function countAccepted(counts: CircuitCounts): CircuitCounts {
  return counts.unacceptedInARow === 0 ? counts : { ...counts, unacceptedInARow: 0 };
}

/** A call that was counted when it began has ended, however. One begun before the counts began anew is not among them. */
export function countEnd(counts: CircuitCounts): CircuitCounts {
  return counts.underway === 0 ? counts : { ...counts, underway: counts.underway - 1 };
}

/** A whole answer came. */
export function countAnswer(counts: CircuitCounts): CircuitCounts {
  return counts.failedInARow === 0 ? countAccepted(counts) : { ...countAccepted(counts), failedInARow: 0 };
}

/** A failure of weight 1 or one half; `isAccepted`: the cloud had taken the request. */
export function countFailure(
  counts: CircuitCounts,
  { weight, isAccepted }: { weight: number; isAccepted: boolean },
  nowMs: number,
): CircuitCounts {
  const unacceptedInARow = isAccepted ? 0 : counts.unacceptedInARow + (weight === 1 ? 1 : 0);
  return { ...add(counts, nowMs, { failed: weight }), unacceptedInARow, failedInARow: counts.failedInARow + weight };
}

/** Why the circuit should open, or undefined. */
export function whyOpen(counts: CircuitCounts, nowMs: number): string | undefined {
  if (counts.unacceptedInARow >= UNACCEPTED_IN_A_ROW) return `${counts.unacceptedInARow} attempts in a row were not accepted`;
  const recent = counts.buckets.filter(({ fromMs }) => nowMs - fromMs < WINDOW_MS);
  const started = sum(recent, 'started');
  const failed = sum(recent, 'failed');
  const many = Math.max(FAILED_IN_A_ROW, SHARE_OF_UNDERWAY * counts.underway);
  if (failed > 0 && counts.failedInARow >= many) return `${counts.failedInARow} attempts in a row failed`;
  const slow = sum(recent, 'slow') + counts.silent.filter((call) => isSlow(call, nowMs)).length;
  const volume = Math.max(started, failed, slow);
  if (volume < LEAST_VOLUME) return undefined;
  if (failed >= RATIO * volume) return `${failed} of ${volume} attempts failed`;
  return slow >= RATIO * volume ? `${slow} of ${volume} attempts were slow to begin` : undefined;
}

function isSlow({ startedMs }: InFlight, nowMs: number): boolean {
  return nowMs - startedMs > SLOW_FIRST_EVENT_MS;
}

function add(counts: CircuitCounts, nowMs: number, more: Partial<Omit<Bucket, 'fromMs'>>): CircuitCounts {
  const fromMs = Math.floor(nowMs / BUCKET_MS) * BUCKET_MS;
  const kept = counts.buckets.filter((bucket) => nowMs - bucket.fromMs < WINDOW_MS && bucket.fromMs !== fromMs);
  const now = counts.buckets.find((bucket) => bucket.fromMs === fromMs) ?? { fromMs, started: 0, failed: 0, slow: 0 };
  const { started = 0, failed = 0, slow = 0 } = more;
  const next = { fromMs, started: now.started + started, failed: now.failed + failed, slow: now.slow + slow };
  return { ...counts, buckets: [...kept, next] };
}

function sum(buckets: readonly Bucket[], field: 'started' | 'failed' | 'slow'): number {
  return buckets.reduce((total, bucket) => total + bucket[field], 0);
}
