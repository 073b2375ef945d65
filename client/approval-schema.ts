/** The shape of a request's approvals. */
import { z } from 'zod';
import type { ApprovalPolicy } from '../workflows/domain/approval.ts';
import { APPROVAL_MODES } from '../workflows/domain/approval.ts';

/** Each goes with every judgement; a longer list belongs to the tenant. */
const MOST_RULES = 50;
const LONGEST_WORD = 200;
const MOST_WORDS = 20;
const SHORTEST_EXPIRY_MS = 1_000;
const LONGEST_EXPIRY_MS = 366 * 24 * 3_600_000;

const word = z.string().min(1).max(LONGEST_WORD);

export const APPROVALS_SHOULD_BE =
  `an object with mode (${APPROVAL_MODES.join(', ')}), and any of rules, such as {"kind":"command","prefix":["npm","test"]} ` +
  'or {"kind":"tool","tool":"apply_patch"}, and expireMs (milliseconds)';

export const approvalsSchema = z.strictObject({
  mode: z.enum(APPROVAL_MODES),
  rules: z
    .array(
      z.discriminatedUnion('kind', [
        z.strictObject({
          kind: z.literal('command'),
          prefix: z.array(word).min(1).max(MOST_WORDS),
          escalated: z.literal(true).exactOptional(),
        }),
        z.strictObject({ kind: z.literal('tool'), tool: word }),
      ]),
    )
    .max(MOST_RULES)
    .exactOptional(),
  expireMs: z.int().min(SHORTEST_EXPIRY_MS).max(LONGEST_EXPIRY_MS).exactOptional(),
}) satisfies z.ZodType<ApprovalPolicy>;
