/** Reads a contest's result as a worker returned it. */
import { z } from 'zod';
import type { ContestResult } from '../workflows/domain/contest.ts';
import { checkSchema, diffStatSchema, usageSchema } from './task-result.ts';

const count = z.number().nonnegative();
const state = z.enum(['completed', 'cancelled', 'failed']);

const contestResultSchema = z.object({
  taskId: z.string(),
  state,
  reason: z.string().exactOptional(),
  winner: z.object({ number: count, taskId: z.string() }).exactOptional(),
  output: z.string(),
  diff: z.string(),
  diffPath: z.string().exactOptional(),
  leftOut: z.array(z.string()).exactOptional(),
  contenders: z.array(
    z.object({
      number: count,
      taskId: z.string(),
      state,
      reason: z.string().exactOptional(),
      hasResult: z.boolean(),
      excerpt: z.string(),
      turns: count,
      toolCalls: count,
      usage: usageSchema,
      costUsdMicros: count,
      suspenseUsdMicros: count,
      check: checkSchema.exactOptional(),
      diffStat: diffStatSchema.exactOptional(),
      tree: z.string().exactOptional(),
      place: count,
      because: z.string(),
    }),
  ),
  usage: usageSchema,
  costUsdMicros: count,
  suspenseUsdMicros: count,
}) satisfies z.ZodType<ContestResult>;

/** `undefined` when the value is no contest's result: a workflow of another kind, or of a version far from this one. */
export function readContestResult(value: unknown): ContestResult | undefined {
  return contestResultSchema.safeParse(value).data;
}
