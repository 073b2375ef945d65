/** Offerings of a small catalog that may serve on `NOW`; a test names only what it is about. */
import type { Candidate, PlacedDeployment, Question, TaskNeed } from '../../workflows/domain/candidate.ts';
import type { Catalog, ContractTerm, Fact, Moment, Offering, Place, Source, Surface } from '../../workflows/domain/catalog.ts';
import { catalogKey, offeringId } from '../../workflows/domain/catalog.ts';
import { judge } from '../../workflows/domain/eligibility.ts';
import { toDeploymentId } from '../../workflows/domain/ids.ts';
import type { Reason, ReasonCode } from '../../workflows/domain/reason.ts';
import type { DatedPrices } from '../../workflows/domain/price.ts';
import type { Capability, Deployment } from '../../workflows/domain/route.ts';
import type { TenantPolicy } from '../../workflows/domain/tenant-policy.ts';
import { defaultPolicy } from '../../workflows/domain/tenant-policy.ts';
import { aDeployment, MODEL } from './builders.ts';

export const TODAY = '2026-11-22';
export const NOW: Moment = { asOf: TODAY, knownAt: '2026-11-22T12:00:00.000Z' };

export function aSource(overrides: Partial<Source> = {}): Source {
  return { url: 'https://example.com/models', seenOn: '2026-11-20', evidence: 'vendor-doc', ...overrides };
}

/** Believed since long ago, true since the year began, looked at two days before `NOW`. */
export function aFact<Value>(value: Value, overrides: Partial<Fact<Value>> = {}): Fact<Value> {
  const from = overrides.from ?? '2026-01-01';
  return {
    id: `fact@${from}`,
    value,
    from,
    to: null,
    recordedAt: '2026-01-01T00:00:00.000Z',
    supersededAt: null,
    verifiedOn: '2026-11-20',
    sources: [aSource()],
    by: 'catalog',
    ...overrides,
  };
}

export function aPlace(overrides: Partial<Place> = {}): Place {
  return {
    surface: 'azure/commercial/foundry',
    name: 'eastus2',
    scope: 'in-region',
    processing: ['us'],
    storage: ['us'],
    failureDomains: ['identity:entra', 'region:eastus2'],
    ...overrides,
  };
}

/** One place unless others are given, named `eastus2`. */
export function aSurface(overrides: Partial<Surface> = {}): Surface {
  const { seller = 'azure', partition = 'commercial' } = overrides;
  const id = overrides.id ?? `${seller}/${partition}/foundry`;
  return {
    id,
    seller,
    partition,
    product: 'model',
    apis: ['responses'],
    state: 'transcript-replay',
    quota: 'unpublished',
    commitmentPools: [],
    recommendation: 0,
    places: { eastus2: aPlace({ surface: id }) },
    regions: {},
    failureDomains: [],
    capabilities: {},
    compliance: {},
    retention: [],
    entitlement: [],
    ...overrides,
  };
}

/** Generally available to everybody; at the first place of its surface. */
export function anOffering(overrides: Partial<Offering> = {}): Offering {
  const { model = MODEL, surface = aSurface() } = overrides;
  const { place = Object.values(surface.places)[0] ?? aPlace({ surface: surface.id }) } = overrides;
  return {
    id: offeringId(surface.id, place.name, model),
    model,
    wireModel: null,
    surface,
    place,
    stage: [aFact('ga')],
    entitlement: [aFact('open')],
    limits: [],
    price: [],
    retirement: [],
    capabilities: surface.capabilities,
    ...overrides,
  };
}

/** Its surfaces are those of the offerings, and these. */
export function aCatalog({
  offerings = [anOffering()],
  surfaces = [],
  terms = [],
}: {
  readonly offerings?: readonly Offering[];
  readonly surfaces?: readonly Surface[];
  readonly terms?: readonly ContractTerm[];
} = {}): Catalog {
  const all = [...offerings.map(({ surface }) => surface), ...surfaces];
  return {
    surfaces: new Map(all.map((surface) => [surface.id, surface])),
    offerings: Map.groupBy(offerings, ({ surface, model }) => catalogKey(surface.product, model)),
    terms,
  };
}

export function aTerm(overrides: Partial<ContractTerm> = {}): ContractTerm {
  return {
    id: 'first-ship-2026',
    kind: 'first-ship',
    parties: ['openai', 'microsoft'],
    from: '2026-04-27',
    to: null,
    statement: 'Azure has it first.',
    favours: 'azure',
    sources: [aSource()],
    ...overrides,
  };
}

export interface Asked {
  readonly policy?: Partial<TenantPolicy>;
  readonly need?: Partial<TaskNeed>;
  readonly at?: Partial<Moment>;
  readonly deployments?: Question['deployments'];
  readonly catalog?: Catalog;
}

/** Of the default policy, for a small task of one day; of the catalog alone, whatever is configured. */
export function aQuestion({ policy, need, at, deployments = null, catalog = aCatalog() }: Asked = {}): Question {
  return {
    catalog,
    deployments,
    policy: { ...defaultPolicy('default'), ...policy },
    need: {
      product: 'model',
      model: MODEL,
      capabilities: [],
      inputTokens: 1_000,
      outputTokens: 100,
      durationDays: 1,
      ...need,
    },
    at: { ...NOW, ...at },
  };
}

/** At the place `eastus2` of Azure, which `anOffering` is at as well, unless another place is given. */
export function aPlacedDeployment({
  deployment = {},
  place = aPlace(),
  ownPrices,
  ownCapabilities,
}: {
  readonly deployment?: Partial<Deployment>;
  readonly place?: Place;
  readonly ownPrices?: DatedPrices;
  readonly ownCapabilities?: readonly Capability[];
} = {}): PlacedDeployment {
  const { endpoint = 'azure-eastus2', model = MODEL } = deployment;
  return {
    deployment: aDeployment({ id: toDeploymentId(endpoint, model), ...deployment }),
    place,
    ...(ownPrices === undefined ? {} : { ownPrices }),
    ...(ownCapabilities === undefined ? {} : { ownCapabilities }),
  };
}

/** Everything that is said of this offering alone, when it is asked like this; `placed`: by an endpoint that is configured there. */
export function reasonsFor(
  offering: Partial<Offering>,
  { placed, ...asked }: Asked & { readonly placed?: PlacedDeployment } = {},
): readonly Reason[] {
  const candidate: Candidate = { offering: anOffering(offering), substitute: 0, ...(placed === undefined ? {} : { placed }) };
  return judge(aQuestion({ catalog: aCatalog({ offerings: [candidate.offering] }), ...asked }), candidate);
}

export function codesOf(reasons: readonly Reason[]): readonly ReasonCode[] {
  return reasons.map(({ code }) => code);
}
