import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { overlap } from '../../activities/catalog/facts.ts';
import { serveModels } from '../../activities/catalog/serve-models.ts';
import type { EntitlementKind, Fact, Offering, Stage } from '../../workflows/domain/catalog.ts';
import { factAt } from '../../workflows/domain/fact-in-force.ts';
import { aFact, anOffering, aPlace, aSource, aSurface, NOW } from '../support/catalog-builders.ts';
import {
  aPart,
  build,
  byOperator,
  offeringOf,
  problemsOf,
  rawCatalog,
  rawFact,
  rawSurface,
  RECORDED_AT,
  SURFACE,
} from './catalog-parts.ts';

const CODEX = 'azure/commercial/codex';
const MODELS = aSurface();

/** The service of these stages over one model of those. */
function served(stage: readonly Fact<Stage>[], model: Partial<Offering>, entitlement: readonly Fact<EntitlementKind>[] = []) {
  const surface = aSurface({ id: CODEX, product: 'codex', capabilities: { tools: [aFact('yes')] } });
  const [offering] = serveModels({ surface, serves: MODELS.id, stage, entitlement }, [anOffering({ surface: MODELS, ...model })]);
  return offering;
}

const DAYS = ['2026-01-01', '2026-02-01', '2026-03-01', '2026-04-01', '2026-05-01'] as const;
const ends = fc.tuple(fc.nat(4), fc.nat(4)).filter(([from, to]) => from < to);

function timeOf(index: number): string {
  return `${DAYS[index]}T00:00:00.000Z`;
}

/** Of one origin no two hold at once; the last day and moment stand for none. */
const stages = fc
  .array(
    fc
      .record({
        value: fc.constantFrom<Stage>('ga', 'public-preview', 'suspended'),
        days: ends,
        belief: ends,
        by: fc.constantFrom('catalog' as const, 'operator' as const),
      })
      .map(({ value, days: [from, to], belief: [recorded, superseded], by }) =>
        aFact<Stage>(value, {
          from: DAYS[from] ?? '',
          to: to === 4 ? null : (DAYS[to] ?? null),
          recordedAt: timeOf(recorded),
          supersededAt: superseded === 4 ? null : timeOf(superseded),
          by,
        }),
      ),
    { maxLength: 5 },
  )
  .map((facts) =>
    facts.filter((fact, index) => !facts.slice(0, index).some((other) => other.by === fact.by && overlap(fact, other))),
  );
const moments = fc.tuple(fc.nat(4), fc.nat(4)).map(([day, known]) => ({ asOf: DAYS[day] ?? '', knownAt: timeOf(known) }));

function weakest(facts: readonly Fact<Stage>[]): Stage | undefined {
  return (['suspended', 'public-preview', 'ga'] as const).find((stage) => facts.some(({ value }) => value === stage));
}

describe('a service over the models of a surface', () => {
  test('sells each of them at the places of both, as itself', () => {
    const place = (name: string) => aPlace({ surface: MODELS.id, name });
    const models = ['eastus2', 'global'].map((name) => anOffering({ surface: MODELS, place: place(name), wireModel: 'mine' }));
    const elsewhere = anOffering({ surface: aSurface({ seller: 'aws' }) });
    const surface = aSurface({ id: CODEX, product: 'codex' });

    const offerings = serveModels({ surface, serves: MODELS.id, stage: [aFact('ga')], entitlement: [] }, [...models, elsewhere]);

    expect(offerings.map(({ id }) => id)).toEqual([`${CODEX}/eastus2/gpt-6.1-sol`]);
    expect(offerings[0]).toMatchObject({ surface, place: surface.places['eastus2'], wireModel: 'mine' });
  });

  test('has its own capabilities, and the limits, prices and end of the model', () => {
    const limits = [aFact({ contextTokens: 272_000 })];
    const retirement = [aFact({ shutdown: '2027-01-01' })];

    expect(served([aFact('ga')], { limits, retirement, capabilities: { vision: [aFact('yes')] } })).toMatchObject({
      limits,
      retirement,
      capabilities: { tools: [{ value: 'yes' }] },
    });
  });

  test.each([
    ['ga', 'ga', 'ga'],
    ['ga', 'limited-preview', 'limited-preview'],
    ['public-preview', 'ga', 'public-preview'],
    ['ga', 'deprecated', 'deprecated'],
    ['public-preview', 'deprecated', 'public-preview'],
    ['ga', 'unlisted', 'unlisted'],
    ['suspended', 'private-preview', 'suspended'],
    ['suspended', 'retired', 'retired'],
    ['announced', 'unlisted', 'unlisted'],
  ] as const)('is, as %s over what is %s, %s', (service, model, both) => {
    expect(served([aFact<Stage>(service)], { stage: [aFact<Stage>(model)] })?.stage.map(({ value }) => value)).toEqual([both]);
  });

  test('is there while both are: in the world', () => {
    const service = [
      aFact<Stage>('public-preview', { from: '2026-03-01', to: '2026-06-01' }),
      aFact<Stage>('ga', { from: '2026-06-01' }),
    ];
    const model = [
      aFact<Stage>('limited-preview', { from: '2026-01-01', to: '2026-05-01' }),
      aFact<Stage>('ga', { from: '2026-05-01', to: '2026-10-01' }),
    ];

    const stage = served(service, { stage: model })?.stage ?? [];

    expect(stage.map(({ from, to, value }) => [from, to, value])).toEqual([
      ['2026-03-01', '2026-05-01', 'limited-preview'],
      ['2026-05-01', '2026-06-01', 'public-preview'],
      ['2026-06-01', '2026-10-01', 'ga'],
    ]);
  });

  test('is there while both are: in what is believed', () => {
    const [march, june, october] = ['2026-03-01T00:00:00.000Z', '2026-06-01T00:00:00.000Z', '2026-10-01T00:00:00.000Z'];
    const service = [aFact<Stage>('ga', { recordedAt: march, supersededAt: october })];
    const model = [aFact<Stage>('ga', { supersededAt: march }), aFact<Stage>('public-preview', { recordedAt: june })];

    const stage = served(service, { stage: model })?.stage ?? [];

    expect(stage.map(({ recordedAt, supersededAt, value }) => [recordedAt, supersededAt, value])).toEqual([
      [june, october, 'public-preview'],
    ]);
  });

  test('has no stage where the two never meet', () => {
    const service = [aFact<Stage>('ga', { from: '2026-06-01' })];

    expect(served(service, { stage: [aFact<Stage>('ga', { to: '2026-06-01' })] })?.stage).toEqual([]);
    expect(served([], {})?.stage).toEqual([]);
  });

  test('is known as well as the weaker of the two, and since the older look', () => {
    const rumour = { sources: [aSource({ url: 'rumour', evidence: 'single-third-party' })], verifiedOn: '2026-11-21' };
    const conflicts = [aSource({ url: 'conflict' })];
    const known = aFact<Stage>('ga', { verifiedOn: '2026-11-01', conflicts, atLatest: true });

    for (const [service, model] of [
      [aFact<Stage>('ga', rumour), known],
      [known, aFact<Stage>('ga', rumour)],
    ] as const) {
      expect(served([service], { stage: [model] })?.stage).toEqual([
        expect.objectContaining({ sources: rumour.sources, verifiedOn: '2026-11-01', conflicts, atLatest: true }),
      ]);
    }
  });

  test.each([
    ['open', 'open', 'open'],
    ['open', 'private-offer', 'private-offer'],
    ['allowlist', 'open', 'allowlist'],
    ['allowlist', 'private-offer', 'allowlist'],
  ] as const)('needs, as %s over %s, %s', (service, model, both) => {
    const entitlement = [aFact<EntitlementKind>(model)];

    expect(
      served([aFact('ga')], { entitlement }, [aFact<EntitlementKind>(service)])?.entitlement.map(({ value }) => value),
    ).toEqual([both]);
  });

  test.each([
    [['allowlist'], [], 'allowlist'],
    [[], ['private-offer'], 'private-offer'],
    [[], [], undefined],
  ] as const)('needs, where of the service %j is said and of the model %j, %s', (service, model, needed) => {
    const facts = (kinds: readonly EntitlementKind[]) => kinds.map((kind) => aFact<EntitlementKind>(kind));

    const { entitlement } = served([aFact('ga')], { entitlement: facts(model) }, facts(service)) ?? {};

    expect(factAt(entitlement ?? [], NOW)?.value).toBe(needed);
  });

  test.each([
    ['the service', 'open', ['allowlist', 'open', 'allowlist']],
    ['the model', 'private-offer', ['allowlist', 'private-offer', 'allowlist']],
  ] as const)('needs for its days what an operator says of %s, and what the catalog says on all others', (who, value, needed) => {
    const mine = aFact<EntitlementKind>(value, { from: '2026-11-01', to: '2026-12-01', by: 'operator' });
    const [gated, open] = [aFact<EntitlementKind>('allowlist'), aFact<EntitlementKind>('open')];
    const [service, model] = who === 'the service' ? [[gated, mine], [open]] : [[open], [gated, mine]];

    const { entitlement = [] } = served([aFact('ga')], { entitlement: model }, service) ?? {};

    const days = ['2026-10-31', '2026-11-01', '2026-12-01'];
    expect(days.map((asOf) => factAt(entitlement, { ...NOW, asOf })?.value)).toEqual(needed);
  });

  test('needs what the model needs on days of which the service says nothing', () => {
    const service = [aFact<EntitlementKind>('open', { from: '2026-11-10', to: '2026-11-20' })];

    const { entitlement = [] } = served([aFact('ga')], { entitlement: [aFact<EntitlementKind>('allowlist')] }, service) ?? {};

    const days = ['2026-11-09', '2026-11-10', '2026-11-20'];
    expect(days.map((asOf) => factAt(entitlement, { ...NOW, asOf })?.value)).toEqual(['allowlist', 'allowlist', 'allowlist']);
  });

  test('is what both facts that hold on a day say, whoever says them, and no fact of it has the id of another', () => {
    fc.assert(
      fc.property(stages, stages, moments, (service, model, at) => {
        const { stage = [] } = served(service, { stage: model }) ?? {};
        const both = [factAt(service, at), factAt(model, at)].filter((fact) => fact !== undefined);
        const holding = stage.filter((fact) => factAt([fact], at) !== undefined);

        const said = { value: weakest(both), by: both.some(({ by }) => by === 'operator') ? 'operator' : 'catalog' };
        expect(holding.map(({ value, by }) => ({ value, by }))).toEqual(both.length === 2 ? [said] : []);
        expect(new Set(stage.map(({ id }) => id)).size).toBe(stage.length);
      }),
      { numRuns: 1_000 },
    );
  });

  test("is the operator's word where one of the two is", () => {
    const suspended = aFact<Stage>('suspended', { from: '2026-11-01', to: '2026-12-01', by: 'operator' });
    const facts = [aFact<Stage>('ga'), suspended];

    for (const stage of [served(facts, {})?.stage, served([aFact('ga')], { stage: facts })?.stage]) {
      const found = (asOf: string) => factAt(stage ?? [], { ...NOW, asOf });
      expect(['2026-10-31', '2026-11-01', '2026-12-01'].map((day) => found(day)?.value)).toEqual(['ga', 'suspended', 'ga']);
      expect(found('2026-11-01')?.by).toBe('operator');
    }
  });
});

describe('a service, as it is written', () => {
  const codex = (more: object = {}) =>
    rawSurface({ product: 'codex', serves: SURFACE, stage: [rawFact('ga', { from: '2026-06-01' })], ...more });
  const written = (more: object = {}) =>
    rawCatalog({ surfaces: { [SURFACE]: rawSurface(), 'aws/commercial/codex': codex(more) } });

  test('is found by its own product', () => {
    const { catalog, problems } = build(aPart(written()));

    expect(problems).toEqual([]);
    expect(catalog.offerings.get('codex/gpt-6-sol')?.map(({ id, stage }) => [id, stage.map(({ from }) => from)])).toEqual([
      ['aws/commercial/codex/us-east-1/gpt-6-sol', ['2026-06-01']],
    ]);
  });

  test('is refused over a surface that is not there', () => {
    const [problem] = problemsOf(aPart(written({ serves: 'aws/commercial/mantel' })));

    expect(problem).toMatch(
      /^aws.yaml surfaces.aws\/commercial\/codex.serves: there is no surface "aws\/commercial\/mantel" \(nearest: aws\/commercial\/mantle, /,
    );
  });

  test('may stand before the surface that it serves, also in an earlier part', () => {
    const surfaces = { 'aws/commercial/codex': codex(), [SURFACE]: rawSurface() };
    const { surfaces: _none, ...rest } = rawCatalog();
    const earlier = aPart({ recordedAt: RECORDED_AT, surfaces: { 'aws/commercial/codex': codex() } }, { name: 'a.yaml' });

    for (const parts of [[aPart({ ...rest, surfaces })], [earlier, aPart(rawCatalog())]]) {
      const { catalog, problems } = build(...parts);
      expect(problems).toEqual([]);
      expect(catalog.offerings.get('codex/gpt-6-sol')).toHaveLength(1);
    }
  });

  test('needs what its surface says, also of models that nobody knows there', () => {
    const { catalog } = build(aPart(written({ entitlement: [rawFact('trusted-access')] })));

    const offering = offeringOf(catalog, 'aws/commercial/codex/us-east-1/gpt-6-sol');
    expect(offering?.entitlement.map(({ value }) => value)).toEqual(['trusted-access']);
    expect(catalog.surfaces.get('aws/commercial/codex')?.entitlement.map(({ value }) => value)).toEqual(['trusted-access']);
  });

  test('is refused with two stages on one day', () => {
    const stage = [rawFact('public-preview'), rawFact('ga', { from: '2026-06-01' })];

    expect(problemsOf(aPart(written({ stage })))).toEqual([
      expect.stringContaining('surfaces.aws/commercial/codex.stage.1: overlaps '),
    ]);
  });

  test('has what an operator says of its model', () => {
    const place = { scope: 'in-region', processing: ['us'], storage: ['us'] };
    const mine = byOperator({
      surfaces: { [SURFACE]: { places: { 'us-west-2': place } }, 'aws/commercial/codex': { places: { 'us-west-2': place } } },
      offerings: [
        { surface: SURFACE, places: ['us-east-1', 'us-west-2'], model: 'gpt-6-sol', stage: [rawFact('private-preview')] },
      ],
    });
    const { catalog } = build(aPart(written()), mine);

    const stageAt = (name: string) => factAt(offeringOf(catalog, `aws/commercial/codex/${name}/gpt-6-sol`)?.stage ?? [], NOW);
    expect([stageAt('us-east-1'), stageAt('us-west-2')]).toEqual([
      expect.objectContaining({ value: 'private-preview', by: 'operator' }),
      expect.objectContaining({ value: 'private-preview', by: 'operator' }),
    ]);
  });
});
