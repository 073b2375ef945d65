/** The shape of a tenant of `anyport.yaml`. What it names is looked for by `check-tenant.ts`. */
import { z } from 'zod';
import { APPROVAL_MODES, toCommandRule } from '../workflows/domain/approval.ts';
import type { BudgetKind, TaskBudget } from '../workflows/domain/budget.ts';
import { BUDGET_RANGES } from '../workflows/domain/budget.ts';
import { COMPLIANCE_PROGRAMS, EVIDENCE, PARTITIONS, PRODUCTS, SCOPES, SELLERS } from '../workflows/domain/catalog.ts';
import { CLOUDS } from '../workflows/domain/route.ts';
import { FAILOVER_KINDS, LEAST_STAGES } from '../workflows/domain/tenant-policy.ts';
import { networkSchema } from './network-schema.ts';

/** A thousand dollars per token's million is far above any price; more is a slip of the unit. */
const HIGHEST_PRICE_USD = 1_000;
/** Nobody's hour is worth more; above it a wait would never be cheaper than a move. */
const HIGHEST_HOUR_USD = 1_000_000;
/** Nobody has promised a cloud more; above it micro-dollars would no longer be whole numbers. */
const HIGHEST_COMMITMENT_USD = 1_000_000_000;

/** As a request names one (`client/task-request.ts`). */
export const TENANT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
export const TENANT_FORM =
  'must begin with a letter or digit and go on with these, ".", "_" or "-", 64 in all: no request could name it otherwise';

export const text = z.string().min(1, 'must not be empty: give it a value, or remove the key');
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
export const variable = z
  .string()
  .regex(
    VARIABLE,
    'must be the name of an environment variable, not the secret itself: put the secret into a variable, and its name here',
  );
export const day = z.iso.date('must be a day such as 2026-11-17');
export const usd = z.number().min(0).max(HIGHEST_PRICE_USD);
export const perMinute = z.int().min(1);
const days = z.int().min(0);

function within(kind: BudgetKind) {
  const { least, most, isWhole } = BUDGET_RANGES[kind];
  const number = z.number().min(least).max(most);
  return (isWhole ? number.int() : number).exactOptional();
}

const budget = z.strictObject({
  costUsd: within('costUsd'),
  tokens: within('tokens'),
  turns: within('turns'),
  toolCalls: within('toolCalls'),
  wallClockMs: within('wallClockMs'),
}) satisfies z.ZodType<TaskBudget>;

/** None at all would be a place where nothing can be processed. */
const geos = z.array(text).min(1, 'must name at least one geography, such as us or eu: or remove the key');
const residency = z.union([
  geos,
  z.strictObject({
    processing: geos.exactOptional(),
    storage: geos.exactOptional(),
    maxScope: z.enum(SCOPES).exactOptional(),
  }),
]);

const entitlement = z.strictObject({
  offering: text,
  from: day.exactOptional(),
  to: day.exactOptional(),
  tokensPerMinute: perMinute.exactOptional(),
  zeroRetention: z.literal(true).exactOptional(),
});

const commitment = z.strictObject({
  cloud: z.enum(SELLERS),
  remainingUsd: z.number().min(0).max(HIGHEST_COMMITMENT_USD),
  expires: day,
});

/** Longer waits are no waits: without the key a request never expires. */
const MOST_EXPIRE_MINUTES = 366 * 24 * 60;

const approvals = z.strictObject({
  mode: z.enum(APPROVAL_MODES),
  allow: z
    .array(text.refine((line) => toCommandRule(line) !== undefined, 'must be one plain command, such as "npm test"'))
    .exactOptional(),
  allowTools: z.array(text).exactOptional(),
  expireMinutes: z.number().positive().max(MOST_EXPIRE_MINUTES).exactOptional(),
});

/** Keys that a policy has in the same words are left out where nothing is said, so that its own stand. */
export const tenantSchema = z.strictObject({
  standardCloud: z.enum(CLOUDS).exactOptional(),
  strictStandard: z.boolean().exactOptional(),
  order: z.array(z.enum(CLOUDS)).exactOptional(),
  deny: z.array(text).exactOptional(),
  allowResellers: z.boolean().exactOptional(),
  partitions: z
    .array(z.enum(PARTITIONS))
    .min(1, `must name at least one of ${PARTITIONS.join(', ')}: or remove the key`)
    .exactOptional(),
  residency: residency.exactOptional(),
  compliance: z.array(z.enum(COMPLIANCE_PROGRAMS)).exactOptional(),
  zeroRetention: z.boolean().exactOptional(),
  maxFlaggedDays: days.exactOptional(),
  minStage: z.partialRecord(z.enum(PRODUCTS), z.enum(LEAST_STAGES)).exactOptional(),
  minEvidence: z.enum(EVIDENCE).exactOptional(),
  maxFactAgeDays: z
    .strictObject({ stage: days.exactOptional(), price: days.exactOptional(), compliance: days.exactOptional() })
    .exactOptional(),
  onUnknown: z.enum(['deny', 'allow-with-warning']).exactOptional(),
  entitlements: z.array(entitlement).exactOptional(),
  commitments: z.array(commitment).exactOptional(),
  substitution: z.record(text, z.array(text)).exactOptional(),
  priceCap: z.strictObject({ inputUsdPerMillion: usd.exactOptional(), outputUsdPerMillion: usd.exactOptional() }).exactOptional(),
  failover: z.enum(FAILOVER_KINDS).exactOptional(),
  hourUsd: z.number().min(0).max(HIGHEST_HOUR_USD).exactOptional(),
  afterContentFilter: z.array(text).exactOptional(),
  budget: budget.exactOptional(),
  approvals: approvals.exactOptional(),
  network: networkSchema.exactOptional(),
});

export type RawTenant = z.infer<typeof tenantSchema>;
