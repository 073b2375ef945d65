/** What a task may ask of those who serve it, as a caller writes it. A tenant's policy is the workers' to know: it is checked there. */
import { z } from 'zod';
import { COMPLIANCE_PROGRAMS, EVIDENCE, SCOPES, SELLERS } from '../workflows/domain/catalog.ts';
import type { TaskPolicy } from '../workflows/domain/tenant-policy.ts';
import { FAILOVER_KINDS, LEAST_STAGES } from '../workflows/domain/tenant-policy.ts';

/** A thousand dollars per million tokens is far above any price. */
const HIGHEST_PRICE_USD = 1_000;
const GEO = /^[a-z]{2,5}$/;

/** What each part has to be, in words. */
export const POLICY_SHOULD_BE = {
  clouds: `a list of ${SELLERS.join(', ')}`,
  residency: 'a list of geographies such as ["eu"], or an object with processing, storage (such lists) and maxScope',
  compliance: `a list of ${COMPLIANCE_PROGRAMS.join(', ')}`,
  zeroRetention: 'true, or leave it out',
  minStage: `one of ${LEAST_STAGES.join(', ')}`,
  minEvidence: `one of ${EVIDENCE.join(', ')}`,
  priceCap: 'an object with inputUsdPerMillion or outputUsdPerMillion, in dollars per million tokens',
  sameModelOnly: 'true, or leave it out',
  failover: `one of ${FAILOVER_KINDS.join(', ')}`,
} as const satisfies Record<keyof TaskPolicy, string>;

const geos = z.array(z.string().regex(GEO)).min(1);
const usd = z.number().min(0).max(HIGHEST_PRICE_USD).exactOptional();

export const taskPolicySchema = z.strictObject({
  clouds: z.array(z.enum(SELLERS)).min(1).exactOptional(),
  residency: z
    .union([
      geos.transform((both) => ({ processing: both, storage: both })),
      z.strictObject({
        processing: geos.exactOptional(),
        storage: geos.exactOptional(),
        maxScope: z.enum(SCOPES).exactOptional(),
      }),
    ])
    .exactOptional(),
  compliance: z.array(z.enum(COMPLIANCE_PROGRAMS)).exactOptional(),
  zeroRetention: z.literal(true).exactOptional(),
  minStage: z.enum(LEAST_STAGES).exactOptional(),
  minEvidence: z.enum(EVIDENCE).exactOptional(),
  priceCap: z.strictObject({ inputUsdPerMillion: usd, outputUsdPerMillion: usd }).exactOptional(),
  sameModelOnly: z.literal(true).exactOptional(),
  failover: z.enum(FAILOVER_KINDS).exactOptional(),
}) satisfies z.ZodType<TaskPolicy>;
