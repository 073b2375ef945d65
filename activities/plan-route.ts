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
import type { Cloud, Deployment, Route } from '../workflows/domain/route.ts';
import type { RouteHealth } from '../workflows/domain/route-health.ts';
import { DEFAULT_TENANT } from '../workflows/domain/task-queues.ts';
import type { TurnPolicy } from '../workflows/domain/turn-policy.ts';
import { DEFAULT_TURN_POLICY } from '../workflows/domain/turn-policy.ts';
import { toActivityFailure } from './failures.ts';
import type { AttemptGate } from './health/attempt-gate.ts';

export interface PlanRouteDependencies {
  readonly gate: Pick<AttemptGate, 'snapshot'>;
  readonly deployments: readonly Deployment[];
  /** Of those whose price changes while the worker runs; of the others the deployment's own holds. */
  readonly prices?: ReadonlyMap<DeploymentId, DatedPrices>;
  /** The configured tenants; `default` needs no entry. */
  readonly tenants: readonly PlannedTenant[];
}

/** What a tenant's configuration says of its routes and turns. */
export interface PlannedTenant {
  readonly name: string;
  readonly cloudOrder: readonly Cloud[];
  readonly hourUsdMicros?: number;
  /** What its tasks may use up when they don't say it themselves. */
  readonly budget?: TaskBudget;
  /** Endpoints that may take a turn after a content filter. */
  readonly afterContentFilter?: readonly string[];
}

/** The activity `planRoute`: who may serve a task, best first. Fails for good when nobody may. */
export function createPlanRoute({ deployments, gate, prices, tenants }: PlanRouteDependencies) {
  return async (input: PlanRouteInput): Promise<PlanRouteResult> => {
    const tenant = findTenant(tenants, input.tenant);
    const policy: TenantPolicy = { tenant: input.tenant, cloudOrder: tenant?.cloudOrder ?? [] };
    const need = { product: 'model', model: input.model, capabilities: [...new Set(input.needs)] } as const;
    const { eligible, ...decision } = decideEligibility(deployments, policy, need);
    if (eligible.length === 0) {
      const message = whyNobody(input, deployments, decision);
      throw ApplicationFailure.nonRetryable(message, 'NotEligible', decision);
    }
    const route = toRoute(
      input.model,
      eligible.map(({ deployment }) => toPriced(deployment, prices?.get(deployment.id))),
      tenant,
    );
    const health = await healthOf(gate, input.model);
    return {
      route,
      decision,
      policy: { ...DEFAULT_TURN_POLICY, ...hourOf(tenant) },
      ...(health === undefined ? {} : { health }),
      ...(tenant?.budget === undefined ? {} : { budget: tenant.budget }),
    };
  };
}

/** With what it costs now; later prices are charged when their day has come. */
function toPriced(deployment: Deployment, dated: DatedPrices | undefined): Deployment {
  return dated === undefined ? deployment : { ...deployment, price: priceAt(dated, Date.now()) };
}

/** Only eligible deployments: a policy that names an endpoint does not make it serve the model. */
function toRoute(model: string, deployments: readonly Deployment[], tenant: PlannedTenant | undefined): Route {
  const named = deployments.filter(({ endpoint }) => tenant?.afterContentFilter?.includes(endpoint) === true);
  return { model, deployments, ...(named.length === 0 ? {} : { afterFilter: named.map(({ id }) => id) }) };
}

function hourOf(tenant: PlannedTenant | undefined): Partial<TurnPolicy> {
  return tenant?.hourUsdMicros === undefined ? {} : { hourUsdMicros: tenant.hourUsdMicros };
}

/** @throws ApplicationFailure that Temporal tries again when the store is away */
async function healthOf(gate: PlanRouteDependencies['gate'], model: string): Promise<RouteHealth | undefined> {
  try {
    return await gate.snapshot(model);
  } catch (error) {
    throw toActivityFailure(error);
  }
}

function findTenant(tenants: PlanRouteDependencies['tenants'], tenant: string): PlannedTenant | undefined {
  const found = tenants.find(({ name }) => name === tenant);
  if (found === undefined && tenant !== DEFAULT_TENANT) {
    const names = nearestNames(tenant, [DEFAULT_TENANT, ...tenants.map(({ name }) => name)]).join(', ');
    throw ApplicationFailure.nonRetryable(
      `unknown tenant "${tenant}": use one that is configured (nearest: ${names}), or add it under tenants in the configuration`,
      'UnknownTenant',
    );
  }
  return found;
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
