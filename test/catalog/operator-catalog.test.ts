/** What an operator adds to the built-in catalog, corrects or ends. */
import { describe, expect, test } from 'vitest';
import type { CatalogPart } from '../../activities/catalog/facts.ts';
import { factAt } from '../../workflows/domain/fact-in-force.ts';
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
  SURFACE,
} from './catalog-parts.ts';

const OFFERING = `${SURFACE}/us-east-1/gpt-6-sol`;
const NOW = { asOf: '2026-11-22', knownAt: '2026-11-22T00:00:00.000Z' };

function stageOf({ catalog }: ReturnType<typeof build>, asOf: string): string | undefined {
  return factAt(offeringOf(catalog, OFFERING)?.stage ?? [], { ...NOW, asOf })?.value;
}

describe('an operator', () => {
  const builtIn = aPart(rawCatalog({ offerings: [rawOffering({ stage: [rawFact('public-preview')] })] }));

  test('wins for the days of which he speaks, and for no others', () => {
    const mine = byOperator({ offerings: [rawOffering({ stage: [rawFact('ga', { from: '2026-11-10', to: '2026-11-20' })] })] });

    const built = build(builtIn, mine);
    expect(['2026-11-09', '2026-11-10', '2026-11-19', '2026-11-20'].map((day) => stageOf(built, day))).toEqual([
      'public-preview',
      'ga',
      'ga',
      'public-preview',
    ]);
  });

  test('adds a place to a surface, and sells there', () => {
    const place = { scope: 'in-region', processing: ['se'], storage: ['se'] };
    const mine = byOperator({
      surfaces: { [SURFACE]: { places: { 'eu-north-1': place } } },
      offerings: [rawOffering({ places: ['eu-north-1'] })],
    });
    const { catalog, problems } = build(builtIn, mine);

    expect(problems).toEqual([]);
    expect(Object.keys(catalog.surfaces.get(SURFACE)?.places ?? {})).toEqual(['us-east-1', 'global', 'eu-north-1']);
    expect(offeringOf(catalog, `${SURFACE}/eu-north-1/gpt-6-sol`)?.place).toMatchObject({
      processing: ['se'],
      failureDomains: ['cloud:aws'],
    });
  });

  test('changes where a place is, for what the catalog sells there', () => {
    const place = { scope: 'in-region', processing: ['ca'], storage: ['ca'] };
    const mine = byOperator({ surfaces: { [SURFACE]: { places: { 'us-east-1': place } } } });

    expect(offeringOf(build(builtIn, mine).catalog, OFFERING)?.place.processing).toEqual(['ca']);
  });

  test('adds an offering, a model, a surface and a region', () => {
    const mine = byOperator({
      surfaces: {
        'openrouter/commercial/api': rawSurface({ upstream: 'openai' }),
        [SURFACE]: { regions: { 'eu-west-3': 'fr' } },
      },
      offerings: [rawOffering({ model: 'gpt-7' }), rawOffering({ surface: 'openrouter/commercial/api' })],
    });
    const { catalog, problems } = build(builtIn, mine);

    expect(problems).toEqual([]);
    expect([...catalog.offerings.keys()]).toEqual(['model/gpt-6-sol', 'model/gpt-7']);
    expect(catalog.offerings.get('model/gpt-6-sol')?.map(({ surface }) => surface.seller)).toEqual(['aws', 'openrouter']);
    expect(catalog.surfaces.get(SURFACE)?.regions).toEqual({ 'eu-west-3': 'fr' });
  });

  test.each([
    ['product', 'codex'],
    ['apis', ['messages']],
    ['state', 'pinned'],
    ['quota', 'shared'],
    ['commitments', ['aws-edp']],
    ['upstream', 'openai'],
    ['recommendation', 1],
    ['domains', ['cloud:other']],
  ])('changes nothing of what a surface is: another %s is refused', (key, value) => {
    const mine = byOperator({ surfaces: { [SURFACE]: { [key]: value } } });

    expect(problemsOf(builtIn, mine)).toEqual([
      `catalog surfaces.${SURFACE}.${key}: is there already for this surface and cannot be changed: remove it; what can be added is places, regions, capabilities, compliance, retention, stage, entitlement, serves`,
    ]);
    expect(build(builtIn, mine).catalog.surfaces.get(SURFACE)).toEqual(build(builtIn).catalog.surfaces.get(SURFACE));
  });

  test('moves no place and no region that is there, but adds others', () => {
    const before = aPart(rawCatalog({ surfaces: { [SURFACE]: rawSurface({ regions: { eastus2: 'us' } }) } }));
    const place = { scope: 'geo', processing: ['eu'], storage: ['eu'] };
    const moved = byOperator({ surfaces: { [SURFACE]: { places: { 'us-east-1': place }, regions: { eastus2: 'de' } } } });
    const added = byOperator({ surfaces: { [SURFACE]: { regions: { eastus2: 'us', swedencentral: 'se' } } } });

    expect(problemsOf(before, moved)).toEqual([
      `catalog surfaces.${SURFACE}.places.us-east-1: is there already and cannot be changed: add a place of another name`,
      `catalog surfaces.${SURFACE}.regions.eastus2: is in us already and cannot be changed to de: remove it`,
    ]);
    expect(problemsOf(before, added)).toEqual([]);
    expect(build(before, added).catalog.surfaces.get(SURFACE)?.regions).toEqual({ eastus2: 'us', swedencentral: 'se' });
  });

  test('says what a surface has been certified for', () => {
    const before = aPart(rawCatalog({ surfaces: { [SURFACE]: rawSurface({ compliance: { soc2: [rawFact('unknown')] } }) } }));
    const mine = byOperator({ surfaces: { [SURFACE]: { compliance: { soc2: [rawFact('yes')], il5: [rawFact('no')] } } } });
    const { compliance } = build(before, mine).catalog.surfaces.get(SURFACE) ?? {};

    expect([factAt(compliance?.soc2 ?? [], NOW)?.value, factAt(compliance?.il5 ?? [], NOW)?.value]).toEqual(['yes', 'no']);
  });

  test('says what one offering needs over what its surface says of most', () => {
    const before = aPart(rawCatalog({ surfaces: { [SURFACE]: rawSurface({ entitlement: [rawFact('allowlist')] }) } }));
    const mine = byOperator({ offerings: [rawOffering({ stage: [], entitlement: [rawFact('open', { from: '2026-11-10' })] })] });
    const facts = offeringOf(build(before, mine).catalog, OFFERING)?.entitlement ?? [];

    expect(['2026-11-09', '2026-11-10'].map((asOf) => factAt(facts, { ...NOW, asOf })?.value)).toEqual(['allowlist', 'open']);
  });

  describe('who speaks of a surface or of one of its offerings for some days', () => {
    const days = ['2026-11-09', '2026-11-10', '2026-11-19', '2026-11-20'];
    const mine = (value: string) => [rawFact(value, { from: '2026-11-10', to: '2026-11-20' })];
    const written = ({ surface = {}, offering = {} }: { surface?: object; offering?: object }) =>
      aPart(rawCatalog({ surfaces: { [SURFACE]: rawSurface({ ...surface }) }, offerings: [rawOffering({ ...offering })] }));
    const valuesOf = (...parts: readonly CatalogPart[]) => {
      const { catalog, problems } = build(...parts);
      expect(problems).toEqual([]);
      const { entitlement = [], capabilities } = offeringOf(catalog, OFFERING) ?? {};
      const on = (facts: typeof entitlement | NonNullable<typeof capabilities>['tools'] = []) =>
        days.map((asOf) => factAt<unknown>(facts, { ...NOW, asOf })?.value);
      return { entitlement: on(entitlement), tools: on(capabilities?.tools) };
    };
    const catalogs = { entitlement: [rawFact('allowlist')], capabilities: { tools: [rawFact('no')] } };
    const operators = { entitlement: mine('open'), capabilities: { tools: mine('yes') } };
    const expected = {
      entitlement: ['allowlist', 'open', 'open', 'allowlist'],
      tools: ['no', 'yes', 'yes', 'no'],
    };

    test.each([
      ['offering', 'surface'],
      ['offering', 'offering'],
      ['surface', 'surface'],
      ['surface', 'offering'],
    ])('at the %s, wins over what the catalog says at the %s for those days alone', (own, theirs) => {
      const said =
        own === 'surface' ? { surfaces: { [SURFACE]: operators } } : { offerings: [rawOffering({ stage: [], ...operators })] };

      expect(valuesOf(written({ [theirs]: catalogs }), byOperator(said))).toEqual(expected);
    });

    test('at both, is heard at the offering for its days, and at the surface on the others', () => {
      const said = {
        surfaces: { [SURFACE]: { entitlement: [rawFact('private-offer')], capabilities: { tools: [rawFact('unknown')] } } },
        offerings: [rawOffering({ stage: [], ...operators })],
      };

      expect(valuesOf(written({ surface: catalogs }), byOperator(said))).toEqual({
        entitlement: ['private-offer', 'open', 'open', 'private-offer'],
        tools: ['unknown', 'yes', 'yes', 'unknown'],
      });
    });
  });
});
