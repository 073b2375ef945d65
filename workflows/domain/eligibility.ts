import type { DeploymentId } from './ids.ts';
import type { Capability, Cloud, Deployment } from './route.ts';

/** Closed set of reasons why a deployment may not serve a task; the words operators search for. */
export const REASON_CODES = [
  'NOT_OFFERED',
  'NOT_YET',
  'RETIRED',
  'RETIRES_DURING_TASK',
  'STAGE_TOO_LOW',
  'NOT_ENTITLED',
  'NO_QUOTA',
  'CAPABILITY_MISSING',
  'CONTEXT_TOO_SMALL',
  'PARTITION',
  'RESIDENCY_PROCESSING',
  'RESIDENCY_STORAGE',
  'SCOPE_TOO_WIDE',
  'COMPLIANCE_NO',
  'COMPLIANCE_UNKNOWN',
  'RETENTION',
  'RETENTION_BLOCKS_CAPABILITY',
  'TENANT_DENY',
  'NOT_STANDARD_CLOUD',
  'RESELLER',
  'PRICE_CAP',
  'EVIDENCE_TOO_WEAK',
  'FACT_STALE',
  'STATE_PINNED',
  'SUSPENDED',
] as const;
export type ReasonCode = (typeof REASON_CODES)[number];

/** One reason for or against one deployment: what was asked, what is true, and what to do. */
export interface Reason {
  readonly code: ReasonCode;
  readonly severity: 'hard' | 'soft';
  readonly expected: string;
  readonly actual: string;
  /** Known date on which the reason goes away, YYYY-MM-DD. */
  readonly clearsOn?: string;
  readonly remedy?: string;
}

export type Product = 'model' | 'codex' | 'managed-agent';

/** What a task asks of whoever serves it. */
export interface TaskNeed {
  readonly product: Product;
  readonly model: string;
  readonly capabilities: readonly Capability[];
}

/** A tenant's policy, as far as eligibility reads it. `cloudOrder` ranks clouds; those it does not name come after. */
export interface TenantPolicy {
  readonly tenant: string;
  readonly cloudOrder: readonly Cloud[];
}

export interface EligibleDeployment {
  readonly deployment: Deployment;
  readonly rank: number;
  readonly warnings: readonly Reason[];
}

export interface ExcludedDeployment {
  readonly deploymentId: DeploymentId;
  /** Every reason, never the first only. */
  readonly reasons: readonly Reason[];
}

export interface EligibilityDecision {
  readonly outcome: 'ok' | 'none-eligible' | 'single-no-failover';
  /** Best first. */
  readonly eligible: readonly EligibleDeployment[];
  readonly excluded: readonly ExcludedDeployment[];
  /** The excluded deployment with the fewest hard reasons. */
  readonly nearestMiss?: ExcludedDeployment;
}

/**
 * Who may serve. Pure: the same deployments, policy and need give the same decision. Today a deployment is eligible when it is
 * configured, serves the model and has the capabilities; dated facts take the same place and the same types later.
 */
export function decideEligibility(deployments: readonly Deployment[], policy: TenantPolicy, need: TaskNeed): EligibilityDecision {
  const judged = deployments.map((deployment) => ({ deployment, reasons: reasonsAgainst(deployment, need) }));
  const eligible = judged
    .filter(({ reasons }) => reasons.length === 0)
    .map(({ deployment }) => deployment)
    .toSorted((left, right) => compareByPolicy(left, right, policy))
    .map((deployment, rank) => ({ deployment, rank, warnings: [] }));
  const excluded = judged
    .filter(({ reasons }) => reasons.length > 0)
    .map(({ deployment, reasons }) => ({ deploymentId: deployment.id, reasons }))
    .toSorted((left, right) => compareText(left.deploymentId, right.deploymentId));
  const nearestMiss = excluded.toSorted((left, right) => left.reasons.length - right.reasons.length)[0];
  return {
    outcome: eligible.length === 0 ? 'none-eligible' : eligible.length === 1 ? 'single-no-failover' : 'ok',
    eligible,
    excluded,
    ...(nearestMiss === undefined ? {} : { nearestMiss }),
  };
}

function reasonsAgainst(deployment: Deployment, need: TaskNeed): readonly Reason[] {
  const notOffered: readonly Reason[] =
    deployment.model === need.model
      ? []
      : [
          {
            code: 'NOT_OFFERED',
            severity: 'hard',
            expected: need.model,
            actual: deployment.model,
            remedy: `add "${need.model}" to endpoints.${deployment.endpoint}.deployments, if its cloud serves it`,
          },
        ];
  const missing = need.capabilities
    .filter((capability) => !deployment.capabilities.includes(capability))
    .map((capability): Reason => ({
      code: 'CAPABILITY_MISSING',
      severity: 'hard',
      expected: capability,
      actual: deployment.capabilities.join(', '),
      remedy: `choose a task that does not need ${capability}, or an endpoint that has it`,
    }));
  return [...notOffered, ...missing];
}

/** The tenant's order of clouds first, then the order of configuration is replaced by id, so that the order is total. */
function compareByPolicy(left: Deployment, right: Deployment, policy: TenantPolicy): number {
  const byCloud = cloudRank(left.cloud, policy) - cloudRank(right.cloud, policy);
  return byCloud === 0 ? compareText(left.id, right.id) : byCloud;
}

function cloudRank(cloud: Cloud, policy: TenantPolicy): number {
  const index = policy.cloudOrder.indexOf(cloud);
  return index === -1 ? policy.cloudOrder.length : index;
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
