import { aDeployment, pricesOf } from '../support/builders.ts';
import { describe, expect, test } from 'vitest';
import type { Surface, Tri } from '../../workflows/domain/catalog.ts';
import { SCOPES } from '../../workflows/domain/catalog.ts';
import type { Reason } from '../../workflows/domain/reason.ts';
import type { Residency, TenantPolicy } from '../../workflows/domain/tenant-policy.ts';
import { aFact, aPlace, aPlacedDeployment, aSource, aSurface, codesOf, reasonsFor, TODAY } from '../support/catalog-builders.ts';

const URL = 'https://example.com/models';
const ALLOW: Partial<TenantPolicy> = { onUnknown: 'allow-with-warning' };

function at(surface: Partial<Surface>) {
  return { surface: aSurface(surface) };
}

describe('a denied cloud', () => {
  test('is denied with all that the tenant denies', () => {
    expect(reasonsFor({}, { policy: { deny: ['google', 'azure'] } })).toEqual([
      {
        code: 'TENANT_DENY',
        severity: 'hard',
        expected: 'nothing of google, azure',
        actual: 'azure',
        remedy: 'change deny of the tenant',
      },
    ]);
  });

  test.each([
    ['aws', false],
    ['azure/*', true],
    ['*/eastus2/*', true],
    ['azure/commercial/foundry/eastus2/gpt-6.1-sol', true],
    ['azure/us-gov/*', false],
    ['*', false],
  ])('is what %s stands for: %s', (denied, isDenied) => {
    expect(codesOf(reasonsFor({}, { policy: { deny: [denied] } }))).toEqual(isDenied ? ['TENANT_DENY'] : []);
  });

  test('is denied through whoever sells it on', () => {
    const offering = at({ seller: 'snowflake', upstream: 'aws' });

    expect(codesOf(reasonsFor(offering, { policy: { deny: ['aws'], allowResellers: true } }))).toEqual(['TENANT_DENY']);
  });
});

describe('the clouds that a task names', () => {
  test('are the only ones', () => {
    expect(reasonsFor({}, { policy: { clouds: ['aws', 'google'] } })).toEqual([
      {
        code: 'TENANT_DENY',
        severity: 'hard',
        expected: 'aws, google',
        actual: 'azure',
        remedy: 'change clouds of the task',
      },
    ]);
  });

  test.each([['*' as const], [['azure' as const]], [['aws', 'azure'] as const]])('are not left by Azure with %j', (clouds) => {
    expect(reasonsFor({}, { policy: { clouds } })).toEqual([]);
  });

  test.each([
    [['snowflake'], []],
    [['snowflake', 'aws'], []],
    [['aws'], ['TENANT_DENY']],
  ] as const)('are those who sell, not those who serve for a reseller: %j', (clouds, codes) => {
    const offering = at({ seller: 'snowflake', upstream: 'aws' });

    expect(codesOf(reasonsFor(offering, { policy: { clouds, allowResellers: true } }))).toEqual(codes);
  });

  test('are told beside what the tenant denies', () => {
    const reasons = reasonsFor({}, { policy: { clouds: ['aws'], deny: ['azure/*'] } });

    expect(reasons.map(({ code, remedy }) => [code, remedy])).toEqual([
      ['TENANT_DENY', 'change clouds of the task'],
      ['TENANT_DENY', 'change deny of the tenant'],
    ]);
  });
});

describe('a standard cloud', () => {
  test('is the only one when it is strict', () => {
    expect(reasonsFor({}, { policy: { standardCloud: 'aws', strictStandard: true } })).toEqual([
      {
        code: 'NOT_STANDARD_CLOUD',
        severity: 'hard',
        expected: 'aws',
        actual: 'azure',
        remedy: 'strictStandard allows the standard cloud alone',
      },
    ]);
    expect(reasonsFor({}, { policy: { standardCloud: 'azure', strictStandard: true } })).toEqual([]);
  });

  test('excludes nobody when it is not', () => {
    expect(reasonsFor({}, { policy: { standardCloud: 'aws' } })).toEqual([]);
  });
});

describe('a reseller', () => {
  const resold = at({ seller: 'snowflake', upstream: 'aws' });

  test('may not serve unless the policy says so', () => {
    expect(reasonsFor(resold)).toEqual([
      {
        code: 'RESELLER',
        severity: 'hard',
        expected: 'no reseller',
        actual: 'snowflake sells on what aws serves',
        remedy: 'set allowResellers',
      },
    ]);
    expect(reasonsFor(resold, { policy: { allowResellers: true } })).toEqual([]);
  });
});

describe('a partition', () => {
  test('must be one that the policy names', () => {
    const policy: Partial<TenantPolicy> = { partitions: ['us-gov'] };

    expect(reasonsFor({}, { policy })).toEqual([
      {
        code: 'PARTITION',
        severity: 'hard',
        expected: 'us-gov',
        actual: 'commercial',
        remedy: 'add it to partitions',
      },
    ]);
    expect(reasonsFor(at({ partition: 'us-gov' }), { policy })).toEqual([]);
  });
});

describe('residency', () => {
  const within = (residency: Partial<Residency>, more: Partial<TenantPolicy> = {}) => ({
    policy: { residency: { processing: '*', storage: '*', maxScope: 'global', ...residency } satisfies Residency, ...more },
  });
  const placed = (place: Parameters<typeof aPlace>[0]) => ({ place: aPlace(place) });

  test('excludes what is processed outside', () => {
    expect(reasonsFor(placed({ processing: ['us', 'ca'] }), within({ processing: ['us', 'eu'] }))).toEqual([
      {
        code: 'RESIDENCY_PROCESSING',
        severity: 'hard',
        expected: 'within us, eu',
        actual: 'us, ca',
        remedy: 'use a place within the residency',
      },
    ]);
  });

  test('excludes what is kept outside', () => {
    expect(reasonsFor(placed({ storage: ['*'] }), within({ storage: ['eu'] }))).toEqual([
      {
        code: 'RESIDENCY_STORAGE',
        severity: 'hard',
        expected: 'within eu',
        actual: 'anywhere',
        remedy: 'use a place within the residency',
      },
    ]);
  });

  test.each([
    ['us', ['us'], true],
    ['eu', ['se'], true],
    ['se', ['eu'], false],
    ['eu', ['gb'], false],
    ['eu', ['eu', 'us'], false],
    ['us', ['*'], false],
  ])('within %s holds %j: %s', (allowed, geos, isIn) => {
    const asked = within({ processing: [allowed], storage: [allowed] });

    expect(codesOf(reasonsFor(placed({ processing: geos, storage: geos }), asked))).toEqual(
      isIn ? [] : ['RESIDENCY_PROCESSING', 'RESIDENCY_STORAGE'],
    );
  });

  test('is not asked where nothing is made of it yet: a resource chooses where it keeps', () => {
    expect(reasonsFor(placed({ storage: 'chosen' }), within({ storage: ['eu'] }))).toEqual([]);
  });

  test.each([
    ['deny', 'hard'],
    ['allow-with-warning', 'soft'],
  ] as const)('of what is not known is, with %s, %s', (onUnknown, severity) => {
    const remedy = 'give the endpoint its region, and the region its geography under catalog';
    const told = { severity, expected: 'within us', actual: 'not known', remedy };
    const asked = within({ processing: ['us'], storage: ['us'] }, { onUnknown });

    expect(reasonsFor(placed({ processing: [], storage: [] }), asked)).toEqual([
      { code: 'RESIDENCY_PROCESSING', ...told },
      { code: 'RESIDENCY_STORAGE', ...told },
    ]);
  });

  test('of a configured endpoint is as hard as of any', () => {
    const reasons = reasonsFor(placed({ processing: ['eu'] }), {
      ...within({ processing: ['us'] }),
      placed: aPlacedDeployment(),
    });

    expect(reasons).toEqual([expect.objectContaining({ code: 'RESIDENCY_PROCESSING', severity: 'hard' })]);
  });

  test.each(SCOPES.flatMap((is, width) => SCOPES.map((maxScope, most) => [is, maxScope, width > most] as const)))(
    'finds the scope %s wider than %s: %s',
    (scope, maxScope, isWider) => {
      const reason: Reason = {
        code: 'SCOPE_TOO_WIDE',
        severity: 'hard',
        expected: `${maxScope} at most`,
        actual: scope,
        remedy: 'configure a deployment of a narrower scope, where the cloud has one',
      };

      expect(reasonsFor(placed({ scope }), within({ maxScope }))).toEqual(isWider ? [reason] : []);
    },
  );

  test('in named places finds what is global too wide, wherever it says that it is', () => {
    const reasons = reasonsFor(placed({ scope: 'global', processing: ['us'] }), within({ processing: ['us'] }));

    expect(reasons).toEqual([expect.objectContaining({ code: 'SCOPE_TOO_WIDE', expected: 'geo at most', actual: 'global' })]);
  });
});

describe('compliance', () => {
  const certified = (value: Tri, overrides: Parameters<typeof aFact>[1] = {}) =>
    at({ compliance: { 'hipaa-baa': [aFact<Tri>(value, { id: 'report', sources: [aSource()], ...overrides, value })] } });
  const policy: Partial<TenantPolicy> = { compliance: ['hipaa-baa'] };

  test('is there when a fact says yes, and nobody asks when it is not asked for', () => {
    expect(reasonsFor(certified('yes'), { policy })).toEqual([]);
    expect(reasonsFor(certified('no'))).toEqual([]);
  });

  test('is not there when a fact says no, until the day on which it will be', () => {
    const facts = [aFact<Tri>('no', { id: 'report', to: '2027-01-01' }), aFact<Tri>('yes', { from: '2027-01-01' })];

    expect(reasonsFor(at({ compliance: { 'hipaa-baa': facts } }), { policy: { ...policy, ...ALLOW } })).toEqual([
      {
        code: 'COMPLIANCE_NO',
        severity: 'hard',
        expected: 'hipaa-baa',
        actual: 'no',
        facts: ['report'],
        sources: [URL],
        clearsOn: '2027-01-01',
        remedy: 'choose another cloud or partition',
      },
    ]);
  });

  test.each([
    ['deny', 'hard'],
    ['allow-with-warning', 'soft'],
  ] as const)('that is not known is, with %s, %s', (onUnknown, severity) => {
    const reason: Reason = {
      code: 'COMPLIANCE_UNKNOWN',
      severity,
      expected: 'hipaa-baa',
      actual: 'not known',
      remedy: 'ask the cloud for its hipaa-baa report, then say so under catalog in the configuration',
    };

    expect(reasonsFor({}, { policy: { ...policy, onUnknown } })).toEqual([reason]);
    expect(reasonsFor(certified('unknown'), { policy: { ...policy, onUnknown } })).toEqual([
      { ...reason, facts: ['report'], sources: [URL] },
    ]);
  });

  test('that begins later is not known before', () => {
    const later = certified('yes', { from: '2026-12-01' });

    expect(reasonsFor(later, { policy })).toEqual([
      expect.objectContaining({ code: 'COMPLIANCE_UNKNOWN', severity: 'hard', clearsOn: '2026-12-01' }),
    ]);
  });

  test('is asked for with each program that is missing', () => {
    const reasons = reasonsFor(certified('yes'), { policy: { compliance: ['soc2', 'hipaa-baa', 'il5'] } });

    expect(reasons.map(({ code, expected }) => [code, expected])).toEqual([
      ['COMPLIANCE_UNKNOWN', 'soc2'],
      ['COMPLIANCE_UNKNOWN', 'il5'],
    ]);
  });

  test('rests on no weak word, even for a configured endpoint', () => {
    const rumour = certified('yes', { sources: [aSource({ evidence: 'inferred' })] });

    expect(reasonsFor(rumour, { policy, placed: aPlacedDeployment() })).toEqual([
      expect.objectContaining({ code: 'EVIDENCE_TOO_WEAK', severity: 'hard', actual: 'inferred', facts: ['report'] }),
    ]);
  });

  test('rests on no old word', () => {
    const [old, fresh] = ['2026-08-23', '2026-08-24'].map((verifiedOn) => certified('yes', { verifiedOn }));

    expect(reasonsFor(fresh ?? {}, { policy })).toEqual([]);
    expect(reasonsFor(old ?? {}, { policy })).toEqual([
      expect.objectContaining({
        code: 'FACT_STALE',
        severity: 'hard',
        expected: 'looked at within 90 days',
        actual: 'compliance last looked at on 2026-08-23, 91 days before',
      }),
    ]);
  });

  test.each([
    ['deny', 'hard'],
    ['allow-with-warning', 'soft'],
  ] as const)('on an old word is, with %s, %s', (onUnknown, severity) => {
    const old = certified('yes', { verifiedOn: '2026-08-23' });

    expect(reasonsFor(old, { policy: { ...policy, onUnknown } })).toEqual([
      expect.objectContaining({ code: 'FACT_STALE', severity, facts: ['report'] }),
    ]);
  });

  test('on a weak word is refused, also by a policy that lets the unknown serve', () => {
    const rumour = certified('yes', { sources: [aSource({ evidence: 'inferred' })] });

    expect(reasonsFor(rumour, { policy: { ...policy, ...ALLOW } })).toEqual([
      expect.objectContaining({ code: 'EVIDENCE_TOO_WEAK', severity: 'hard' }),
    ]);
  });

  test('is not there before the day on which an operator ceases to deny it', () => {
    const facts = [aFact<Tri>('yes'), aFact<Tri>('no', { to: '2026-12-01', by: 'operator' })];

    expect(reasonsFor(at({ compliance: { 'hipaa-baa': facts } }), { policy })).toEqual([
      expect.objectContaining({ code: 'COMPLIANCE_NO', by: 'operator', clearsOn: '2026-12-01' }),
    ]);
  });

  test("is the operator's own word first", () => {
    const facts = [aFact<Tri>('no'), aFact<Tri>('yes', { by: 'operator' })];

    expect(reasonsFor(at({ compliance: { 'hipaa-baa': facts } }), { policy })).toEqual([]);
    expect(reasonsFor(certified('no', { by: 'operator' }), { policy })).toEqual([
      expect.objectContaining({ code: 'COMPLIANCE_NO', by: 'operator' }),
    ]);
  });
});

describe('the price', () => {
  const priced = (overrides: Parameters<typeof aFact>[1] = {}) => {
    const value = {
      inputUsdMicrosPerMillion: 2_000_000,
      cachedInputUsdMicrosPerMillion: 200_000,
      outputUsdMicrosPerMillion: 10_000_000,
    };
    return { price: [aFact(value, { id: 'list', ...overrides, value })] };
  };
  const capped = (input?: number, output?: number) => ({
    policy: {
      priceCap: {
        ...(input === undefined ? {} : { inputUsdMicrosPerMillion: input }),
        ...(output === undefined ? {} : { outputUsdMicrosPerMillion: output }),
      },
    },
  });

  test('above a cap excludes', () => {
    expect(reasonsFor(priced(), capped(2_000_000, 9_999_999))).toEqual([
      {
        code: 'PRICE_CAP',
        severity: 'hard',
        expected: 'at most $2.0000 in, $10.0000 out per million tokens',
        actual: '$2.0000 in, $10.0000 out',
        facts: ['list'],
        sources: [URL],
        remedy: 'raise priceCap, or ask for a cheaper model',
      },
    ]);
  });

  test.each([
    [undefined, undefined, true],
    [2_000_000, 10_000_000, true],
    [undefined, 10_000_000, true],
    [1_999_999, undefined, false],
    [undefined, 9_999_999, false],
    [2_000_000, 9_999_999, false],
  ])('with the caps %s and %s may serve: %s', (input, output, isBelow) => {
    expect(codesOf(reasonsFor(priced(), capped(input, output)))).toEqual(isBelow ? [] : ['PRICE_CAP']);
  });

  test.each([
    [272_000, true],
    [272_001, false],
  ])(
    'of a request with %i tokens is that of a long context, where that costs more: below the cap it is %s',
    (inputTokens, isBelow) => {
      const longContext = {
        aboveInputTokens: 272_000,
        inputUsdMicrosPerMillion: 4_000_000,
        outputUsdMicrosPerMillion: 15_000_000,
      };
      const offering = { price: priced().price.map((fact) => ({ ...fact, value: { ...fact.value, longContext } })) };
      const asked = { need: { inputTokens } };

      const dear = expect.objectContaining({ code: 'PRICE_CAP', actual: '$4.0000 in, $15.0000 out' });
      expect(reasonsFor(offering, { ...asked, ...capped(2_000_000) })).toEqual(isBelow ? [] : [dear]);
      expect(reasonsFor(offering, { ...asked, ...capped(undefined, 10_000_000) })).toEqual(isBelow ? [] : [dear]);
      expect(reasonsFor(offering, { ...asked, ...capped(4_000_000, 15_000_000) })).toEqual([]);
    },
  );

  test('that is not known is above every cap, and below none', () => {
    expect(reasonsFor({}, capped(1_000_000_000))).toEqual([
      {
        code: 'PRICE_CAP',
        severity: 'hard',
        expected: 'at most $1000.0000 in per million tokens',
        actual: 'no price is known',
        remedy: 'give the deployment its price',
      },
    ]);
    expect(reasonsFor({})).toEqual([]);
  });

  test('of a deployment is its own where the configuration gives it one', () => {
    const own = aPlacedDeployment({ ownPrices: pricesOf(aDeployment()) });
    const listed = aPlacedDeployment();

    expect(reasonsFor(priced(), { ...capped(1_000_000), placed: own })).toEqual([]);
    expect(codesOf(reasonsFor(priced(), { ...capped(1_000_000), placed: listed }))).toEqual(['PRICE_CAP']);
    expect(reasonsFor(priced(), { ...capped(999_999), placed: own })[0]).not.toHaveProperty('facts');
  });

  test('of a deployment whose own price changes is that of the day that is asked about', () => {
    const cheap = aDeployment().price;
    const dear = { ...cheap, inputUsdMicrosPerMillion: 20_000_000 };
    const ownPrices = [
      { fromMs: 0, price: cheap },
      { fromMs: Date.parse('2027-01-01'), price: dear },
    ] as const;
    const placed = aPlacedDeployment({ ownPrices });
    const codesAt = (asOf: string) => codesOf(reasonsFor({}, { ...capped(5_000_000), placed, at: { asOf } }));

    const capsAt = (asOf: string) => codesAt(asOf).filter((code) => code !== 'FACT_STALE');
    expect([capsAt('2026-12-31'), capsAt('2027-01-01')]).toEqual([[], ['PRICE_CAP']]);
  });

  test('is not held against a cap where it is known less well than the tenant asks', () => {
    const guessed = priced({ sources: [aSource({ evidence: 'inferred' })] });

    expect(codesOf(reasonsFor(guessed, capped(2_000_000)))).toEqual(['EVIDENCE_TOO_WEAK']);
    expect(codesOf(reasonsFor(guessed))).toEqual([]);
  });

  test('is that of its day', () => {
    expect(codesOf(reasonsFor(priced({ to: TODAY }), capped(2_000_000)))).toEqual(['PRICE_CAP']);
    expect(codesOf(reasonsFor(priced({ from: TODAY }), capped(2_000_000)))).toEqual([]);
  });

  test('that was looked at long ago is a warning, not where the configuration gives another', () => {
    const [old, fresh] = ['2026-10-22', '2026-10-23'].map((verifiedOn) => priced({ verifiedOn }));

    expect(reasonsFor(fresh ?? {})).toEqual([]);
    expect(reasonsFor(old ?? {}, { placed: aPlacedDeployment({ ownPrices: pricesOf(aDeployment()) }) })).toEqual([]);
    expect(reasonsFor(old ?? {})).toEqual([
      expect.objectContaining({
        code: 'FACT_STALE',
        severity: 'soft',
        expected: 'looked at within 30 days',
        actual: 'price last looked at on 2026-10-22, 31 days before',
        facts: ['list'],
      }),
    ]);
  });
});
