import { ApplicationFailure } from '@temporalio/common';
import type { PlanRouteInput, PlanRouteResult, RouteDecision } from '../workflows/activity-interfaces.ts';
import type { ApprovalPolicy } from '../workflows/domain/approval.ts';
import type { TaskBudget } from '../workflows/domain/budget.ts';
import type { PlacedDeployment, Question, TaskNeed } from '../workflows/domain/candidate.ts';
import { candidateOf } from '../workflows/domain/candidate.ts';
import type { ExcludedOffering } from '../workflows/domain/eligibility.ts';
import { routeOf } from '../workflows/domain/eligibility.ts';
import { factAt } from '../workflows/domain/fact-in-force.ts';
import type { DeploymentId } from '../workflows/domain/ids.ts';
import { nearestNames } from '../workflows/domain/nearest-names.ts';
import type { DatedPrices } from '../workflows/domain/price.ts';
import { priceAt } from '../workflows/domain/price.ts';
import { isHard } from '../workflows/domain/reason.ts';
import type { Deployment, Route } from '../workflows/domain/route.ts';
import { DEFAULT_TENANT } from '../workflows/domain/task-queues.ts';
import type { TaskPolicy, TenantPolicy } from '../workflows/domain/tenant-policy.ts';
import { narrowPolicy } from '../workflows/domain/tenant-policy.ts';
import type { TurnPolicy } from '../workflows/domain/turn-policy.ts';
import { DEFAULT_TURN_POLICY } from '../workflows/domain/turn-policy.ts';
import { knownGeos } from './catalog/known-geos.ts';
import { createDecisionArchive } from './eligibility/decision-archive.ts';
import { needOf } from './eligibility/need-of.ts';
import type { RecordedDecision } from './eligibility/record-decision.ts';
import { recordDecision } from './eligibility/record-decision.ts';
import type { EligibilityFacts } from './eligibility/tenant-eligibility.ts';
import { momentOf, policyOf } from './eligibility/tenant-eligibility.ts';
import { whyNobody } from './eligibility/why-nobody.ts';
import { toActivityFailure } from './failures.ts';
import type { AttemptGate } from './health/attempt-gate.ts';
import type { TaskStore } from './store/task-store.ts';

export interface PlanRouteDependencies {
  readonly gate: Pick<AttemptGate, 'snapshot'>;
  readonly store: Pick<TaskStore, 'readShared' | 'compareAndSetShared'>;
  readonly eligibility: EligibilityFacts;
  /** Of those whose price changes while the worker runs; of the others the deployment's own holds. */
  readonly prices?: ReadonlyMap<DeploymentId, DatedPrices>;
  /** The configured tenants; `default` needs no entry. */
  readonly tenants: readonly PlannedTenant[];
}

/** What a tenant's configuration says of its tasks' turns. */
export interface PlannedTenant {
  readonly name: string;
  readonly hourUsdMicros?: number;
  /** What its tasks may use up when they don't say it themselves. */
  readonly budget?: TaskBudget;
  /** Endpoints that may take a turn after a content filter. */
  readonly afterContentFilter?: readonly string[];
  /** What a person is asked about; absent: nothing. */
  readonly approvals?: ApprovalPolicy;
}

/** The activity `planRoute`: who may serve a task, best first. Fails for good when nobody may. */
export function createPlanRoute({ eligibility, gate, prices, store, tenants }: PlanRouteDependencies) {
  const archive = createDecisionArchive(store);
  return async (input: PlanRouteInput): Promise<PlanRouteResult> => {
    const tenant = tenants.find(({ name }) => name === input.tenant);
    const need = needOf(input);
    const policy = policyFor(eligibility, input, need);
    const inputs = { policy, need, at: momentOf(eligibility, Date.now()), deployments: eligibility.placed };
    const decision = recordDecision(eligibility.loaded, inputs);
    await orRetry(() => archive.keep(eligibility.loaded, { inputs, decision }));
    const planned = toRoute(decision, { eligibility, prices, need, at: inputs.at });
    if (planned.length === 0) {
      const message = whyNobody({ decision, need, tenant: input.tenant, eligibility });
      throw ApplicationFailure.nonRetryable(message, 'NotEligible', toCompact(decision));
    }
    const health = await orRetry(() => gate.snapshot(input.model));
    return {
      route: withFilterRoute({ model: input.model, deployments: planned }, tenant),
      decision: toCompact(decision),
      policy: { ...DEFAULT_TURN_POLICY, ...hourOf(tenant) },
      ...(health === undefined ? {} : { health }),
      ...(tenant?.budget === undefined ? {} : { budget: tenant.budget }),
    };
  };
}

/** @throws ApplicationFailure for an unknown tenant, or for a task that asks for more than its tenant allows */
function policyFor(eligibility: EligibilityFacts, input: PlanRouteInput, { product }: TaskNeed): TenantPolicy {
  const tenant = policyOf(eligibility, input.tenant);
  if (tenant === undefined) {
    const names = nearestNames(input.tenant, [DEFAULT_TENANT, ...eligibility.policies.map(({ tenant: name }) => name)]).join(
      ', ',
    );
    const remedy = `use one that is configured (nearest: ${names}), or add it under tenants in the configuration`;
    throw ApplicationFailure.nonRetryable(`unknown tenant "${input.tenant}": ${remedy}`, 'UnknownTenant');
  }
  const { policy, widenings } = narrowPolicy(tenant, input.policy ?? {}, product);
  const problems = [...unknownGeos(eligibility, input.policy), ...widenings];
  if (problems.length === 0) return policy;
  const message = `the task's policy asks for what its tenant "${input.tenant}" does not allow: ${problems.join('; ')}`;
  const remedy = "A task may only narrow its tenant's policy: leave this out, or change the tenant's";
  throw ApplicationFailure.nonRetryable(`${message}. ${remedy}`, 'PolicyRefused');
}

/** A place that nobody knows is a slip of the pen: nothing would be within it. */
function unknownGeos({ loaded }: EligibilityFacts, { residency }: TaskPolicy = {}): readonly string[] {
  const known = knownGeos(loaded.catalog);
  const asked = new Set([...(residency?.processing ?? []), ...(residency?.storage ?? [])]);
  return [...asked]
    .filter((geo) => !known.has(geo))
    .map((geo) => `residency: nobody knows "${geo}" (nearest: ${nearestNames(geo, [...known]).join(', ')})`);
}

interface RouteFacts extends Pick<Question, 'need' | 'at'> {
  readonly eligibility: EligibilityFacts;
  readonly prices: PlanRouteDependencies['prices'];
}

/** What may be called, best first, with what it costs now; later prices are charged when their day has come. */
function toRoute(decision: RecordedDecision, facts: RouteFacts): readonly Deployment[] {
  const { eligibility, prices } = facts;
  return routeOf(decision).flatMap(({ deploymentId }) => {
    const placed = eligibility.placed.find(({ deployment }) => deployment.id === deploymentId);
    const dated = deploymentId === undefined ? undefined : prices?.get(deploymentId);
    if (placed === undefined) return [];
    const found = { ...placed.deployment, ...windowOf(placed, facts) };
    return [dated === undefined ? found : { ...found, price: priceAt(dated, Date.now()) }];
  });
}

/**
 * By the catalog, or by what an operator added to it. A service of managed agents keeps its sessions within their window by itself, and
 * tells the tokens of all that a turn called, which say nothing of how full it is.
 */
function windowOf(placed: PlacedDeployment, { eligibility, need, at }: RouteFacts): Pick<Deployment, 'contextWindow'> {
  if (placed.deployment.service !== undefined) return {};
  const { offering } = candidateOf({ catalog: eligibility.loaded.catalog, need }, placed);
  const contextWindow = factAt(offering.limits, at)?.value.contextTokens;
  return contextWindow === undefined ? {} : { contextWindow };
}

/** Only eligible deployments: a policy that names an endpoint does not make it serve the model. */
function withFilterRoute(route: Route, tenant: PlannedTenant | undefined): Route {
  const named = route.deployments.filter(({ endpoint }) => tenant?.afterContentFilter?.includes(endpoint) === true);
  return { ...route, ...(named.length === 0 ? {} : { afterFilter: named.map(({ id }) => id) }) };
}

/** For history: ids and codes. From what the task store keeps under its id the whole decision can be made again. */
function toCompact(decision: RecordedDecision): RouteDecision {
  const { id, outcome, asOf, knownAt, catalogDigest, policyDigest, engineVersion, eligible, excluded } = decision;
  const against = excluded.map(({ reasons, ...name }) => ({ ...name, reasons: reasons.filter(isHard) }));
  const warned = eligible.filter(({ warnings }) => warnings.length > 0);
  return {
    id,
    outcome,
    asOf,
    knownAt,
    catalogDigest,
    policyDigest,
    engineVersion,
    excluded: byName(against.filter(({ deploymentId }) => deploymentId !== undefined)),
    notConfigured: byName(against.filter(({ deploymentId }) => deploymentId === undefined)),
    ...(warned.length === 0 ? {} : { warnings: byName(warned.map(({ warnings, ...name }) => ({ ...name, reasons: warnings }))) }),
  };
}

function byName(judged: readonly ExcludedOffering[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    judged.map(({ deploymentId, offeringId, reasons }) => [
      deploymentId ?? offeringId,
      [...new Set(reasons.map(({ code }) => code))].join(' '),
    ]),
  );
}

function hourOf(tenant: PlannedTenant | undefined): Partial<TurnPolicy> {
  return tenant?.hourUsdMicros === undefined ? {} : { hourUsdMicros: tenant.hourUsdMicros };
}

/** @throws ApplicationFailure that Temporal tries again when the store is away */
async function orRetry<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw toActivityFailure(error);
  }
}
