/**
 * Tokens of one or more model calls. `cachedInputTokens` and `cacheWriteTokens` are parts of `inputTokens`; `reasoningTokens` of
 * `outputTokens`.
 */
export interface Usage {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  /** Absent when none: a turn's usage is in history. */
  readonly cacheWriteTokens?: number;
}

export const NO_USAGE: Usage = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, reasoningTokens: 0 };

export function addUsage(left: Usage, right: Usage): Usage {
  const written = (left.cacheWriteTokens ?? 0) + (right.cacheWriteTokens ?? 0);
  return {
    inputTokens: left.inputTokens + right.inputTokens,
    cachedInputTokens: left.cachedInputTokens + right.cachedInputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    reasoningTokens: left.reasoningTokens + right.reasoningTokens,
    ...(written === 0 ? {} : { cacheWriteTokens: written }),
  };
}
