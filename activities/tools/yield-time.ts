/** How long a call waits for a command before it returns, as the models were trained: a figure out of bounds is brought into them. */
export interface YieldBounds {
  readonly min: number;
  readonly max: number;
  readonly default: number;
}

/** A command that was started. */
export const EXEC_YIELD: YieldBounds = { min: 250, max: 30_000, default: 10_000 };
/** One that something was typed in: most answer at once. */
export const WRITE_YIELD: YieldBounds = { min: 250, max: 30_000, default: 250 };
/** One that is only waited for: shorter waits would cost a turn each, longer ones leave a person without news. */
export const POLL_YIELD: YieldBounds = { min: 5_000, max: 300_000, default: 5_000 };

/** In milliseconds. */
export function clampYield(asked: number | undefined, bounds: YieldBounds): number {
  return Math.min(bounds.max, Math.max(bounds.min, asked ?? bounds.default));
}
