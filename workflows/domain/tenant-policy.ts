/** What a tenant allows, and how a task may narrow that for itself. */
import type { ComplianceProgram, Evidence, IsoDate, Partition, Product, Scope, Seller, Stage } from './catalog.ts';
import { EVIDENCE, SCOPES } from './catalog.ts';
import type { Geo } from './geo.ts';
import { isWithin } from './geo.ts';
import { usdToMicros } from './price.ts';

export const FAILOVER_KINDS = ['none', 'within-cloud', 'cross-cloud'] as const;
/** Which deployments a task may go on at: the first of its route alone, those of the same cloud, or all. */
export type FailoverKind = (typeof FAILOVER_KINDS)[number];

/** Least available first; the only stages that a policy can ask for. */
export const LEAST_STAGES = ['private-preview', 'limited-preview', 'public-preview', 'ga'] as const satisfies readonly Stage[];
export type LeastStage = (typeof LEAST_STAGES)[number];

/** What a cloud has granted the tenant, or the operator for all: access, a quota, or zero retention. */
export interface Entitlement {
  /** An offering's id; a `*` stands for any text. */
  readonly offering: string;
  readonly from: IsoDate;
  /** The first day without it; null: no end is known. */
  readonly to: IsoDate | null;
  readonly tokensPerMinute?: number;
  readonly zeroRetention?: true;
}

/** Money that is promised to a cloud already. */
export interface Commitment {
  readonly cloud: Seller;
  readonly remainingUsdMicros: number;
  readonly expires: IsoDate;
}

/** Micro-dollars per million tokens; what has no known price is above every cap. */
export interface PriceCap {
  readonly inputUsdMicrosPerMillion?: number;
  readonly outputUsdMicrosPerMillion?: number;
}

export interface Residency {
  readonly processing: readonly Geo[] | '*';
  readonly storage: readonly Geo[] | '*';
  readonly maxScope: Scope;
}

export interface TenantPolicy {
  readonly tenant: string;
  readonly standardCloud: Seller | null;
  /** The standard cloud or none. */
  readonly strictStandard: boolean;
  /** Those not named come after. Empty: no order. */
  readonly cloudOrder: readonly Seller[];
  /** These alone. */
  readonly clouds: readonly Seller[] | '*';
  /** Clouds, and patterns of offering ids, which have a `/`; a `*` stands for any text. */
  readonly deny: readonly string[];
  readonly allowResellers: boolean;
  readonly partitions: readonly Partition[];
  readonly residency: Residency;
  /** All must be met. */
  readonly compliance: readonly ComplianceProgram[];
  readonly zeroRetention: boolean;
  /** How long what abuse detection flagged may be kept; null: as long as it is. */
  readonly maxFlaggedDays: number | null;
  readonly minStage: Readonly<Record<Product, LeastStage>>;
  readonly minEvidence: Evidence;
  /** Older facts are warned of; of compliance they count as unknown. */
  readonly maxFactAgeDays: { readonly stage: number; readonly price: number; readonly compliance: number };
  /** What is not known of compliance, retention or residency: may it serve? */
  readonly onUnknown: 'deny' | 'allow-with-warning';
  readonly entitlements: readonly Entitlement[];
  readonly commitments: readonly Commitment[];
  /** Models that may answer in place of another, best first. */
  readonly substitution: Readonly<Record<string, readonly string[]>>;
  readonly priceCap: PriceCap;
  readonly failover: FailoverKind;
}

/** The part of a policy that a task may ask for; each may only narrow its tenant's. */
export interface TaskPolicy {
  /** These clouds alone. */
  readonly clouds?: readonly Seller[];
  readonly residency?: { readonly processing?: readonly Geo[]; readonly storage?: readonly Geo[]; readonly maxScope?: Scope };
  readonly compliance?: readonly ComplianceProgram[];
  readonly zeroRetention?: true;
  readonly minStage?: LeastStage;
  readonly minEvidence?: Evidence;
  /** Dollars per million tokens. */
  readonly priceCap?: { readonly inputUsdPerMillion?: number; readonly outputUsdPerMillion?: number };
  /** Not even what the tenant lets stand in. */
  readonly sameModelOnly?: true;
  readonly failover?: FailoverKind;
}

/**
 * What holds for a tenant that says nothing: every cloud and place, previews that it has been let into, what several independent
 * sources say; never a reseller, never another model. Stages and regions moved within 11 days in August 2026, hence 14 days.
 */
export function defaultPolicy(tenant: string): TenantPolicy {
  return {
    tenant,
    standardCloud: null,
    strictStandard: false,
    cloudOrder: [],
    clouds: '*',
    deny: [],
    allowResellers: false,
    partitions: ['commercial', 'us-gov'],
    residency: { processing: '*', storage: '*', maxScope: 'global' },
    compliance: [],
    zeroRetention: false,
    maxFlaggedDays: null,
    minStage: {
      model: 'private-preview',
      codex: 'private-preview',
      'codex-cloud': 'private-preview',
      'managed-agent': 'private-preview',
    },
    minEvidence: 'multi-third-party',
    maxFactAgeDays: { stage: 14, price: 30, compliance: 90 },
    onUnknown: 'deny',
    entitlements: [],
    commitments: [],
    substitution: {},
    priceCap: {},
    failover: 'cross-cloud',
  };
}

/** The tenant's policy as a task narrows it, with what the task asks for beyond it, one line each. */
export function narrowPolicy(
  tenant: TenantPolicy,
  task: TaskPolicy,
  product: Product,
): { readonly policy: TenantPolicy; readonly widenings: readonly string[] } {
  const { clouds = tenant.clouds } = task;
  const widenings = (task.clouds ?? [])
    .filter((cloud) => tenant.deny.includes(cloud) || (tenant.clouds !== '*' && !tenant.clouds.includes(cloud)))
    .map((cloud) => `clouds: ${cloud} is denied`);
  const least = tenant.minStage[product];
  const policy: TenantPolicy = {
    ...tenant,
    clouds: clouds === '*' || tenant.clouds === '*' ? clouds : clouds.filter((cloud) => tenant.clouds.includes(cloud)),
    residency: narrowResidency(tenant.residency, task.residency ?? {}, widenings),
    compliance: [...new Set([...tenant.compliance, ...(task.compliance ?? [])])],
    zeroRetention: tenant.zeroRetention || task.zeroRetention === true,
    minStage: {
      ...tenant.minStage,
      [product]: narrower(LEAST_STAGES, { own: least, asked: task.minStage, as: 'minStage' }, widenings),
    },
    minEvidence: narrower(EVIDENCE, { own: tenant.minEvidence, asked: task.minEvidence, as: 'minEvidence' }, widenings),
    substitution: task.sameModelOnly === true ? {} : tenant.substitution,
    priceCap: narrowCap(tenant.priceCap, task.priceCap ?? {}, widenings),
    failover: narrower(WIDEST_FAILOVER_FIRST, { own: tenant.failover, asked: task.failover, as: 'failover' }, widenings),
  };
  return { policy, widenings };
}

const WIDEST_FAILOVER_FIRST = FAILOVER_KINDS.toReversed();
const WIDEST_SCOPE_FIRST = SCOPES.toReversed();

/** What is asked, when it stands after the tenant's own; the widest comes first. */
function narrower<Value extends string>(
  values: readonly Value[],
  { own, asked, as }: { readonly own: Value; readonly asked: Value | undefined; readonly as: string },
  widenings: string[],
): Value {
  if (asked === undefined || values.indexOf(asked) >= values.indexOf(own)) return asked ?? own;
  widenings.push(`${as}: ${asked} is more than ${own}`);
  return own;
}

function narrowResidency(own: Residency, asked: NonNullable<TaskPolicy['residency']>, widenings: string[]): Residency {
  const geos = (which: 'processing' | 'storage'): Residency['processing'] => {
    const [allowed, wanted] = [own[which], asked[which]];
    if (wanted === undefined || allowed === '*') return wanted ?? allowed;
    const outside = wanted.filter((each) => !isWithin(each, allowed));
    for (const geo of outside) widenings.push(`residency.${which}: ${geo} is not within ${allowed.join(', ')}`);
    return outside.length === 0 ? wanted : allowed;
  };
  const scopes = { own: own.maxScope, asked: asked.maxScope, as: 'residency.maxScope' };
  return { processing: geos('processing'), storage: geos('storage'), maxScope: narrower(WIDEST_SCOPE_FIRST, scopes, widenings) };
}

function narrowCap(own: PriceCap, asked: NonNullable<TaskPolicy['priceCap']>, widenings: string[]): PriceCap {
  const lower = (kind: 'input' | 'output', cap: number | undefined, usd: number | undefined): number | undefined => {
    const wanted = usd === undefined ? undefined : usdToMicros(usd);
    if (cap === undefined || wanted === undefined || wanted <= cap) return wanted ?? cap;
    widenings.push(`priceCap: ${kind} at $${usd} is more than $${cap / 1_000_000} per million tokens`);
    return cap;
  };
  const input = lower('input', own.inputUsdMicrosPerMillion, asked.inputUsdPerMillion);
  const output = lower('output', own.outputUsdMicrosPerMillion, asked.outputUsdPerMillion);
  return {
    ...(input === undefined ? {} : { inputUsdMicrosPerMillion: input }),
    ...(output === undefined ? {} : { outputUsdMicrosPerMillion: output }),
  };
}
