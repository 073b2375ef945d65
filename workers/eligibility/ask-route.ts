/** From the arguments of `anyport route` and the configuration to a decision. Pure but for the clock, which is a parameter. */
import { InvalidArgumentError } from 'commander';
import { knownGeos } from '../../activities/catalog/known-geos.ts';
import { recordDecision } from '../../activities/eligibility/record-decision.ts';
import { policyOf } from '../../activities/eligibility/tenant-eligibility.ts';
import type { PlacedDeployment, TaskNeed } from '../../workflows/domain/candidate.ts';
import type { Catalog, Product, Seller } from '../../workflows/domain/catalog.ts';
import { catalogKey, PRODUCTS, SELLERS } from '../../workflows/domain/catalog.ts';
import { nearestNames } from '../../workflows/domain/nearest-names.ts';
import type { Capability } from '../../workflows/domain/route.ts';
import { CAPABILITIES } from '../../workflows/domain/route.ts';
import { DEFAULT_TENANT } from '../../workflows/domain/task-queues.ts';
import type { FailoverKind, TaskPolicy, TenantPolicy } from '../../workflows/domain/tenant-policy.ts';
import { narrowPolicy } from '../../workflows/domain/tenant-policy.ts';
import type { AnyportConfig } from '../anyport-config.ts';
import type { Asked } from './describe-decision.ts';
import type { MomentFlags } from './moment-options.ts';
import { toMoment } from './moment-options.ts';
import { WrongUse } from './run-command.ts';

export interface RouteFlags extends MomentFlags {
  readonly model: string;
  readonly product: Product;
  readonly tenant: string;
  readonly needs?: readonly Capability[];
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly days: number;
  readonly catalogOnly?: true;
  /** As `anyport run` has them: what the task asks beyond its tenant's policy. */
  readonly residency?: readonly string[];
  readonly clouds?: readonly Seller[];
  readonly failover?: FailoverKind;
  readonly zeroRetention?: true;
}

export interface AskedOf {
  readonly config: Pick<AnyportConfig, 'catalog' | 'tenants'>;
  readonly placed: readonly PlacedDeployment[];
  readonly nowMs: number;
}

/** @throws WrongUse for a tenant that is not configured */
export function askRoute(flags: RouteFlags, { config, placed, nowMs }: AskedOf): Asked {
  const { catalog: loaded } = config;
  const need: TaskNeed = {
    product: flags.product,
    model: flags.model,
    capabilities: flags.needs ?? [],
    inputTokens: flags.inputTokens,
    outputTokens: flags.outputTokens,
    durationDays: flags.days,
  };
  const catalogAlone = whyCatalogAlone(flags, placed);
  const inputs = {
    policy: narrowed(policyFor(config, flags.tenant), flags, loaded.catalog),
    need,
    at: toMoment(flags, loaded, nowMs),
    deployments: catalogAlone === undefined ? placed : null,
  };
  const decision = recordDecision(loaded, inputs);
  return { catalog: loaded.catalog, inputs, decision, ...(catalogAlone === undefined ? {} : { catalogAlone }) };
}

function whyCatalogAlone({ product, catalogOnly }: RouteFlags, placed: readonly PlacedDeployment[]): string | undefined {
  if (product !== 'model' && product !== 'managed-agent')
    return `endpoints serve models and managed agents, none serves ${product}`;
  if (catalogOnly === true) return 'as --catalog-only says';
  return placed.length === 0 ? 'no endpoint is configured' : undefined;
}

/** @throws WrongUse for what the tenant does not allow, or a place that nobody knows */
function narrowed(tenant: TenantPolicy, flags: RouteFlags, catalog: Catalog): TenantPolicy {
  const { residency, clouds, failover, zeroRetention } = flags;
  const known = knownGeos(catalog);
  const unknown = residency?.find((geo) => !known.has(geo));
  if (unknown !== undefined) {
    throw new WrongUse(`--residency: nobody knows "${unknown}" (nearest: ${nearestNames(unknown, [...known]).join(', ')})`);
  }
  const task: TaskPolicy = {
    ...(residency === undefined ? {} : { residency: { processing: residency, storage: residency } }),
    ...(clouds === undefined ? {} : { clouds }),
    ...(failover === undefined ? {} : { failover }),
    ...(zeroRetention === undefined ? {} : { zeroRetention }),
  };
  const { policy, widenings } = narrowPolicy(tenant, task, flags.product);
  if (widenings.length === 0) return policy;
  throw new WrongUse(`a task may only narrow its tenant's policy: ${widenings.join('; ')}`);
}

export function parseList(text: string): readonly string[] {
  return text.split(',').map((geo) => geo.trim());
}

export function parseClouds(text: string): readonly Seller[] {
  return parseList(text).map((name) => {
    const found = SELLERS.find((seller) => seller === name);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`There is no cloud "${name}" (nearest: ${nearestNames(name, SELLERS).join(', ')}).`);
  });
}

function policyFor({ tenants }: Pick<AnyportConfig, 'tenants'>, name: string): TenantPolicy {
  const policy = policyOf({ policies: tenants.map((tenant) => tenant.policy) }, name);
  if (policy !== undefined) return policy;
  const names = [...new Set([DEFAULT_TENANT, ...tenants.map((tenant) => tenant.name)])];
  const nearest = nearestNames(name, names).join(', ');
  throw new WrongUse(`there is no tenant "${name}": use one that is there (nearest: ${nearest}), or add it under tenants`);
}

/** What is to be said of a name that nobody knows, or knows for other products; undefined: it is known. */
export function whyUnknownModel({ catalog, inputs: { need, deployments } }: Asked): string | undefined {
  const configured = (deployments ?? []).map(({ deployment }) => deployment.model);
  const offerings = [...catalog.offerings.values()].flat();
  if (configured.includes(need.model) || catalog.offerings.has(catalogKey(need.product, need.model))) return undefined;
  const sold = PRODUCTS.filter((product) => catalog.offerings.has(catalogKey(product, need.model)));
  if (sold.length > 0) return `${need.model} is not known as ${need.product}: it is known as ${sold.join(', ')}`;
  const known = offerings.filter(({ surface }) => surface.product === need.product).map(({ model }) => model);
  const nearest = nearestNames(need.model, [...configured, ...known]).join(', ');
  return `no fact and no endpoint knows a model "${need.model}": check its name (nearest: ${nearest})`;
}

export function parseNeeds(text: string): readonly Capability[] {
  const needs = text.split(',').map((name) => {
    const found = CAPABILITIES.find((capability) => capability === name.trim());
    if (found !== undefined) return found;
    const nearest = nearestNames(name.trim(), CAPABILITIES).join(', ');
    throw new InvalidArgumentError(`There is no capability "${name.trim()}" (nearest: ${nearest}).`);
  });
  return [...new Set(needs)].toSorted();
}

export function parseTokens(text: string): number {
  return parseWhole(text, 0);
}

export function parseDays(text: string): number {
  return parseWhole(text, 1);
}

function parseWhole(text: string, least: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw new InvalidArgumentError(`It must be a whole number, ${least} or more.`);
}
