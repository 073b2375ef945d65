import { z } from 'zod';
import type { TaskResult } from '../workflows/activity-interfaces.ts';

const count = z.number().nonnegative();

export const usageSchema = z.object({
  inputTokens: count,
  cachedInputTokens: count,
  outputTokens: count,
  reasoningTokens: count,
  cacheWriteTokens: count.exactOptional(),
});

export const diffStatSchema = z.object({ files: count, insertions: count, deletions: count });

export const checkSchema = z.object({
  outcome: z.enum(['passed', 'failed', 'timed-out', 'not-run']),
  exitCode: z.int().exactOptional(),
  reason: z.string().exactOptional(),
  wallTimeMs: count,
  excerpt: z.string().exactOptional(),
  output: z.string().exactOptional(),
});

// Loose about fields of newer workers, strict about those read here.
const taskResultSchema = z.object({
  taskId: z.string(),
  state: z.enum(['completed', 'cancelled', 'failed']),
  reason: z.string().exactOptional(),
  output: z.string(),
  turns: count,
  attempts: z.array(
    z.object({
      turn: count,
      endpoint: z.string(),
      outcome: z.enum(['completed', 'failed', 'cancelled', 'unknown']),
      failure: z.string().exactOptional(),
    }),
  ),
  usage: usageSchema,
  paid: z
    .object({ usdMicros: count, byCloud: z.record(z.string(), count), byEndpoint: z.record(z.string(), count) })
    .exactOptional(),
  suspenseUsdMicros: count.exactOptional(),
  suspectedTwice: z.object({ count, usdMicros: count }).exactOptional(),
  toolEffectsTwice: count,
  leftBehind: z.array(z.string()).exactOptional(),
  toolCalls: count.exactOptional(),
  agents: z
    .array(
      z.object({
        agent: z.string(),
        taskId: z.string(),
        state: z.enum(['completed', 'cancelled', 'failed']),
        spent: z.object({ usdMicros: count, tokens: count, toolCalls: count }),
      }),
    )
    .exactOptional(),
  approvals: z
    .array(
      z.object({
        turn: count,
        callId: z.string(),
        tool: z.string(),
        decision: z.enum(['approved', 'denied', 'expired']),
        by: z.string().exactOptional(),
        atMs: count,
        remembered: z.string().exactOptional(),
      }),
    )
    .exactOptional(),
  diff: z.string(),
  diffStat: diffStatSchema.exactOptional(),
  tree: z.string().exactOptional(),
  check: checkSchema.exactOptional(),
  diffPath: z.string().exactOptional(),
  leftOut: z.array(z.string()).exactOptional(),
  // Of workers that knew no sub-totals yet.
  costUsdMicros: count.default(0),
  suspectedPaidTwice: count.default(0),
});

/** `undefined` when the value is no task's result: a workflow of another kind, or of a version far from this one. */
export function readTaskResult(value: unknown): TaskResult | undefined {
  const parsed = taskResultSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const { costUsdMicros, suspectedPaidTwice, ...result } = parsed.data;
  return {
    paid: { usdMicros: costUsdMicros, byCloud: {}, byEndpoint: {} },
    suspenseUsdMicros: 0,
    suspectedTwice: { count: suspectedPaidTwice, usdMicros: 0 },
    ...result,
  };
}
