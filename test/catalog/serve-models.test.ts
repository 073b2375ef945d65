import { describe, expect, test } from 'vitest';
import { serveModels } from '../../activities/catalog/serve-models.ts';
import type { EntitlementKind, Fact, Offering, Stage } from '../../workflows/domain/catalog.ts';
import { factAt } from '../../workflows/domain/fact-in-force.ts';
import { aFact, anOffering, aPlace, aSource, aSurface, NOW } from '../support/catalog-builders.ts';
import { aPart, build, byOperator, offeringOf, problemsOf, rawCatalog, rawFact, rawSurface, SURFACE } from './catalog-parts.ts';

const CODEX = 'azure/commercial/codex';
const MODELS = aSurface();

/** The service of these stages over one model of those. */
function served(stage: readonly Fact<Stage>[], model: Partial<Offering>, entitlement: readonly Fact<EntitlementKind>[] = []) {
  const surface = aSurface({ id: CODEX, product: 'codex', capabilities: { tools: [aFact('yes')] } });
  const [offering] = serveModels({ surface, serves: MODELS.id, stage, entitlement }, [anOffering({ surface: MODELS, ...model })]);
  return offering;
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
      /^aws.yaml surfaces.aws\/commercial\/codex.serves: there is no surface "aws\/commercial\/mantel": .*nearest: aws\/commercial\/mantle/,
    );
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
