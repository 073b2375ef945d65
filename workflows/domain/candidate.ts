/** Who might serve a task: what the catalog sells of its model, and what an operator has configured of it. */
import type { Catalog, ContractTerm, IsoDate, Moment, Offering, Place, Product, Surface } from './catalog.ts';
import { catalogKey, offeringId, PARTITIONS, unknownOffering } from './catalog.ts';
import { dayStartMs, factAt } from './fact-in-force.ts';
import { productOf } from './managed-service.ts';
import type { DatedPrices, Price } from './price.ts';
import { priceAt } from './price.ts';
import type { Capability, Deployment } from './route.ts';
import type { Entitlement, TenantPolicy } from './tenant-policy.ts';

/** What a task asks of whoever serves it. */
export interface TaskNeed {
  readonly product: Product;
  readonly model: string;
  readonly capabilities: readonly Capability[];
  /** The most that one request is thought to have. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** How long the task may last. */
  readonly durationDays: number;
  /** Where its cache is warm; pinned: its state is there, and nowhere else. */
  readonly affinity?: { readonly offering: string; readonly isPinned: boolean };
}

/** A deployment, and where it is by its configuration. It is an operator's own evidence that the offering exists. */
export interface PlacedDeployment {
  readonly deployment: Deployment;
  readonly place: Place;
  /** What the operator says it costs, in place of the catalog's facts. */
  readonly ownPrices?: DatedPrices;
  /** What the operator says it can do, in place of the catalog's facts. */
  readonly ownCapabilities?: readonly Capability[];
}

export interface Candidate {
  readonly offering: Offering;
  readonly placed?: PlacedDeployment;
  /** 0: the model asked for; else its place among those that may stand in for it. */
  readonly substitute: number;
}

/** What a candidate is judged by. */
export interface Question {
  readonly catalog: Catalog;
  /** null: the catalog alone is asked, whatever is configured. */
  readonly deployments: readonly PlacedDeployment[] | null;
  readonly policy: TenantPolicy;
  readonly need: TaskNeed;
  readonly at: Moment;
}

/** The offering that a deployment is of; of one that no fact knows, what its surface says. */
export function candidateOf(
  { catalog, need }: Pick<Question, 'catalog' | 'need'>,
  placed: PlacedDeployment,
  substitute = 0,
): Candidate {
  const { model } = placed.deployment;
  const id = offeringId(placed.place.surface, placed.place.name, model);
  const sold = catalog.offerings.get(catalogKey(need.product, model)) ?? [];
  const known = sold.find((offering) => offering.id === id) ?? unknownOffering(surfaceOf(catalog, placed), placed.place, model);
  return { offering: { ...known, place: placed.place }, placed, substitute };
}

/** Every offering of the model and of those that may stand in, every deployment of them, and every place that sells it to nobody's knowledge. */
export function candidatesOf({ catalog, deployments, policy, need }: Question): readonly Candidate[] {
  const models = [need.model, ...standInsOf(policy, need.model)];
  const candidates = models.flatMap((model, substitute) => {
    const placed = (deployments ?? []).filter(
      ({ deployment }) => deployment.model === model && productOf(deployment) === need.product,
    );
    const configured = placed.map((each) => candidateOf({ catalog, need }, each, substitute));
    const taken = new Set(configured.map(({ offering }) => offering.id));
    const sold = (catalog.offerings.get(catalogKey(need.product, model)) ?? []).filter(({ id }) => !taken.has(id));
    return [...configured, ...sold.map((offering) => ({ offering, substitute }))];
  });
  return [...candidates, ...silentPlaces(catalog, need, new Set(candidates.map(({ offering }) => offering.id)))];
}

/** Models that may answer in place of this one, best first. */
export function standInsOf({ substitution }: TenantPolicy, model: string): readonly string[] {
  return (Object.hasOwn(substitution, model) ? substitution[model] : undefined) ?? [];
}

/** Places that sell the product, of which no fact says that they sell this model. */
function silentPlaces(catalog: Catalog, { product, model }: TaskNeed, known: ReadonlySet<string>): readonly Candidate[] {
  const silent: Candidate[] = [];
  for (const { surface, place, prefix } of placesOf(catalog, product)) {
    if (!known.has(prefix + model)) silent.push({ offering: unknownOffering(surface, place, model), substitute: 0 });
  }
  return silent;
}

interface SellingPlace {
  readonly surface: Surface;
  readonly place: Place;
  /** Of the ids of its offerings. */
  readonly prefix: string;
}

/** Every decision walks over all places of its product, so they are laid out once for each catalog, which never changes. */
const PLACES = new WeakMap<Catalog, Map<Product, readonly SellingPlace[]>>();

function placesOf(catalog: Catalog, product: Product): readonly SellingPlace[] {
  let byProduct = PLACES.get(catalog);
  if (byProduct === undefined) {
    const open = [...catalog.surfaces.values()].filter(({ isClosed }) => isClosed !== true);
    const all = open.flatMap((surface) =>
      Object.values(surface.places).map((place) => ({ surface, place, prefix: offeringId(surface.id, place.name, '') })),
    );
    // In the order of ids, in which decisions tell them.
    const sorted = all.toSorted((left, right) => (left.prefix < right.prefix ? -1 : 1));
    byProduct = Map.groupBy(sorted, ({ surface }) => surface.product);
    PLACES.set(catalog, byProduct);
  }
  return byProduct.get(product) ?? [];
}

/** A surface that the catalog does not have is one of which nothing is known. */
function surfaceOf(catalog: Catalog, { place, deployment }: PlacedDeployment): Surface {
  const nothing = {
    places: {},
    regions: {},
    failureDomains: [],
    capabilities: {},
    compliance: {},
    retention: [],
    entitlement: [],
  };
  return (
    catalog.surfaces.get(place.surface) ?? {
      ...nothing,
      id: place.surface,
      seller: deployment.cloud,
      partition: PARTITIONS.find((partition) => place.surface.split('/')[1] === partition) ?? 'commercial',
      product: productOf(deployment),
      apis: [],
      state: 'transcript-replay',
      quota: 'unpublished',
      commitmentPools: [],
      recommendation: 9,
    }
  );
}

/** What one request costs per token there; undefined: not known. */
export function priceOf({ offering, placed }: Candidate, at: Moment): Price | undefined {
  if (placed?.ownPrices !== undefined) return priceAt(placed.ownPrices, dayStartMs(at.asOf));
  return factAt(offering.price, at)?.value;
}

/** What the tenant has been granted there: all that holds on that day together, and what begins next. */
export function grantOf({ offering }: Candidate, { entitlements }: TenantPolicy, { asOf }: Moment) {
  const own = entitlements.filter(({ offering: pattern, to }) => (to === null || asOf < to) && matches(pattern, offering.id));
  if (own.length === 0) return {};
  const now = own.filter(({ from }) => from <= asOf);
  const next = own.filter(({ from }) => from > asOf).toSorted((left, right) => (left.from < right.from ? -1 : 1))[0];
  return { ...(now.length === 0 ? {} : { now: sumUp(now) }), ...(next === undefined ? {} : { next }) };
}

/** Of several quotas the smallest is kept to: nobody says that they add up. */
function sumUp(entitlements: readonly Entitlement[]): Pick<Entitlement, 'tokensPerMinute' | 'zeroRetention'> {
  const quota = Math.min(...entitlements.map(({ tokensPerMinute = Infinity }) => tokensPerMinute));
  return {
    ...(quota === Infinity ? {} : { tokensPerMinute: quota }),
    ...(entitlements.some(({ zeroRetention }) => zeroRetention === true) ? { zeroRetention: true } : {}),
  };
}

/** The contract that says whose offerings come first, when one binds on that day. */
export function firstShipTerm({ terms }: Pick<Catalog, 'terms'>, asOf: IsoDate): ContractTerm | undefined {
  return terms.find(({ kind, from, to }) => kind === 'first-ship' && from <= asOf && (to === null || asOf < to));
}

/** Whether the text is the pattern, in which `*` stands for any text. */
export function matches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern === text;
  const last = rest.at(-1) ?? '';
  if (!text.startsWith(first)) return false;
  let from = first.length;
  for (const part of rest.slice(0, -1)) {
    const found = text.indexOf(part, from);
    if (found === -1) return false;
    from = found + part.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}
