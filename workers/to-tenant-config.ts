/** One tenant of the file: what it does not say, the default policy says. */
import type { ApprovalPolicy, ApprovalRule } from '../workflows/domain/approval.ts';
import { toCommandRule } from '../workflows/domain/approval.ts';
import { usdToMicros } from '../workflows/domain/price.ts';
import type { Cloud } from '../workflows/domain/route.ts';
import type { Commitment, Entitlement, PriceCap, Residency, TenantPolicy } from '../workflows/domain/tenant-policy.ts';
import { defaultPolicy } from '../workflows/domain/tenant-policy.ts';
import type { TenantConfig } from './anyport-config.ts';
import type { RawTenant } from './tenant-schema.ts';

/** Of an entitlement without a beginning: nobody asks since when it has been granted. */
const ALWAYS = '0001-01-01';
const MINUTE_MS = 60_000;

export function toTenantConfig(
  name: string,
  { hourUsd, budget, approvals, afterContentFilter, network: _network, ...policy }: RawTenant,
): TenantConfig {
  return {
    name,
    policy: toPolicy(name, policy),
    ...(hourUsd === undefined ? {} : { hourUsdMicros: usdToMicros(hourUsd) }),
    ...(budget === undefined ? {} : { budget }),
    ...(approvals === undefined ? {} : { approvals: toApprovals(approvals) }),
    ...(afterContentFilter === undefined ? {} : { afterContentFilter }),
  };
}

function toPolicy(
  tenant: string,
  raw: Omit<RawTenant, 'hourUsd' | 'budget' | 'approvals' | 'afterContentFilter' | 'network'>,
): TenantPolicy {
  const { order = [], residency, minStage, maxFactAgeDays, entitlements = [], commitments = [], priceCap, ...asItIs } = raw;
  const usual = defaultPolicy(tenant);
  return {
    ...usual,
    ...asItIs,
    cloudOrder: orderOf(order, raw.standardCloud),
    residency: toResidency(residency, usual.residency),
    minStage: { ...usual.minStage, ...minStage },
    maxFactAgeDays: { ...usual.maxFactAgeDays, ...maxFactAgeDays },
    entitlements: entitlements.map(toEntitlement),
    commitments: commitments.map(toCommitment),
    priceCap: toPriceCap(priceCap),
  };
}

function toApprovals({ mode, allow = [], allowTools = [], expireMinutes }: NonNullable<RawTenant['approvals']>): ApprovalPolicy {
  const tools = allowTools.map((tool): ApprovalRule => ({ kind: 'tool', tool }));
  const rules = [...allow.flatMap((line) => toCommandRule(line) ?? []), ...tools];
  return { mode, rules, ...(expireMinutes === undefined ? {} : { expireMs: Math.round(expireMinutes * MINUTE_MS) }) };
}

/** The standard cloud comes first; alone it is no order of the others. */
function orderOf(order: readonly Cloud[], standardCloud: Cloud | undefined): readonly Cloud[] {
  if (order.length === 0 || standardCloud === undefined) return [...new Set(order)];
  return [...new Set([standardCloud, ...order])];
}

/** A list alone is of both: where data is processed, and where it is kept. */
function toResidency(raw: RawTenant['residency'], usual: Residency): Residency {
  return Array.isArray(raw) ? { ...usual, processing: raw, storage: raw } : { ...usual, ...raw };
}

function toEntitlement({ from = ALWAYS, to, ...granted }: NonNullable<RawTenant['entitlements']>[number]): Entitlement {
  return { ...granted, from, to: to ?? null };
}

function toCommitment({ remainingUsd, ...promised }: NonNullable<RawTenant['commitments']>[number]): Commitment {
  return { ...promised, remainingUsdMicros: usdToMicros(remainingUsd) };
}

function toPriceCap({
  inputUsdPerMillion: input,
  outputUsdPerMillion: output,
}: NonNullable<RawTenant['priceCap']> = {}): PriceCap {
  return {
    ...(input === undefined ? {} : { inputUsdMicrosPerMillion: usdToMicros(input) }),
    ...(output === undefined ? {} : { outputUsdMicrosPerMillion: usdToMicros(output) }),
  };
}
