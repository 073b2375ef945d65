/** Which lines of a batch run: at most `window` at once, in the order of the file, each once. */

/** Inclusive. */
export interface LineRange {
  readonly first: number;
  readonly last: number;
}

/** How far a batch is, as its next run must know it. */
export interface BatchProgress {
  /** Tasks started so far, in the order of the ranges. */
  readonly started: number;
  /** Lines whose tasks have not ended yet. */
  readonly running: readonly number[];
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
}

export const NO_PROGRESS: BatchProgress = { started: 0, running: [], completed: 0, failed: 0, cancelled: 0 };

export type LineState = 'completed' | 'failed' | 'cancelled';

export function countLines(ranges: readonly LineRange[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

export function isWithin(ranges: readonly LineRange[], line: number): boolean {
  return ranges.some(({ first, last }) => first <= line && line <= last);
}

/** The number of the line at `index` (from 0) of all lines in the ranges; `undefined` past the end. */
export function lineAt(ranges: readonly LineRange[], index: number): number | undefined {
  let left = index;
  for (const { first, last } of ranges) {
    if (left <= last - first) return first + left;
    left -= last - first + 1;
  }
  return undefined;
}

/** The line to start now; `undefined` when the window is full or all are started. */
export function nextLine(
  progress: BatchProgress,
  { ranges, window }: { readonly ranges: readonly LineRange[]; readonly window: number },
): number | undefined {
  return progress.running.length >= window ? undefined : lineAt(ranges, progress.started);
}

export function lineStarted(progress: BatchProgress, line: number): BatchProgress {
  return { ...progress, started: progress.started + 1, running: [...progress.running, line] };
}

/** A line's end is told twice at times (by its signal and by its workflow): it counts once. */
export function lineEnded(progress: BatchProgress, line: number, state: LineState): BatchProgress {
  if (!progress.running.includes(line)) return progress;
  const running = progress.running.filter((other) => other !== line);
  return { ...progress, running, [state]: progress[state] + 1 };
}
