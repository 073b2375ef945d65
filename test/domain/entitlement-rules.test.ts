import { describe, expect, test } from 'vitest';
import type { EntitlementKind } from '../../workflows/domain/catalog.ts';
import type { Reason } from '../../workflows/domain/reason.ts';
import type { Entitlement } from '../../workflows/domain/tenant-policy.ts';
import { aFact, aPlacedDeployment, codesOf, reasonsFor, TODAY } from '../support/catalog-builders.ts';

const URL = 'https://example.com/models';
const OFFERING = 'azure/commercial/foundry/eastus2/gpt-6.1-sol';

describe('what has to be granted', () => {
  const limited = (kind: EntitlementKind) => ({ entitlement: [aFact(kind, { id: 'gate' })] });
  const remedy = `when it has been granted, add { offering: "${OFFERING}" } to the tenant's entitlements`;

  test.each(['allowlist', 'private-offer', 'trusted-access', 'gov-approval'] as const)(
    'excludes whom %s has not let in',
    (kind) => {
      const reason: Reason = {
        code: 'NOT_ENTITLED',
        severity: 'hard',
        expected: 'granted to the tenant',
        actual: `needs ${kind}`,
        facts: ['gate'],
        sources: [URL],
        remedy,
      };

      expect(reasonsFor(limited(kind))).toEqual([reason]);
      expect(reasonsFor(limited(kind), { placed: aPlacedDeployment() })).toEqual([reason]);
    },
  );

  test.each([
    ['before it begins', { from: '2026-11-23', to: null }, ['NOT_ENTITLED']],
    ['on the day on which it begins', { from: '2026-11-22', to: null }, []],
    ['on its last day', { from: '2026-01-01', to: '2026-11-23' }, []],
    ['on the day on which it ends', { from: '2026-01-01', to: '2026-11-22' }, ['NOT_ENTITLED']],
  ])('is granted %s or not', (_when, days, codes) => {
    const policy = { entitlements: [{ offering: OFFERING, ...days }] };

    expect(codesOf(reasonsFor(limited('allowlist'), { policy }))).toEqual(codes);
  });

  test('clears on the day of the next grant', () => {
    const entitlements = ['2027-01-01', '2026-12-01'].map((from) => ({ offering: OFFERING, from, to: null }));

    expect(reasonsFor(limited('allowlist'), { policy: { entitlements } })[0]?.clearsOn).toBe('2026-12-01');
  });

  test('clears on the day on which everybody is let in, when that is sooner', () => {
    const entitlement = [
      aFact<EntitlementKind>('allowlist', { to: '2026-11-30' }),
      aFact<EntitlementKind>('open', { from: '2026-11-30' }),
    ];
    const policy = { entitlements: [{ offering: OFFERING, from: '2026-12-01', to: null }] };

    expect(reasonsFor({ entitlement }, { policy })[0]?.clearsOn).toBe('2026-11-30');
  });

  test.each([
    ['*', true],
    ['azure/*', true],
    ['azure/*/gpt-6.1-sol', true],
    ['*/eastus2/*', true],
    ['aws/*', false],
    ['azure/*/gpt-6.1', false],
    ['azure', false],
    ['azure/*sol*sol', false],
    [`${OFFERING}*-sol`, false],
    ['azure/**/gpt-*', true],
  ])('is granted by the pattern %s: %s', (offering, isGranted) => {
    const policy = { entitlements: [{ offering, from: '2026-01-01', to: null }] };

    expect(codesOf(reasonsFor(limited('allowlist'), { policy }))).toEqual(isGranted ? [] : ['NOT_ENTITLED']);
  });

  test('clears on a day on which everybody is let in, not on one on which an operator says otherwise', () => {
    const entitlement = [
      aFact<EntitlementKind>('allowlist', { to: '2026-11-30' }),
      aFact<EntitlementKind>('open', { from: '2026-11-30' }),
      aFact<EntitlementKind>('private-offer', { to: '2026-12-15', by: 'operator' }),
    ];

    expect(reasonsFor({ entitlement })[0]?.clearsOn).toBe('2026-12-15');
  });

  test('is not asked for where nothing is known of it', () => {
    expect(reasonsFor({ entitlement: [] })).toEqual([]);
  });
});

describe('a quota', () => {
  const onRequest = { entitlement: [aFact<EntitlementKind>('quota-request', { id: 'gate' })] };
  const granted = (tokensPerMinute: number) => ({
    policy: { entitlements: [{ offering: OFFERING, from: '2026-01-01', to: null, tokensPerMinute }] },
  });

  test('is a warning where it has to be asked for', () => {
    expect(reasonsFor(onRequest)).toEqual([
      {
        code: 'NO_QUOTA',
        severity: 'soft',
        expected: 'a quota',
        actual: 'on request',
        facts: ['gate'],
        sources: [URL],
        remedy: 'listed is not obtainable: ask for the quota first',
      },
    ]);
  });

  test('is there where an endpoint is configured, or it was granted', () => {
    expect(reasonsFor(onRequest, { placed: aPlacedDeployment() })).toEqual([]);
    expect(reasonsFor(onRequest, granted(1_100))).toEqual([]);
  });

  test('must have room for one request', () => {
    expect(reasonsFor({}, granted(1_099))).toEqual([
      {
        code: 'NO_QUOTA',
        severity: 'hard',
        expected: '1100 tokens in a request',
        actual: '1099 tokens a minute granted',
        remedy: 'ask for more quota, then raise tokensPerMinute of the entitlement',
      },
    ]);
    expect(reasonsFor({}, granted(1_100))).toEqual([]);
  });
});

describe('several grants', () => {
  const grant = (more: Partial<Entitlement>): Entitlement => ({ offering: 'azure/*', from: '2026-01-01', to: null, ...more });
  const [small, large, plain] = [grant({ tokensPerMinute: 1_099 }), grant({ tokensPerMinute: 9_000 }), grant({})];

  test.each([
    [[small, large], '1099 tokens a minute granted'],
    [[large, small], '1099 tokens a minute granted'],
    [[plain, small], '1099 tokens a minute granted'],
    [[small, plain, large], '1099 tokens a minute granted'],
    [[large, plain], undefined],
    [[plain], undefined],
  ])('have the smallest quota of all: of %j it is %s', (entitlements, actual) => {
    expect(reasonsFor({}, { policy: { entitlements } })[0]?.actual).toBe(actual);
  });

  test('are summed up of those alone that hold on the day, and there', () => {
    const others = [
      grant({ tokensPerMinute: 1, to: TODAY }),
      grant({ tokensPerMinute: 1, from: '2026-11-23' }),
      grant({ tokensPerMinute: 1, offering: 'aws/*' }),
    ];

    expect(reasonsFor({}, { policy: { entitlements: [...others, large] } })).toEqual([]);
  });

  test('let in together: one of them is enough', () => {
    const entitlement = [aFact<EntitlementKind>('allowlist')];
    const entitlements = [grant({ offering: 'aws/*' }), grant({ from: '2027-01-01' }), plain];

    expect(reasonsFor({ entitlement }, { policy: { entitlements } })).toEqual([]);
  });
});
