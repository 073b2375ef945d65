import { describe, expect, test } from 'vitest';
import type { EntitlementKind, Offering, Place, Stage, Surface } from '../../workflows/domain/catalog.ts';
import { offeringId } from '../../workflows/domain/catalog.ts';
import { decideEligibility, routeOf } from '../../workflows/domain/eligibility.ts';
import { toDeploymentId } from '../../workflows/domain/ids.ts';
import { MODEL } from '../support/builders.ts';
import type { Asked } from '../support/catalog-builders.ts';
import {
  aCatalog,
  aFact,
  anOffering,
  aPlace,
  aPlacedDeployment,
  aQuestion,
  aSource,
  aSurface,
  codesOf,
  NOW,
} from '../support/catalog-builders.ts';

const DEFAULTS = aQuestion().policy;

function decide(offerings: readonly Offering[], asked: Asked = {}) {
  return decideEligibility(aQuestion({ catalog: aCatalog({ offerings }), ...asked }));
}

/** One offering at a surface of its own. */
function soldBy(seller: Surface['seller'], { surface = {}, place = {}, ...more }: Parts = {}): Offering {
  const id = surface.id ?? `${seller}/commercial/api`;
  const at = aPlace({ surface: id, name: 'here', failureDomains: [`cloud:${seller}`], ...place });
  return anOffering({ surface: aSurface({ seller, id, places: { [at.name]: at }, ...surface }), ...more });
}

type Parts = Omit<Partial<Offering>, 'surface' | 'place'> & {
  readonly surface?: Partial<Surface>;
  readonly place?: Partial<Place>;
};

function sellersOf(ids: readonly { readonly offeringId: string }[]): readonly string[] {
  return ids.map(({ offeringId: id }) => id.split('/')[0] ?? '');
}

describe('an excluded offering', () => {
  const hopeless = soldBy('snowflake', {
    surface: { partition: 'us-gov', upstream: 'aws', id: 'snowflake/us-gov/cortex' },
    place: { scope: 'global', processing: ['*'], storage: ['*'] },
    stage: [aFact<Stage>('limited-preview', { verifiedOn: '2026-10-01', sources: [aSource({ evidence: 'inferred' })] })],
    entitlement: [aFact('allowlist')],
    limits: [aFact({ contextTokens: 10, maxOutputTokens: 10 })],
    retirement: [aFact({ shutdown: '2026-11-23' })],
  });
  const asked: Asked = {
    policy: {
      deny: ['aws'],
      standardCloud: 'openai',
      strictStandard: true,
      partitions: ['commercial'],
      residency: { processing: ['eu'], storage: ['eu'], maxScope: 'in-region' },
      compliance: ['soc2', 'il6'],
      zeroRetention: true,
      maxFlaggedDays: 0,
      minStage: { ...DEFAULTS.minStage, model: 'ga' },
      priceCap: { inputUsdMicrosPerMillion: 1 },
    },
    need: { capabilities: ['tools', 'mcp'], durationDays: 7, affinity: { offering: 'elsewhere', isPinned: true } },
    deployments: [],
  };

  test('has every reason, never the first alone', () => {
    const { excluded, eligible } = decide([hopeless], asked);

    expect(eligible).toEqual([]);
    expect(excluded.map(({ offeringId: id, reasons }) => [id, codesOf(reasons)])).toEqual([
      [
        hopeless.id,
        [
          'TENANT_DENY',
          'NOT_STANDARD_CLOUD',
          'RESELLER',
          'PARTITION',
          'STAGE_TOO_LOW',
          'EVIDENCE_TOO_WEAK',
          'FACT_STALE',
          'NOT_ENTITLED',
          'CAPABILITY_MISSING',
          'CAPABILITY_MISSING',
          'CONTEXT_TOO_SMALL',
          'CONTEXT_TOO_SMALL',
          'RESIDENCY_PROCESSING',
          'SCOPE_TOO_WIDE',
          'RESIDENCY_STORAGE',
          'COMPLIANCE_UNKNOWN',
          'COMPLIANCE_UNKNOWN',
          'RETENTION',
          'RETENTION',
          'RETIRES_DURING_TASK',
          'PRICE_CAP',
          'STATE_PINNED',
          'NOT_CONFIGURED',
        ],
      ],
    ]);
  });

  test('keeps its warnings beside what excludes it', () => {
    const reasons = decide([hopeless], asked).excluded[0]?.reasons ?? [];

    expect(reasons.filter(({ severity }) => severity === 'soft').map(({ code }) => code)).toEqual(['FACT_STALE']);
  });
});

describe('an eligible offering', () => {
  test('has its warnings', () => {
    const old = soldBy('aws', { stage: [aFact<Stage>('ga', { verifiedOn: '2026-10-01' })] });

    const { eligible } = decide([old]);

    expect(eligible.map(({ warnings }) => codesOf(warnings))).toEqual([['FACT_STALE']]);
  });

  test('is named by its deployment where one is configured, and once for each', () => {
    const deployments = ['b', 'a'].map((endpoint) => aPlacedDeployment({ deployment: { endpoint } }));

    const { eligible, excluded } = decide([anOffering()], { deployments });

    expect(eligible.map(({ deploymentId }) => deploymentId)).toEqual([toDeploymentId('a', MODEL), toDeploymentId('b', MODEL)]);
    expect(excluded).toEqual([]);
  });

  test('is where its deployment is configured, whatever the catalog says of the place', () => {
    const moved = aPlacedDeployment({ place: aPlace({ processing: ['se'] }) });
    const policy = { residency: { processing: ['eu'], storage: '*', maxScope: 'global' } as const };

    expect(decide([anOffering()], { deployments: [moved], policy }).eligible).toHaveLength(1);
    expect(decide([anOffering()], { policy }).eligible).toHaveLength(0);
  });
});

describe('a configured deployment', () => {
  test('may serve, with a warning, from a place and surface that the catalog does not know', () => {
    const place = aPlace({ surface: 'aws/us-gov/somewhere', name: 'moon' });
    const deployments = [aPlacedDeployment({ deployment: { cloud: 'aws' }, place })];

    const { eligible } = decide([], { deployments });

    expect(eligible).toEqual([
      expect.objectContaining({
        offeringId: offeringId('aws/us-gov/somewhere', 'moon', MODEL),
        warnings: [expect.objectContaining({ code: 'NOT_OFFERED', severity: 'soft' })],
      }),
    ]);
    expect(codesOf(decide([], { deployments, policy: { partitions: ['commercial'] } }).excluded[0]?.reasons ?? [])).toContain(
      'PARTITION',
    );
  });

  test('of another model is not asked', () => {
    const deployments = [aPlacedDeployment({ deployment: { model: 'gpt-6-luna' } })];

    expect(decide([], { deployments })).toMatchObject({ eligible: [], excluded: [] });
  });

  test('is passed over where the catalog alone is asked', () => {
    expect(decide([anOffering()], { deployments: null }).eligible[0]).not.toHaveProperty('deploymentId');
  });

  test('serves models, and no other product', () => {
    const { eligible } = decide([], { deployments: [aPlacedDeployment()], need: { product: 'codex' } });

    expect(eligible).toEqual([]);
  });
});

describe('a place that sells the product, but not the model as far as is known', () => {
  const silent = aSurface({ seller: 'google', places: { us: aPlace({ surface: 'google/commercial/foundry', name: 'us' }) } });

  test('is excluded with its reason', () => {
    const { excluded } = decideEligibility(aQuestion({ catalog: aCatalog({ surfaces: [silent] }) }));

    expect(excluded.map(({ offeringId: id, reasons }) => [id, codesOf(reasons)])).toEqual([
      ['google/commercial/foundry/us/gpt-6.1-sol', ['NOT_OFFERED']],
    ]);
  });

  test('needs what its surface says of all that it sells, whether an endpoint of it is configured or not', () => {
    const gated = { ...silent, entitlement: [aFact<EntitlementKind>('allowlist', { id: 'gate' })] };
    const [place = aPlace()] = Object.values(gated.places);
    const catalog = aCatalog({ offerings: [], surfaces: [gated] });
    const placed = aPlacedDeployment({ deployment: { cloud: 'google' }, place });
    const entitlements = [{ offering: 'google/*', from: '2026-01-01', to: null }];

    const reasonsOf = (asked: Asked) =>
      decideEligibility(aQuestion({ catalog, ...asked })).excluded.map(({ reasons }) => codesOf(reasons));
    expect(reasonsOf({})).toEqual([['NOT_OFFERED', 'NOT_ENTITLED']]);
    expect(reasonsOf({ policy: { entitlements } })).toEqual([['NOT_OFFERED']]);
    expect(reasonsOf({ deployments: [placed] })).toEqual([['NOT_OFFERED', 'NOT_ENTITLED']]);
    expect(reasonsOf({ deployments: [placed], policy: { entitlements } })).toEqual([]);
  });

  test('is not named where it sells another product', () => {
    const { excluded } = decideEligibility(
      aQuestion({ catalog: aCatalog({ surfaces: [{ ...silent, product: 'managed-agent' }] }) }),
    );

    expect(excluded).toEqual([]);
  });
});

describe('a model that may stand in', () => {
  const sol = soldBy('aws');
  const luna = soldBy('openai', { model: 'gpt-6-luna' });
  const terra = soldBy('azure', { model: 'gpt-6.1-terra' });
  const substitution = { [MODEL]: ['gpt-6.1-terra', 'gpt-6-luna'] };

  test('stands in only where the policy says so', () => {
    expect(sellersOf(decide([sol, luna, terra]).eligible)).toEqual(['aws']);
    expect(sellersOf(decide([sol, luna, terra], { policy: { substitution } }).eligible)).toEqual(['aws', 'azure', 'openai']);
  });

  test('comes behind the model that was asked for, whatever else would put it first', () => {
    const policy = { substitution, cloudOrder: ['openai', 'azure'] as const, standardCloud: 'openai' as const };

    expect(sellersOf(decide([sol, luna, terra], { policy }).eligible)).toEqual(['aws', 'azure', 'openai']);
  });

  test('stands in for that model alone', () => {
    const { eligible } = decide([sol, luna, terra], { policy: { substitution }, need: { model: 'gpt-6-luna' } });

    expect(sellersOf(eligible)).toEqual(['openai']);
  });

  test('is judged like any other', () => {
    const { excluded } = decide([sol, luna, terra], { policy: { substitution, deny: ['openai'] } });

    const reasons = excluded.find(({ offeringId: id }) => id === luna.id)?.reasons ?? [];
    expect(codesOf(reasons)).toEqual(['TENANT_DENY']);
  });

  test('stands in by its deployments, too', () => {
    const deployments = [aPlacedDeployment({ deployment: { model: 'gpt-6-luna' } })];

    const { eligible } = decide([], { deployments, policy: { substitution } });

    expect(eligible.map(({ deploymentId }) => deploymentId)).toEqual([toDeploymentId('azure-eastus2', 'gpt-6-luna')]);
  });
});

describe('the move to another offering', () => {
  const offerings = [soldBy('aws'), soldBy('aws', { surface: { id: 'aws/commercial/mantle' } }), soldBy('openai')];

  test.each([
    ['cross-cloud', ['retry-same-request', 'retry-same-request', 'retry-same-request'], [0, 1, 2]],
    ['within-cloud', ['retry-same-request', 'retry-same-request', 'manual-only'], [0, 1]],
    ['none', ['retry-same-request', 'manual-only', 'manual-only'], [0]],
  ] as const)('with failover %s is %j', (failover, modes, routed) => {
    const decision = decide(offerings, { policy: { failover } });

    expect(sellersOf(decision.eligible)).toEqual(['aws', 'aws', 'openai']);
    expect(decision.eligible.map((each) => each.failover.mode)).toEqual(modes);
    expect(routeOf(decision).map(({ rank }) => rank)).toEqual(routed);
    expect(decision.outcome).toBe(routed.length === 1 ? 'single-no-failover' : 'ok');
  });

  test('within the cloud of the first is to all of that cloud, however far behind', () => {
    const policy = { failover: 'within-cloud', cloudOrder: [] } as const;
    const between = [
      soldBy('aws'),
      soldBy('azure'),
      soldBy('aws', {
        surface: { id: 'aws/commercial/mantle' },
        stage: [aFact<Stage>('public-preview')],
      }),
    ];

    const decision = decide(between, { policy });

    expect(sellersOf(routeOf(decision))).toEqual(['aws', 'aws']);
    expect(routeOf(decision).map(({ rank }) => rank)).toEqual([0, 2]);
  });

  test.each([
    ['model', 'retry-same-request'],
    ['codex', 'replay-from-checkpoint'],
    ['codex-cloud', 'manual-only'],
    ['managed-agent', 'replay-from-checkpoint'],
  ] as const)('of %s is %s', (product, mode) => {
    const sold = [soldBy('aws', { surface: { product } }), soldBy('openai', { surface: { product } })];

    const { eligible } = decide(sold, { need: { product } });

    expect(eligible.map(({ failover }) => failover.mode)).toEqual([mode, mode]);
  });

  test('says with whom no failure domain is shared', () => {
    const domains = (names: readonly string[]) => ({ place: { failureDomains: names } });
    const sharing = [
      soldBy('aws', domains(['cloud:aws', 'region:us-east-1'])),
      soldBy('openai', domains(['identity:openai'])),
      soldBy('snowflake', { ...domains(['cloud:aws']), surface: { upstream: 'aws' } }),
    ];

    const { eligible } = decide(sharing, { policy: { allowResellers: true } });

    expect(sellersOf(eligible)).toEqual(['aws', 'openai', 'snowflake']);
    expect(eligible.map(({ failover }) => failover.independentOf)).toEqual([[1], [0, 2], [1]]);
  });

  test('says nothing of independence where the failure domains of one of the two are not known', () => {
    const silent = [
      soldBy('aws', { place: { failureDomains: [] } }),
      soldBy('google', { place: { failureDomains: [] } }),
      soldBy('openai'),
      soldBy('azure'),
    ];

    const { eligible } = decide(silent);

    expect(sellersOf(eligible)).toEqual(['aws', 'azure', 'google', 'openai']);
    expect(eligible.map(({ failover }) => failover.independentOf)).toEqual([[], [3], [], [1]]);
  });

  test('is never independent of itself', () => {
    const deployments = ['a', 'b'].map((endpoint) => aPlacedDeployment({ deployment: { endpoint } }));

    const { eligible } = decide([anOffering(), soldBy('aws')], { deployments });

    expect(eligible.map(({ failover }) => failover.independentOf)).toEqual([[], []]);
    expect(decide([soldBy('aws')]).eligible[0]?.failover.independentOf).toEqual([]);
  });
});

describe('the outcome', () => {
  test('is told with the moment that was asked about', () => {
    expect(decide([])).toEqual({ ...NOW, outcome: 'none-eligible', eligible: [], excluded: [] });
  });

  test.each([
    [[], 'none-eligible'],
    [['aws'], 'single-no-failover'],
    [['aws', 'openai'], 'ok'],
  ] as const)('of the sellers %j is %s', (sellers, outcome) => {
    expect(decide(sellers.map((seller) => soldBy(seller))).outcome).toBe(outcome);
  });
});

describe('the nearest miss', () => {
  const denied = { policy: { deny: ['aws', 'azure', 'google'] } };

  test('lacks the least, and is told with what excludes it alone', () => {
    const offerings = [
      soldBy('aws', { entitlement: [aFact('allowlist')] }),
      soldBy('azure', { stage: [aFact<Stage>('ga', { verifiedOn: '2026-10-01' })] }),
    ];

    const { nearestMiss, excluded } = decide(offerings, denied);

    expect(codesOf(excluded[1]?.reasons ?? [])).toEqual(['TENANT_DENY', 'FACT_STALE']);
    expect(nearestMiss).toEqual({
      offeringId: 'azure/commercial/api/here/gpt-6.1-sol',
      onlyMissing: [expect.objectContaining({ code: 'TENANT_DENY' })],
    });
  });

  test('is, of two that lack as much, the one that is configured', () => {
    const deployments = [aPlacedDeployment()];

    const { nearestMiss, excluded } = decide([soldBy('aws'), anOffering()], { policy: { deny: ['azure'] }, deployments });

    expect(excluded.map(({ reasons }) => codesOf(reasons))).toEqual([['NOT_CONFIGURED'], ['TENANT_DENY']]);
    expect(nearestMiss?.deploymentId).toBe(toDeploymentId('azure-eastus2', MODEL));
  });

  test('is, of two that lack as much, the one that somebody is known to sell, then the first by id', () => {
    const offerings = [soldBy('google'), soldBy('aws', { stage: [] }), soldBy('azure')];

    const { nearestMiss, excluded } = decide(offerings, { policy: { deny: ['azure', 'google'] } });

    expect(excluded.map(({ reasons }) => codesOf(reasons))).toEqual([['NOT_OFFERED'], ['TENANT_DENY'], ['TENANT_DENY']]);
    expect(nearestMiss?.offeringId).toBe('azure/commercial/api/here/gpt-6.1-sol');
  });

  test('is there beside what is eligible, and not when nobody is excluded', () => {
    const both = [soldBy('aws'), soldBy('openai')];

    expect(decide(both, denied)).toMatchObject({ outcome: 'single-no-failover', nearestMiss: { offeringId: both[0]?.id } });
    expect(decide(both)).not.toHaveProperty('nearestMiss');
  });
});

test('a model with the name of something that every object has is unheard of, and no more', () => {
  const { outcome, excluded } = decideEligibility(aQuestion({ need: { model: 'constructor' } }));

  expect(outcome).toBe('none-eligible');
  expect(excluded.map(({ reasons }) => codesOf(reasons))).toEqual([['NOT_OFFERED']]);
});

test.each([
  ['stage', { stage: [aFact<Stage>('ga', { by: 'operator' })] }, 'operator'],
  ['entitlement', { entitlement: [aFact<EntitlementKind>('open', { by: 'operator' })] }, 'operator'],
  [
    'stage, which the operator said of other days',
    { stage: [aFact<Stage>('ga'), aFact<Stage>('ga', { from: '2027-01-01', by: 'operator' })] },
    undefined,
  ],
] as const)("who may serve by the operator's %s is marked", (_what, offering, by) => {
  const { eligible } = decideEligibility(aQuestion({ catalog: aCatalog({ offerings: [anOffering(offering)] }) }));

  expect(eligible.map((each) => each.by)).toEqual([by]);
});
