/** Any catalog, policy, task and moment, close enough to each other that some offerings may serve and some may not. */
import fc from 'fast-check';
import type { PlacedDeployment, TaskNeed } from '../../workflows/domain/candidate.ts';
import type { Catalog, ContractTerm, Fact, Offering, Place, Surface } from '../../workflows/domain/catalog.ts';
import {
  COMPLIANCE_PROGRAMS,
  ENTITLEMENTS,
  EVIDENCE,
  offeringId,
  PARTITIONS,
  PRODUCTS,
  SCOPES,
  STAGES,
  TRI,
  ZERO_RETENTION,
} from '../../workflows/domain/catalog.ts';
import { toDeploymentId } from '../../workflows/domain/ids.ts';
import type { Capability } from '../../workflows/domain/route.ts';
import type { Entitlement, TaskPolicy, TenantPolicy } from '../../workflows/domain/tenant-policy.ts';
import { defaultPolicy, FAILOVER_KINDS, LEAST_STAGES } from '../../workflows/domain/tenant-policy.ts';
import { aDeployment, MODEL, pricesOf } from '../support/builders.ts';
import { aCatalog, aFact, anOffering, aPlace, aSource, aSurface, aTerm, NOW } from '../support/catalog-builders.ts';

/** What a catalog is put together from, so that it can be put together in another order. */
export interface Parts {
  readonly surfaces: readonly Surface[];
  readonly offerings: readonly Offering[];
  readonly terms: readonly ContractTerm[];
}

const SOLD_BY = ['openai', 'azure', 'aws', 'google', 'snowflake'] as const;
const PLACES = ['one', 'two'] as const;
const SUBSTITUTE = 'gpt-6-luna';
const CAPABILITIES = ['streaming', 'tools', 'background'] as const satisfies readonly Capability[];
const PROGRAMS = COMPLIANCE_PROGRAMS.slice(0, 2);

/** So that a random question has something to choose from: most of it is plain. */
function mostly<Plain, Other>(plain: Plain, other: fc.Arbitrary<Other>, weight = 16): fc.Arbitrary<Plain | Other> {
  return fc.oneof({ weight, arbitrary: fc.constant(plain) }, { weight: 1, arbitrary: other });
}

const day = fc.constantFrom('2026-01-01', '2026-11-01', '2026-11-21', '2026-11-22', '2026-11-23', '2027-01-01');
const time = day.map((each) => `${each}T00:00:00.000Z`);
export const moment = fc.record({ asOf: mostly(NOW.asOf, day), knownAt: mostly(NOW.knownAt, time) });

const geo = fc.constantFrom('us', 'eu', 'se', 'apac', 'jp', 'gb', '*');
const someGeos = fc.array(geo, { minLength: 1, maxLength: 3 });

/** Mostly one that holds. */
function factsOf<Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<readonly Fact<Value>[]> {
  const fact = fc
    .record({
      value,
      from: mostly('2025-01-01', fc.constantFrom('2025-06-01', '2026-11-22', '2026-11-30')),
      to: mostly(null, fc.constant('2026-12-24')),
      recordedAt: mostly('2025-01-01T00:00:00.000Z', fc.constant('2026-11-20T00:00:00.000Z')),
      verifiedOn: mostly('2026-11-20', fc.constant('2026-08-01')),
      evidence: mostly('vendor-doc' as const, fc.constantFrom(...EVIDENCE)),
      by: mostly('catalog' as const, fc.constant('operator' as const)),
    })
    .map(({ evidence, ...fields }) => aFact(fields.value, { ...fields, sources: [aSource({ evidence })] }));
  return fc.oneof({ weight: 12, arbitrary: fc.tuple(fact) }, { weight: 1, arbitrary: fc.array(fact, { maxLength: 2 }) });
}

const usdMicros = fc.constantFrom(0, 1_000_000, 2_000_000, 10_000_000);
const price = fc.record({
  inputUsdMicrosPerMillion: usdMicros,
  cachedInputUsdMicrosPerMillion: usdMicros,
  outputUsdMicrosPerMillion: usdMicros,
});

function placeOf(surface: string, name: string): fc.Arbitrary<Place> {
  return fc
    .record({
      scope: fc.constantFrom(...SCOPES),
      processing: fc.oneof(mostly(['us'], fc.constant([]), 3), someGeos),
      storage: fc.oneof(mostly('chosen' as const, fc.constant([]), 3), someGeos),
      failureDomains: fc.subarray(['cloud:a', 'cloud:b', 'region:c']),
    })
    .map((fields) => aPlace({ surface, name, ...fields }));
}

function surfaceOf(seller: Surface['seller']): fc.Arbitrary<Surface> {
  return mostly('commercial' as const, fc.constantFrom(...PARTITIONS)).chain((partition) => {
    const id = `${seller}/${partition}/api`;
    return fc
      .record({
        product: mostly('model' as const, fc.constantFrom(...PRODUCTS)),
        places: fc.tuple(...PLACES.map((name) => placeOf(id, name))),
        recommendation: fc.nat(2),
        tools: factsOf(fc.constantFrom(...TRI)),
        entitlement: factsOf(mostly('open' as const, fc.constantFrom(...ENTITLEMENTS))),
        compliance: fc.tuple(...PROGRAMS.map(() => factsOf(fc.constantFrom(...TRI)))),
        retention: factsOf(
          fc.record({
            zeroRetention: fc.constantFrom(...ZERO_RETENTION),
            defaultDays: fc.constant(30),
            flaggedDays: fc.constantFrom(null, 0, 30),
            blocks: fc.subarray([...CAPABILITIES]),
          }),
        ),
      })
      .map(({ places, tools, compliance, ...fields }) =>
        aSurface({
          ...fields,
          id,
          seller,
          partition,
          places: Object.fromEntries(places.map((place) => [place.name, place])),
          capabilities: { streaming: [aFact('yes')], tools },
          compliance: Object.fromEntries(PROGRAMS.map((program, index) => [program, compliance[index] ?? []])),
          ...(seller === 'snowflake' ? { upstream: 'aws' as const } : {}),
        }),
      );
  });
}

function offeringAt(surface: Surface, place: Place, model: string): fc.Arbitrary<Offering> {
  return fc
    .record({
      stage: factsOf(mostly('ga' as const, fc.constantFrom(...STAGES))),
      entitlement: factsOf(mostly('open' as const, fc.constantFrom(...ENTITLEMENTS))),
      limits: factsOf(fc.record({ contextTokens: mostly(272_000, fc.constant(500)), maxOutputTokens: fc.constant(10_000) })),
      price: factsOf(price),
      retirement: factsOf(fc.record({ shutdown: mostly('2028-01-01', fc.constantFrom('2026-11-21', '2026-11-25')) })),
    })
    .map((fields) => anOffering({ ...fields, surface, place, model }));
}

/** At most one surface of each seller, and each of its places sells each model or does not. */
export const parts: fc.Arbitrary<Parts> = fc
  .tuple(...SOLD_BY.map((seller) => surfaceOf(seller)))
  .chain((surfaces) => {
    const possible = surfaces.flatMap((surface) =>
      Object.values(surface.places).flatMap((place) => [MODEL, SUBSTITUTE].map((model) => offeringAt(surface, place, model))),
    );
    const sold = fc.tuple(...possible.map((offering) => fc.option(offering, { freq: 5 })));
    return sold.map((each) => ({ surfaces, offerings: each.filter((offering) => offering !== null) }));
  })
  .chain((built) =>
    fc
      .constantFrom<readonly ContractTerm[]>([], [aTerm()], [aTerm({ favours: 'aws', from: '2026-11-22' })])
      .map((terms) => ({ ...built, terms })),
  );

/** Of any of these places; what two sell under the same id has the same place. */
export function deploymentsAt({ surfaces }: Parts): fc.Arbitrary<readonly PlacedDeployment[]> {
  const places = surfaces.flatMap((surface) => Object.values(surface.places));
  const placed = fc.record({
    place: fc.constantFrom(...places),
    model: fc.constantFrom(MODEL, SUBSTITUTE),
    capabilities: fc.subarray([...CAPABILITIES], { minLength: 1 }),
    own: fc.boolean(),
    endpoint: fc.constantFrom('a', 'b', 'c', 'd'),
  });
  return fc.uniqueArray(placed, { maxLength: 6, selector: ({ endpoint, model }) => `${endpoint}/${model}` }).map((all) =>
    all.map(({ place, own, endpoint, model, capabilities }) => {
      const deployment = aDeployment({ id: toDeploymentId(endpoint, model), endpoint, model, capabilities });
      return { place, deployment, ...(own ? { ownPrices: pricesOf(deployment), ownCapabilities: capabilities } : {}) };
    }),
  );
}

export function catalogOf({ surfaces, offerings, terms }: Parts): Catalog {
  return aCatalog({ offerings, surfaces, terms });
}

const entitlement: fc.Arbitrary<Entitlement> = fc
  .record({ offering: fc.constantFrom('*', 'aws/*', '*/one/*', 'openai/*'), from: day, isZero: fc.boolean() })
  .map(({ isZero, ...fields }) => ({ ...fields, to: null, ...(isZero ? { zeroRetention: true } : {}) }));

const cap = mostly({}, fc.constantFrom({ inputUsdMicrosPerMillion: 2_000_000 }, { outputUsdMicrosPerMillion: 1_000_000 }));
const geosOrAny = mostly('*' as const, fc.oneof(fc.constant(['us']), someGeos), 3);
const seldom = mostly(false, fc.constant(true), 20);

export const policy: fc.Arbitrary<TenantPolicy> = fc
  .record({
    standardCloud: fc.constantFrom(null, ...SOLD_BY),
    strictStandard: seldom,
    cloudOrder: fc.oneof(fc.constant([]), fc.shuffledSubarray([...SOLD_BY])),
    clouds: mostly('*' as const, fc.subarray([...SOLD_BY], { minLength: 1 })),
    deny: mostly([], fc.subarray(['azure', 'aws', 'google/*', '*/two/*'])),
    allowResellers: fc.boolean(),
    partitions: mostly([...PARTITIONS], fc.subarray([...PARTITIONS], { minLength: 1 })),
    residency: fc.record({
      processing: geosOrAny,
      storage: geosOrAny,
      maxScope: mostly('global' as const, fc.constantFrom(...SCOPES)),
    }),
    compliance: mostly([], fc.subarray([...PROGRAMS])),
    zeroRetention: mostly(false, fc.constant(true), 9),
    maxFlaggedDays: mostly(null, fc.constantFrom(0, 30)),
    least: mostly('private-preview' as const, fc.constantFrom(...LEAST_STAGES)),
    minEvidence: mostly('inferred' as const, fc.constantFrom(...EVIDENCE)),
    onUnknown: fc.constantFrom('deny' as const, 'allow-with-warning' as const),
    entitlements: fc.array(entitlement, { maxLength: 2 }),
    substitution: fc.constantFrom({}, { [MODEL]: [SUBSTITUTE] }),
    priceCap: cap,
    failover: fc.constantFrom(...FAILOVER_KINDS),
  })
  .map(({ least, ...fields }) => {
    const minStage = { model: least, codex: least, 'codex-cloud': least, 'managed-agent': least };
    return { ...defaultPolicy('default'), ...fields, minStage };
  });

/** What a task may ask for, be it less or more than its tenant has. */
export const taskPolicy: fc.Arbitrary<TaskPolicy> = fc.record(
  {
    clouds: fc.subarray([...SOLD_BY], { minLength: 1 }),
    residency: fc.record({ processing: someGeos, storage: someGeos, maxScope: fc.constantFrom(...SCOPES) }, { requiredKeys: [] }),
    compliance: fc.subarray([...PROGRAMS]),
    zeroRetention: fc.constant(true as const),
    minStage: fc.constantFrom(...LEAST_STAGES),
    minEvidence: fc.constantFrom(...EVIDENCE),
    priceCap: fc.record(
      { inputUsdPerMillion: fc.constantFrom(0, 1, 5), outputUsdPerMillion: fc.constantFrom(0, 1, 5) },
      { requiredKeys: [] },
    ),
    sameModelOnly: fc.constant(true as const),
    failover: fc.constantFrom(...FAILOVER_KINDS),
  },
  { requiredKeys: [] },
);

export const need: fc.Arbitrary<TaskNeed> = fc
  .record({
    product: mostly('model' as const, fc.constantFrom(...PRODUCTS)),
    model: mostly(MODEL, fc.constantFrom(SUBSTITUTE, 'unheard-of')),
    capabilities: mostly([], fc.subarray([...CAPABILITIES]), 8),
    inputTokens: mostly(1_000, fc.constantFrom(100, 300_000)),
    outputTokens: mostly(100, fc.constant(20_000)),
    durationDays: fc.constantFrom(1, 7),
    pinned: fc.option(fc.constantFrom(...SOLD_BY), { freq: 2 }),
    isPinned: seldom,
  })
  .map(({ pinned, isPinned, ...fields }) => {
    if (pinned === null) return fields;
    return { ...fields, affinity: { offering: offeringId(`${pinned}/commercial/api`, 'one', MODEL), isPinned } };
  });
