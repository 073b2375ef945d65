import { describe, expect, test } from 'vitest';
import { SCOPES, STAGES } from '../../workflows/domain/catalog.ts';
import { rawCatalog, rawFact, rawOffering, rawSurface, refusalsOf, SOURCE, SURFACE } from './catalog-parts.ts';

function inOffering(more: object): readonly string[] {
  return refusalsOf(rawCatalog({ offerings: [rawOffering({ ...more })] }));
}

function inSurface(more: object): readonly string[] {
  return refusalsOf(rawCatalog({ surfaces: { [SURFACE]: rawSurface({ ...more }) } }));
}

describe('the form of a catalog', () => {
  test('is right, and may be empty', () => {
    expect(refusalsOf(rawCatalog())).toEqual([]);
    expect(refusalsOf({})).toEqual([]);
  });

  test.each(STAGES)('knows the stage %s', (stage) => {
    expect(inOffering({ stage: [rawFact(stage)] })).toEqual([]);
  });

  test.each(SCOPES)('knows the scope %s', (scope) => {
    expect(inSurface({ places: { here: { scope, processing: [], storage: [] } } })).toEqual([]);
  });
});

describe('a fact is refused', () => {
  test('without a source', () => {
    expect(inOffering({ stage: [rawFact('ga', { sources: [] })] })).toEqual([
      'offerings.0.stage.0.sources: must have at least one source: a fact without one is a rumour',
    ]);
    expect(inOffering({ stage: [rawFact('ga', { sources: undefined })] })).toEqual([
      expect.stringContaining('offerings.0.stage.0.sources'),
    ]);
  });

  test.each(['2026-02-29', '2026-13-01', '2026-04-31', '2026-00-10', '2026-1-1', '2026-11-22T00:00:00Z', 'soon', ''])(
    'with a day that no calendar has: "%s"',
    (from) => {
      expect(inOffering({ stage: [rawFact('ga', { from })] })).toEqual([
        'offerings.0.stage.0.from: must be a day such as 2026-11-17',
      ]);
    },
  );

  test.each([
    ['to', { to: '2027-02-29' }],
    ['verifiedOn', { verifiedOn: '2027-02-29' }],
    ['sources.0', { sources: [{ ...SOURCE, seenOn: '2027-02-29' }] }],
    ['recordedAt', { recordedAt: '2026-11-22' }],
    ['supersededAt', { supersededAt: 'yesterday' }],
  ])('with such a day or time as its %s', (key, more) => {
    expect(inOffering({ stage: [rawFact('ga', more)] })).toEqual([expect.stringContaining(`offerings.0.stage.0.${key}`)]);
  });

  test('on a leap day no more than on any other', () => {
    expect(inOffering({ stage: [rawFact('ga', { from: '2024-02-29' })] })).toEqual([]);
  });

  test.each(['2026-01-01', '2025-12-31'])('when it ends on %s, before or as it begins', (to) => {
    expect(inOffering({ stage: [rawFact('ga', { to })] })).toEqual(['offerings.0.stage.0.to: must be later than from']);
  });

  test.each([
    '2026-11-22T00:00:00',
    '2026-11-22T00:00:00+00:00',
    '2026-11-22T02:00:00+02:00',
    '2026-11-22t00:00:00z',
    '2026-11-22T00:00Z',
    '2026-11-22 00:00:00Z',
    '2026-11-22T00:00:00.0000Z',
    '2026-02-29T00:00:00Z',
    '2026-04-31T23:59:59Z',
    '2026-11-22T25:00:00Z',
    '2026-11-22T00:60:00Z',
    '2026-11-22',
    '',
  ])('with a time that is none in UTC: "%s"', (time) => {
    const problem = 'must be a time in UTC such as 2026-11-22T00:00:00Z';

    expect(inOffering({ stage: [rawFact('ga', { recordedAt: time })] })).toEqual([`offerings.0.stage.0.recordedAt: ${problem}`]);
    expect(inOffering({ stage: [rawFact('ga', { supersededAt: time })] })).toEqual([
      `offerings.0.stage.0.supersededAt: ${problem}`,
    ]);
    expect(refusalsOf({ recordedAt: time })).toEqual([`recordedAt: ${problem}`]);
  });

  test.each(['2026-11-22T00:00:00Z', '2026-11-22T23:59:59.9Z', '2024-02-29T12:00:00.123Z'])('not with the time %s', (time) => {
    expect(inOffering({ stage: [rawFact('ga', { recordedAt: time })] })).toEqual([]);
  });

  test.each([
    ['2026-11-01T00:00:00Z', ['offerings.0.stage.0.supersededAt: must be later than recordedAt']],
    ['2026-11-01T00:00:00.000Z', ['offerings.0.stage.0.supersededAt: must be later than recordedAt']],
    ['2026-10-31T23:59:59Z', ['offerings.0.stage.0.supersededAt: must be later than recordedAt']],
    ['2026-11-01T00:00:00.001Z', []],
  ])('when it was recorded on 2026-11-01 and is superseded at %s, or not', (supersededAt, refusals) => {
    expect(inOffering({ stage: [rawFact('ga', { recordedAt: '2026-11-01T00:00:00Z', supersededAt })] })).toEqual(refusals);
  });

  test.each([
    ['stage', { stage: [rawFact('beta')] }],
    ['entitlement', { entitlement: [rawFact('bribe')] }],
    ['limits', { limits: [rawFact({ contextTokens: 0 })] }],
    ['limits', { limits: [rawFact({ contextTokens: 1.5 })] }],
    ['limits', { limits: [rawFact({ contextTokens: 272_000, tokens: 1 })] }],
    ['price', { price: [rawFact({ inputUsdPerMillion: 1 })] }],
    ['price', { price: [rawFact({ inputUsdPerMillion: -1, outputUsdPerMillion: 1 })] }],
    ['price', { price: [rawFact({ inputUsdPerMillion: 2_000_000, outputUsdPerMillion: 1 })] }],
    ['retirement', { retirement: [rawFact({ shutdown: '2027-02-30' })] }],
    ['capabilities', { capabilities: { tools: [rawFact('maybe')] } }],
  ])('with a %s that is none: %j', (key, more) => {
    const refusals = inOffering(more);

    expect(refusals.length).toBeGreaterThan(0);
    expect(refusals.filter((refusal) => !refusal.startsWith(`offerings.0.${key}`))).toEqual([]);
  });

  test('with a key that nobody reads', () => {
    expect(inOffering({ stage: [rawFact('ga', { since: '2026-01-01' })] })).toEqual([
      'offerings.0.stage.0: Unrecognized key: "since"',
    ]);
  });
});

describe('what is refused', () => {
  test('is an unknown capability, of an offering and of a surface', () => {
    const capabilities = { telepathy: [rawFact('yes')] };

    expect(inOffering({ capabilities })).toEqual(['offerings.0.capabilities: Unrecognized key: "telepathy"']);
    expect(inSurface({ capabilities })).toEqual([`surfaces.${SURFACE}.capabilities: Unrecognized key: "telepathy"`]);
  });

  test('is an unknown program, and what cannot be had under zero retention but nobody knows', () => {
    const kept = { zeroRetention: 'yes', defaultDays: 30, flaggedDays: null, blocks: ['telepathy'] };

    expect(inSurface({ compliance: { iso9: [rawFact('yes')] } })).toEqual([
      `surfaces.${SURFACE}.compliance: Unrecognized key: "iso9"`,
    ]);
    expect(inSurface({ retention: [rawFact(kept)] })).toEqual([expect.stringContaining('retention.0.value.blocks.0')]);
  });

  test.each(['amazon/commercial/api', 'aws/secret/api', 'aws/commercial', 'aws/commercial/Api', 'aws/commercial/api/'])(
    'is the surface %s',
    (id) => {
      expect(refusalsOf({ surfaces: { [id]: rawSurface() } })).toHaveLength(1);
    },
  );

  test.each([
    ['a geography in upper case', { scope: 'geo', processing: ['US'], storage: [] }],
    ['one that is too long', { scope: 'geo', processing: ['europe'], storage: [] }],
    ['a scope that is none', { scope: 'zonal', processing: [], storage: [] }],
    ['a place without storage', { scope: 'geo', processing: [] }],
  ])('is %s', (_what, place) => {
    expect(inSurface({ places: { here: place } })).toEqual([expect.stringContaining(`surfaces.${SURFACE}.places.here`)]);
  });

  test('is an offering without a place, or with a name that an id cannot have', () => {
    expect(inOffering({ places: [] })).toEqual(['offerings.0.places: must name at least one place']);
    expect(inOffering({ model: 'openai/gpt-6-sol' })).toEqual([
      expect.stringContaining('offerings.0.model: must be made of letters'),
    ]);
  });

  test('is a source whose evidence is none', () => {
    expect(refusalsOf({ sources: { blog: { ...SOURCE, evidence: 'hearsay' } } })).toEqual([
      expect.stringContaining('sources.blog.evidence'),
    ]);
  });

  describe('of a contract', () => {
    const term = { id: 'a', kind: 'first-ship', parties: ['openai'], from: '2026-04-27', statement: 'Azure first.' };

    test('is one without a source', () => {
      expect(refusalsOf({ terms: [{ ...term, sources: [] }] })).toEqual(['terms.0.sources: must have at least one source']);
    });

    test.each([
      ['2026-04-26', ['terms.0.to: must be later than from']],
      ['2026-04-27', ['terms.0.to: must be later than from']],
      ['2026-04-28', []],
    ])('is one from 2026-04-27 to %s, or not', (to, refusals) => {
      expect(refusalsOf({ terms: [{ ...term, to, sources: [SOURCE] }] })).toEqual(refusals);
    });
  });
});
