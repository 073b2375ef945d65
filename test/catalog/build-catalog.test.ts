import { describe, expect, test } from 'vitest';
import type { CatalogPart } from '../../activities/catalog/facts.ts';
import { RESELLERS } from '../../workflows/domain/catalog.ts';
import {
  aPart,
  build,
  byOperator,
  offeringOf,
  problemsOf,
  rawCatalog,
  rawFact,
  rawOffering,
  rawSurface,
  RECORDED_AT,
  SOURCE,
  SURFACE,
} from './catalog-parts.ts';

const OFFERING = `${SURFACE}/us-east-1/gpt-6-sol`;

function selling(...offerings: readonly ReturnType<typeof rawOffering>[]): CatalogPart {
  return aPart(rawCatalog({ offerings }));
}

describe('a fact', () => {
  test('is read with its defaults: recorded with its part, looked at when its newest source was seen', () => {
    const sources = [SOURCE, { ...SOURCE, url: 'https://example.com/news', seenOn: '2026-11-02', quote: 'now there' }];
    const { catalog, problems } = build(selling(rawOffering({ stage: [rawFact('ga', { sources })] })));

    expect(problems).toEqual([]);
    expect(offeringOf(catalog, OFFERING)?.stage).toEqual([
      {
        id: `${OFFERING}#stage@2026-01-01`,
        value: 'ga',
        from: '2026-01-01',
        to: null,
        recordedAt: '2026-11-01T00:00:00.000Z',
        supersededAt: null,
        verifiedOn: '2026-11-02',
        sources,
        by: 'catalog',
      },
    ]);
  });

  test('keeps what it says itself', () => {
    const said = {
      to: '2027-01-01',
      atLatest: true,
      recordedAt: '2026-10-01T10:00:00Z',
      supersededAt: '2026-12-01T00:00:00Z',
      verifiedOn: '2026-11-20',
      conflicts: [{ ...SOURCE, evidence: 'inferred' }],
      note: 'The page says otherwise.',
    };
    const { catalog } = build(selling(rawOffering({ stage: [rawFact('ga', said)] })));

    expect(offeringOf(catalog, OFFERING)?.stage[0]).toMatchObject({
      ...said,
      id: `${OFFERING}#stage@2026-01-01~2026-10-01T10:00:00Z`,
      recordedAt: '2026-10-01T10:00:00.000Z',
      supersededAt: '2026-12-01T00:00:00.000Z',
    });
  });

  test('names a source that its part has', () => {
    const written = rawCatalog({
      sources: { 'aws-models': SOURCE },
      offerings: [rawOffering({ stage: [rawFact('ga', { sources: ['aws-models'] })] })],
    });

    expect(offeringOf(build(aPart(written)).catalog, OFFERING)?.stage[0]?.sources).toEqual([SOURCE]);
  });

  test('is refused when it names a source that is not there, or is in another part', () => {
    const other = aPart({ recordedAt: RECORDED_AT, sources: { 'aws-models': SOURCE } }, { name: 'a.yaml' });
    const part = selling(rawOffering({ stage: [rawFact('ga', { sources: [SOURCE, 'aws-models'] })] }));

    expect(problemsOf(other, part)).toEqual([
      'aws.yaml offerings.0.stage.0.sources.1: there is no source "aws-models": add it under sources, or write it here',
    ]);
  });

  test('is refused with the names nearest to that of the source, where there are any', () => {
    const stage = [rawFact('ga', { sources: ['aws-model'] })];
    const part = aPart(rawCatalog({ sources: { 'aws-models': SOURCE, news: SOURCE }, offerings: [rawOffering({ stage })] }));

    expect(problemsOf(part)).toEqual([
      'aws.yaml offerings.0.stage.0.sources.0: there is no source "aws-model" (nearest: aws-models, news): add it under sources, or write it here',
    ]);
  });

  test.each(['constructor', 'toString', 'valueOf', 'hasOwnProperty'])(
    'has no source by the name %s that every object has',
    (name) => {
      expect(problemsOf(selling(rawOffering({ stage: [rawFact('ga', { sources: [name] })] })))).toEqual([
        `aws.yaml offerings.0.stage.0.sources.0: there is no source "${name}": add it under sources, or write it here`,
      ]);
    },
  );

  test.each([
    ['neither', {}, ''],
    ['when it was recorded', { recordedAt: '2026-11-10T00:00:00Z' }, '~2026-11-10T00:00:00Z'],
    ['when it was superseded', { supersededAt: '2026-11-10T00:00:00Z' }, '~2026-11-01T00:00:00.000Z'],
    ['both', { recordedAt: '2026-11-09T00:00:00Z', supersededAt: '2026-11-10T00:00:00Z' }, '~2026-11-09T00:00:00Z'],
  ])('has in its id since when it is believed, where it says %s', (_which, more, belief) => {
    const { catalog } = build(selling(rawOffering({ stage: [rawFact('ga', more)] })));

    expect(offeringOf(catalog, OFFERING)?.stage.map(({ id }) => id)).toEqual([`${OFFERING}#stage@2026-01-01${belief}`]);
  });

  test('that was corrected has an id of its own beside the one that was wrong', () => {
    const superseded = rawFact('public-preview', { supersededAt: '2026-11-10T00:00:00Z' });
    const corrected = rawFact('ga', { recordedAt: '2026-11-10T00:00:00Z' });
    const mine = byOperator({
      offerings: [rawOffering({ stage: [rawFact('retired', { recordedAt: '2026-11-10T00:00:00Z' })] })],
    });
    const { catalog, problems } = build(selling(rawOffering({ stage: [superseded, corrected] })), mine);

    expect(problems).toEqual([]);
    expect(offeringOf(catalog, OFFERING)?.stage.map(({ id }) => id)).toEqual([
      `${OFFERING}#stage@2026-01-01~2026-11-01T00:00:00.000Z`,
      `${OFFERING}#stage@2026-01-01~2026-11-10T00:00:00Z`,
      `${OFFERING}#stage@2026-01-01~2026-11-10T00:00:00Z/operator`,
    ]);
  });

  test('is refused when a conflict names a source that is not there', () => {
    const part = selling(rawOffering({ stage: [rawFact('ga', { conflicts: ['nobody'] })] }));

    expect(problemsOf(part)).toEqual([expect.stringContaining('offerings.0.stage.0.conflicts.0: there is no source "nobody"')]);
  });
});

describe('a built-in part', () => {
  test('must say since when it is believed', () => {
    const { recordedAt: _none, ...written } = rawCatalog();

    expect(problemsOf(aPart(written))).toEqual(['aws.yaml : recordedAt is missing: say since when this is believed']);
  });

  test('must say how good its sources are, wherever they are written', () => {
    const { evidence: _none, ...source } = SOURCE;
    const stage = [rawFact('ga', { sources: [source] })];
    const limits = [rawFact({ contextTokens: 1 }, { sources: ['named'] })];
    const part = aPart(rawCatalog({ sources: { named: source }, offerings: [rawOffering({ stage, limits })] }));

    expect(problemsOf(part)).toEqual([
      'aws.yaml offerings.0.stage.0.sources.0: has no evidence: say how good the source is',
      'aws.yaml sources.named: has no evidence: say how good the source is',
    ]);
  });

  test("is held to both, an operator's is not", () => {
    const { evidence: _none, ...source } = SOURCE;
    const { recordedAt: _time, ...written } = rawCatalog({
      offerings: [rawOffering({ stage: [rawFact('ga', { sources: [source] })] })],
    });

    const { catalog, problems } = build(byOperator(written));

    expect(problems).toEqual([]);
    expect(offeringOf(catalog, OFFERING)?.stage).toEqual([
      expect.objectContaining({
        id: `${OFFERING}#stage@2026-01-01/operator`,
        by: 'operator',
        recordedAt: '1970-01-01T00:00:00.000Z',
        sources: [{ ...source, evidence: 'operator' }],
      }),
    ]);
  });
});

describe('a day', () => {
  const two = (first: object, second: object) => [rawFact('public-preview', { ...first }), rawFact('ga', { ...second })];

  test.each([
    ['of one without an end', { from: '2026-01-01' }, { from: '2026-06-01' }],
    ['by one day', { from: '2026-01-01', to: '2026-06-02' }, { from: '2026-06-01' }],
    ['written the other way round', { from: '2026-06-01' }, { from: '2026-01-01', to: '2026-06-02' }],
    ['of two that begin together', { to: '2026-06-01' }, { to: '2026-02-01' }],
  ])('has one value: two are refused %s', (_which, first, second) => {
    const [one = {}] = two(first, second);

    expect(problemsOf(selling(rawOffering({ stage: two(first, second) })))).toEqual([
      `aws.yaml offerings.0.stage.1: overlaps ${OFFERING}#stage@${String(one['from'])}: a day has one value; end the earlier one with "to"`,
    ]);
  });

  test('begins where another ends', () => {
    expect(problemsOf(selling(rawOffering({ stage: two({ to: '2026-06-01' }, { from: '2026-06-01' }) })))).toEqual([]);
  });

  test('has two values when they were believed at different times', () => {
    const superseded = { supersededAt: '2026-11-10T00:00:00Z' };
    const corrected = { recordedAt: '2026-11-10T00:00:00Z' };

    expect(problemsOf(selling(rawOffering({ stage: two(superseded, corrected) })))).toEqual([]);
    expect(problemsOf(selling(rawOffering({ stage: two(superseded, { recordedAt: '2026-11-09T23:59:59Z' }) })))).toHaveLength(1);
  });

  test('has one value over all entries and parts that speak of an offering', () => {
    const again = rawOffering({ places: ['global', 'us-east-1'], stage: [rawFact('public-preview', { from: '2026-09-01' })] });
    const later = aPart({ recordedAt: RECORDED_AT, offerings: [again] }, { name: 'later.yaml' });

    expect(problemsOf(selling(rawOffering(), again))).toEqual([
      expect.stringMatching(/^aws.yaml offerings.1.stage.0: overlaps /),
    ]);
    expect(problemsOf(selling(rawOffering()), later)).toEqual([
      expect.stringMatching(/^later.yaml offerings.0.stage.0: overlaps /),
    ]);
  });

  test('is told once for a fact that is wrong at several places', () => {
    const offering = rawOffering({ places: ['us-east-1', 'global'], stage: two({}, { from: '2026-06-01' }) });

    expect(problemsOf(selling(offering))).toHaveLength(1);
  });

  test.each([
    ['entitlement', [rawFact('open'), rawFact('allowlist')]],
    ['limits', [rawFact({ contextTokens: 1 }), rawFact({ contextTokens: 2 })]],
    [
      'price',
      [rawFact({ inputUsdPerMillion: 1, outputUsdPerMillion: 1 }), rawFact({ inputUsdPerMillion: 2, outputUsdPerMillion: 1 })],
    ],
    ['retirement', [rawFact({ shutdown: '2027-01-01' }), rawFact({ shutdown: '2027-02-01' })]],
  ])('has one value of %s', (key, facts) => {
    expect(problemsOf(selling(rawOffering({ [key]: facts })))).toEqual([
      expect.stringContaining(`offerings.0.${key}.1: overlaps `),
    ]);
  });

  test.each([
    ['capabilities.tools', { capabilities: { tools: [rawFact('yes'), rawFact('no')] } }],
    ['compliance.soc2', { compliance: { soc2: [rawFact('yes'), rawFact('no')] } }],
    ['entitlement', { entitlement: [rawFact('open'), rawFact('allowlist')] }],
  ])('has one value of %s of a surface', (key, facts) => {
    const part = aPart(rawCatalog({ surfaces: { [SURFACE]: rawSurface(facts) } }));

    expect(problemsOf(part)).toEqual([
      expect.stringContaining(`surfaces.${SURFACE}.${key}.1: overlaps ${SURFACE}#${key}@2026-01-01`),
    ]);
  });

  test("may have the operator's value over the catalog's, but not two of the operator's", () => {
    const mine = (...stage: readonly object[]) => byOperator({ offerings: [rawOffering({ stage })] });

    expect(problemsOf(selling(rawOffering()), mine(rawFact('retired')))).toEqual([]);
    expect(problemsOf(selling(rawOffering()), mine(rawFact('retired'), rawFact('ga')))).toEqual([
      expect.stringMatching(/^catalog offerings.0.stage.1: overlaps /),
    ]);
  });
});

describe('an offering', () => {
  test('is sold at each of its places, as if it were written there', () => {
    const { catalog } = build(selling(rawOffering({ places: ['us-east-1', 'global'], wireModel: 'openai.gpt-6-sol' })));

    expect(catalog.offerings.get('model/gpt-6-sol')).toEqual([
      expect.objectContaining({
        id: `${SURFACE}/global/gpt-6-sol`,
        wireModel: 'openai.gpt-6-sol',
        place: {
          surface: SURFACE,
          name: 'global',
          scope: 'global',
          processing: ['*'],
          storage: 'chosen',
          failureDomains: ['cloud:aws'],
        },
      }),
      expect.objectContaining({
        id: OFFERING,
        place: expect.objectContaining({ scope: 'in-region', failureDomains: ['cloud:aws', 'region:us-east-1'] }),
      }),
    ]);
    expect(catalog.offerings.get('model/gpt-6-sol')?.map(({ stage }) => stage[0]?.id)).toEqual([
      `${SURFACE}/global/gpt-6-sol#stage@2026-01-01`,
      `${OFFERING}#stage@2026-01-01`,
    ]);
  });

  test('may be written in pieces', () => {
    const wire = rawOffering({ stage: [], wireModel: 'us.openai.gpt-6-sol' });
    const limits = rawOffering({ stage: [], limits: [rawFact({ contextTokens: 272_000 })] });
    const { catalog, problems } = build(selling(rawOffering(), wire, limits));

    expect(problems).toEqual([]);
    expect(catalog.offerings.get('model/gpt-6-sol')).toHaveLength(1);
    expect(offeringOf(catalog, OFFERING)).toMatchObject({
      wireModel: 'us.openai.gpt-6-sol',
      stage: [{ value: 'ga' }],
      limits: [{ value: { contextTokens: 272_000 } }],
    });
  });

  test('has the name on the wire that was written last', () => {
    const named = (wireModel: string) => rawOffering({ stage: [], wireModel });
    const mine = byOperator({ offerings: [named('mine'), rawOffering({ stage: [] })] });

    expect(offeringOf(build(selling(rawOffering(), named('theirs')), mine).catalog, OFFERING)?.wireModel).toBe('mine');
  });

  test('is refused at a surface or place that is not there, with names that are', () => {
    expect(problemsOf(selling(rawOffering({ surface: 'aws/commercial/mantel' })))).toEqual([
      'aws.yaml offerings.0.surface: there is no surface "aws/commercial/mantel" (nearest: aws/commercial/mantle): use one that is there, or add it under surfaces',
    ]);
    expect(problemsOf(selling(rawOffering({ places: ['us-east-1', 'us-east-9'] })))).toEqual([
      'aws.yaml offerings.0.places.1: aws/commercial/mantle has no place "us-east-9": use one of us-east-1, global, or add it to the surface',
    ]);
  });

  test('is refused at a surface of which nothing is near, without empty words', () => {
    expect(problemsOf(aPart(rawCatalog({ surfaces: {} })))).toEqual([
      `aws.yaml offerings.0.surface: there is no surface "${SURFACE}": use one that is there, or add it under surfaces`,
    ]);
  });

  test.each(['constructor', 'toString', 'valueOf'])('is refused at the place %s, by a name that every object has', (name) => {
    expect(problemsOf(selling(rawOffering({ places: [name] })))).toEqual([
      `aws.yaml offerings.0.places.0: aws/commercial/mantle has no place "${name}": use one of us-east-1, global, or add it to the surface`,
    ]);
  });

  test('has the capabilities and the entitlement of its surface, and its own in their place', () => {
    const surface = rawSurface({
      capabilities: { tools: [rawFact('yes')], vision: [rawFact('yes')] },
      entitlement: [rawFact('allowlist')],
    });
    const own = rawOffering({ places: ['global'], capabilities: { vision: [rawFact('no')] }, entitlement: [rawFact('open')] });
    const { catalog } = build(aPart(rawCatalog({ surfaces: { [SURFACE]: surface }, offerings: [rawOffering(), own] })));

    const valuesOf = (id: string) => {
      const offering = offeringOf(catalog, id);
      const { tools, vision } = offering?.capabilities ?? {};
      return [tools, vision, offering?.entitlement].map((facts) => facts?.map(({ value }) => value));
    };
    expect(valuesOf(OFFERING)).toEqual([['yes'], ['yes'], ['allowlist']]);
    expect(valuesOf(`${SURFACE}/global/gpt-6-sol`)).toEqual([['yes'], ['no'], ['open']]);
  });
});

describe('a surface', () => {
  test('has its seller and partition by its id, and what it says', () => {
    const said = rawSurface({ commitments: ['aws-edp'], recommendation: 1, regions: { 'us-west-2': 'us' }, upstream: 'openai' });
    const { catalog } = build(aPart(rawCatalog({ surfaces: { 'aws/us-gov/mantle': said }, offerings: [] })));

    expect(catalog.surfaces.get('aws/us-gov/mantle')).toMatchObject({
      id: 'aws/us-gov/mantle',
      seller: 'aws',
      partition: 'us-gov',
      product: 'model',
      commitmentPools: ['aws-edp'],
      recommendation: 1,
      regions: { 'us-west-2': 'us' },
      upstream: 'openai',
      failureDomains: ['cloud:aws'],
    });
  });

  test.each(RESELLERS)('may be of %s', (seller) => {
    expect(problemsOf(aPart(rawCatalog({ surfaces: { [`${seller}/commercial/api`]: rawSurface() }, offerings: [] })))).toEqual(
      [],
    );
  });

  test.each(['product', 'apis', 'state', 'quota', 'places'])('that is new is refused without its %s', (key) => {
    const part = aPart(rawCatalog({ surfaces: { [SURFACE]: rawSurface({ [key]: undefined }) }, offerings: [] }));

    expect(problemsOf(part)).toEqual([`aws.yaml surfaces.${SURFACE}: is new and needs ${key}: add it`]);
  });

  test('has the entitlement of all that is sold there, also of models that nobody knows', () => {
    const entitlement = [rawFact('allowlist')];
    const { catalog, problems } = build(aPart(rawCatalog({ surfaces: { [SURFACE]: rawSurface({ entitlement }) } })));
    const surface = catalog.surfaces.get(SURFACE);

    expect(problems).toEqual([]);
    expect(surface?.entitlement).toEqual([
      expect.objectContaining({ id: `${SURFACE}#entitlement@2026-01-01`, value: 'allowlist' }),
    ]);
    expect(offeringOf(catalog, OFFERING)?.entitlement).toEqual(surface?.entitlement);
  });

  test('has a stage only when it serves the models of another', () => {
    const part = aPart(rawCatalog({ surfaces: { [SURFACE]: rawSurface({ stage: [rawFact('ga')] }) }, offerings: [] }));

    expect(problemsOf(part)).toEqual([
      `aws.yaml surfaces.${SURFACE}.stage: is for a service that "serves" models: others have it at each offering`,
    ]);
  });
});

describe('a price', () => {
  const priced = (value: object) => {
    const { catalog } = build(selling(rawOffering({ price: [rawFact(value)] })));
    return offeringOf(catalog, OFFERING)?.price[0]?.value;
  };

  test('is whole micro-dollars, however it is written', () => {
    expect(priced({ inputUsdPerMillion: 2.01, outputUsdPerMillion: 4.35, cachedInputUsdPerMillion: 0.07 })).toEqual({
      inputUsdMicrosPerMillion: 2_010_000,
      cachedInputUsdMicrosPerMillion: 70_000,
      outputUsdMicrosPerMillion: 4_350_000,
    });
  });

  test('of cached input is that of any input where nothing is said', () => {
    expect(priced({ inputUsdPerMillion: 2, outputUsdPerMillion: 10 })).toMatchObject({
      cachedInputUsdMicrosPerMillion: 2_000_000,
    });
  });

  test('has what writing the cache and a long context cost', () => {
    const longContext = { aboveInputTokens: 272_000, inputUsdPerMillion: 20, outputUsdPerMillion: 75 };

    expect(priced({ inputUsdPerMillion: 10, outputUsdPerMillion: 50, cacheWriteUsdPerMillion: 12.5, longContext })).toMatchObject(
      {
        cacheWriteUsdMicrosPerMillion: 12_500_000,
        longContext: { aboveInputTokens: 272_000, inputUsdMicrosPerMillion: 20_000_000, outputUsdMicrosPerMillion: 75_000_000 },
      },
    );
  });
});

describe('a contract', () => {
  const term = {
    id: 'first-ship',
    kind: 'first-ship',
    parties: ['openai', 'microsoft'],
    from: '2026-04-27',
    statement: 'Azure first.',
  };

  test('is read with its sources, and its exception', () => {
    const exception = { all: ['cannot', 'chooses not to'] };
    const terms = [{ ...term, favours: 'azure', exception, sources: ['news'] }];
    const { catalog, problems } = build(aPart(rawCatalog({ sources: { news: SOURCE }, terms })));

    expect(problems).toEqual([]);
    expect(catalog.terms).toEqual([{ ...term, to: null, favours: 'azure', exception, sources: [SOURCE] }]);
  });

  test('is refused when it names a source that is not there', () => {
    expect(problemsOf(aPart(rawCatalog({ terms: [{ ...term, sources: ['news'] }] })))).toEqual([
      expect.stringContaining('aws.yaml terms.0.sources.0: there is no source "news"'),
    ]);
  });
});

test('everything that is wrong is told at once', () => {
  const stage = [rawFact('ga', { sources: ['nobody'] }), rawFact('retired', { from: '2026-02-01' })];
  const part = aPart(
    rawCatalog({ recordedAt: undefined, offerings: [rawOffering({ stage }), rawOffering({ places: ['moon'] })] }),
  );

  expect(problemsOf(part)).toEqual([
    expect.stringContaining('recordedAt is missing'),
    expect.stringContaining('there is no source "nobody"'),
    expect.stringContaining('has no place "moon"'),
    expect.stringContaining('overlaps'),
  ]);
});
