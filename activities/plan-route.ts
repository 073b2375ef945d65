import { ApplicationFailure } from '@temporalio/common';
import type { PlanRouteInput, PlanRouteResult } from '../workflows/activity-interfaces.ts';
import type { TaskBudget } from '../workflows/domain/budget.ts';
import type { EligibilityDecision, TenantPolicy } from '../workflows/domain/eligibility.ts';
import { decideEligibility } from '../workflows/domain/eligibility.ts';
import type { DeploymentId } from '../workflows/domain/ids.ts';
import { endpointOf } from '../workflows/domain/ids.ts';
import { nearestNames } from '../workflows/domain/nearest-names.ts';
import type { DatedPrices } from '../workflows/domain/price.ts';
import { priceAt } from '../workflows/domain/price.ts';
import type { Cloud, Deployment } from '../workflows/domain/route.ts';
import { DEFAULT_TURN_POLICY } from '../workflows/domain/turn-policy.ts';

export interface PlanRouteDependencies {
  readonly deployments: readonly Deployment[];
  /** Of those whose price changes while the worker runs; of the others the deployment's own holds. */
  readonly prices?: ReadonlyMap<DeploymentId, DatedPrices>;
  /** The configured tenants; `default` needs no entry. */
  readonly tenants: readonly { readonly name: string; readonly cloudOrder: readonly Cloud[]; readonly budget?: TaskBudget }[];
}

const DEFAULT_TENANT = 'default';

/** The activity `planRoute`: who may serve a task, best first. Fails for good when nobody may. */
export function createPlanRoute({ deployments, prices, tenants }: PlanRouteDependencies) {
  return async (input: PlanRouteInput): Promise<PlanRouteResult> => {
    const policy = policyOf(tenants, input.tenant);
    const need = { product: 'model', model: input.model, capabilities: [...new Set(input.needs)] } as const;
    const { eligible, ...decision } = decideEligibility(deployments, policy, need);
    if (eligible.length === 0) {
      const message = whyNobody(input, deployments, decision);
      throw ApplicationFailure.nonRetryable(message, 'NotEligible', decision);
    }
    const priced = eligible.map(({ deployment }) => {
      const dated = prices?.get(deployment.id);
      return dated === undefined ? deployment : { ...deployment, price: priceAt(dated, Date.now()) };
    });
    const route = { model: input.model, deployments: priced };
    const budget = tenants.find(({ name }) => name === input.tenant)?.budget;
    return { route, decision, policy: DEFAULT_TURN_POLICY, ...(budget === undefined ? {} : { budget }) };
  };
}

function policyOf(tenants: PlanRouteDependencies['tenants'], tenant: string): TenantPolicy {
  const found = tenants.find(({ name }) => name === tenant);
  if (found === undefined && tenant !== DEFAULT_TENANT) {
    const names = nearestNames(tenant, [DEFAULT_TENANT, ...tenants.map(({ name }) => name)]).join(', ');
    throw ApplicationFailure.nonRetryable(
      `unknown tenant "${tenant}": use one that is configured (nearest: ${names}), or add it under tenants in the configuration`,
      'UnknownTenant',
    );
  }
  return { tenant, cloudOrder: found?.cloudOrder ?? [] };
}

function whyNobody(
  { model, needs }: PlanRouteInput,
  deployments: readonly Deployment[],
  decision: Omit<EligibilityDecision, 'eligible'>,
): string {
  const serving = deployments.filter((deployment) => deployment.model === model);
  if (serving.length > 0) return whyNoneIsAble(model, serving, needs);
  if (deployments.length === 0)
    return `no deployment serves model "${model}": no endpoint is configured; add one to anyport.yaml`;
  const names = nearestNames(
    model,
    deployments.map((deployment) => deployment.model),
  ).join(', ');
  const remedy = decision.nearestMiss?.reasons.find(({ code }) => code === 'NOT_OFFERED')?.remedy;
  return `no deployment serves model "${model}": ask for one that is configured (nearest: ${names})${remedy === undefined ? '' : `, or ${remedy}`}`;
}

function whyNoneIsAble(model: string, serving: readonly Deployment[], needs: PlanRouteInput['needs']): string {
  const lacks = serving.map(({ id, capabilities }) => {
    const missing = needs.filter((capability) => !capabilities.includes(capability));
    return `${endpointOf(id)} lacks ${[...new Set(missing)].join(', ')}`;
  });
  return (
    `no eligible deployment for model "${model}": ${lacks.join('; ')}. ` +
    'Ask for a task that does not need this, or configure an endpoint that has it'
  );
}
