/** Eligibility as one worker knows it: its catalog, its configuration, its tenants. */
import type { PlacedDeployment, Question, TaskNeed } from '../../workflows/domain/candidate.ts';
import { candidateOf, standInsOf } from '../../workflows/domain/candidate.ts';
import type { Moment } from '../../workflows/domain/catalog.ts';
import { judge } from '../../workflows/domain/eligibility.ts';
import type { DeploymentId } from '../../workflows/domain/ids.ts';
import type { Reason } from '../../workflows/domain/reason.ts';
import { isHard, toReason } from '../../workflows/domain/reason.ts';
import { DEFAULT_TENANT } from '../../workflows/domain/task-queues.ts';
import type { TaskPolicy, TenantPolicy } from '../../workflows/domain/tenant-policy.ts';
import { defaultPolicy, narrowPolicy } from '../../workflows/domain/tenant-policy.ts';
import type { LoadedCatalog } from '../catalog/load-catalog.ts';

export interface EligibilityFacts {
  readonly loaded: LoadedCatalog;
  readonly placed: readonly PlacedDeployment[];
  /** Of the configured tenants. */
  readonly policies: readonly TenantPolicy[];
}

/** What has to be known of a task to ask again who may serve it. */
export interface TaskEligibility {
  readonly tenant: string;
  readonly need: TaskNeed;
  readonly policy?: TaskPolicy;
}

/** The tenant's; of the default tenant also when nothing is configured. */
export function policyOf({ policies }: Pick<EligibilityFacts, 'policies'>, tenant: string): TenantPolicy | undefined {
  return policies.find((policy) => policy.tenant === tenant) ?? (tenant === DEFAULT_TENANT ? defaultPolicy(tenant) : undefined);
}

/** Today, as the catalog knows it: what was recorded after a moment of the future is not asked for. */
export function momentOf({ loaded }: Pick<EligibilityFacts, 'loaded'>, nowMs: number): Moment {
  const now = new Date(nowMs).toISOString();
  return { asOf: now.slice(0, 10), knownAt: loaded.knownAt < now ? loaded.knownAt : now };
}

/**
 * Why a deployment of the task's route may not be called any more; facts, configuration and policy may have changed since the route was
 * planned. How large the next request is, and how long the task will go on, is not asked again.
 */
export function reasonsAgainstNow(
  facts: EligibilityFacts,
  deployment: DeploymentId,
  { task, nowMs }: { readonly task: TaskEligibility; readonly nowMs: number },
): readonly Reason[] {
  const placed = facts.placed.find((each) => each.deployment.id === deployment);
  const tenant = policyOf(facts, task.tenant);
  if (placed === undefined) return [];
  if (tenant === undefined) {
    const remedy = 'add it under tenants again';
    return [
      toReason({ code: 'TENANT_DENY', expected: 'a configured tenant', actual: `no tenant "${task.tenant}" any more`, remedy }),
    ];
  }
  const { policy } = narrowPolicy(tenant, task.policy ?? {}, task.need.product);
  const need: TaskNeed = { ...task.need, inputTokens: 0, outputTokens: 0, durationDays: 0 };
  const question: Question = { catalog: facts.loaded.catalog, deployments: [placed], policy, need, at: momentOf(facts, nowMs) };
  return [...standInReasons(question, placed), ...judge(question, candidateOf(question, placed)).filter(isHard)];
}

/** Another model answers only while the policy lets it. */
function standInReasons({ need, policy }: Question, { deployment: { model } }: PlacedDeployment): readonly Reason[] {
  if (model === need.model || standInsOf(policy, need.model).includes(model)) return [];
  const remedy = `allow ${model} for ${need.model} under substitution again`;
  return [toReason({ code: 'TENANT_DENY', expected: need.model, actual: `${model} in its place`, remedy })];
}

/** Whether nothing of what the task sends may be stored at a cloud. */
export function asksZeroRetention(facts: Pick<EligibilityFacts, 'policies'>, task: TaskEligibility | undefined): boolean {
  return task?.policy?.zeroRetention === true || (task !== undefined && policyOf(facts, task.tenant)?.zeroRetention === true);
}
