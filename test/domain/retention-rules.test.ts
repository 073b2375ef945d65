import { describe, expect, test } from 'vitest';
import type { Fact, Retention } from '../../workflows/domain/catalog.ts';
import type { Reason } from '../../workflows/domain/reason.ts';
import type { TenantPolicy } from '../../workflows/domain/tenant-policy.ts';
import { aFact, anOffering, aPlacedDeployment, aSource, aSurface, codesOf, reasonsFor } from '../support/catalog-builders.ts';

const URL = 'https://example.com/models';
const ALLOW: Partial<TenantPolicy> = { onUnknown: 'allow-with-warning' };

describe('retention', () => {
  const keeps = (retention: Partial<Retention>, overrides: Partial<Fact<Retention>> = {}) => ({
    surface: aSurface({
      retention: [
        aFact<Retention>(
          { zeroRetention: 'yes', defaultDays: 30, flaggedDays: 30, blocks: [], ...retention },
          { id: 'terms', ...overrides },
        ),
      ],
    }),
  });
  const zero: Partial<TenantPolicy> = { zeroRetention: true };

  test('is not asked of by a tenant that does not mind', () => {
    expect(reasonsFor(keeps({ zeroRetention: 'no', blocks: ['tools'] }), { need: { capabilities: [] } })).toEqual([]);
  });

  test('is refused where the cloud keeps what is sent', () => {
    expect(reasonsFor(keeps({ zeroRetention: 'no' }), { policy: { ...zero, ...ALLOW } })).toEqual([
      {
        code: 'RETENTION',
        severity: 'hard',
        expected: 'zero retention',
        actual: 'it keeps what is sent',
        facts: ['terms'],
        sources: [URL],
        remedy: 'choose another cloud',
      },
    ]);
    expect(reasonsFor(keeps({ zeroRetention: 'yes' }), { policy: zero })).toEqual([]);
  });

  test('needs an approval where it is had on approval', () => {
    const { id } = anOffering();

    expect(reasonsFor(keeps({ zeroRetention: 'on-approval' }), { policy: zero })).toEqual([
      {
        code: 'RETENTION',
        severity: 'hard',
        expected: 'zero retention',
        actual: 'on approval, or by a setting of the account',
        facts: ['terms'],
        sources: [URL],
        remedy: `when the account has it, add { offering: "${id}", zeroRetention: true } to the tenant's entitlements`,
      },
    ]);
  });

  test.each([
    ['that says so', { from: '2026-01-01', zeroRetention: true as const }, []],
    ['that says nothing of it', { from: '2026-01-01' }, ['RETENTION']],
    ['that begins tomorrow', { from: '2026-11-23', zeroRetention: true as const }, ['RETENTION']],
  ])('is approved by a grant %s, or not', (_which, grant, codes) => {
    const policy = { ...zero, entitlements: [{ offering: 'azure/*', to: null, ...grant }] };

    expect(codesOf(reasonsFor(keeps({ zeroRetention: 'on-approval' }), { policy }))).toEqual(codes);
  });

  test.each([
    ['deny', 'hard'],
    ['allow-with-warning', 'soft'],
  ] as const)('that is not known is, with %s, %s', (onUnknown, severity) => {
    const reason: Reason = {
      code: 'RETENTION',
      severity,
      expected: 'zero retention',
      actual: 'not known',
      remedy: 'ask the cloud, then say so under catalog in the configuration',
    };

    expect(reasonsFor({}, { policy: { ...zero, onUnknown } })).toEqual([reason]);
    expect(reasonsFor(keeps({ zeroRetention: 'unknown' }), { policy: { ...zero, onUnknown } })).toEqual([
      { ...reason, facts: ['terms'], sources: [URL] },
    ]);
  });

  test.each([
    ['a grant that says so beside one that does not', [{}, { zeroRetention: true as const }], []],
    ['one that says so behind one', [{ zeroRetention: true as const }, {}], []],
    ['two that do not', [{}, {}], ['RETENTION']],
    ['one that says so and has ended', [{}, { zeroRetention: true as const, to: '2026-11-22' }], ['RETENTION']],
  ])('is approved by %s, or not', (_which, grants, codes) => {
    const entitlements = grants.map((grant) => ({ offering: 'azure/*', from: '2026-01-01', to: null, ...grant }));

    expect(codesOf(reasonsFor(keeps({ zeroRetention: 'on-approval' }), { policy: { ...zero, entitlements } }))).toEqual(codes);
  });

  test('rests on no weak word, even for a configured endpoint', () => {
    const rumour = keeps({}, { sources: [aSource({ evidence: 'inferred' })] });

    expect(reasonsFor(rumour, { policy: { ...zero, ...ALLOW }, placed: aPlacedDeployment() })).toEqual([
      expect.objectContaining({ code: 'EVIDENCE_TOO_WEAK', severity: 'hard', actual: 'inferred', facts: ['terms'] }),
    ]);
    expect(reasonsFor(rumour)).toEqual([]);
  });

  test.each([
    ['deny', 'hard'],
    ['allow-with-warning', 'soft'],
  ] as const)('on a word of more than 90 days ago is, with %s, %s', (onUnknown, severity) => {
    const [old, fresh] = [keeps({}, { verifiedOn: '2026-08-23' }), keeps({}, { verifiedOn: '2026-08-24' })];

    expect(reasonsFor(fresh, { policy: { ...zero, onUnknown } })).toEqual([]);
    expect(reasonsFor(old)).toEqual([]);
    expect(reasonsFor(old, { policy: { ...zero, onUnknown } })).toEqual([
      {
        code: 'FACT_STALE',
        severity,
        expected: 'looked at within 90 days',
        actual: 'compliance last looked at on 2026-08-23, 91 days before',
        facts: ['terms'],
        sources: [URL],
        remedy: 'look again, then say so under catalog in the configuration',
      },
    ]);
  });

  test('takes away what cannot be had without it, each for itself', () => {
    const offering = keeps({ blocks: ['background', 'stored-state', 'batch'] });
    const placed = aPlacedDeployment({ ownCapabilities: ['background', 'batch', 'tools'] });
    const need = { capabilities: ['background', 'tools', 'batch'] as const };
    const blocked = (capability: string): Reason => ({
      code: 'RETENTION_BLOCKS_CAPABILITY',
      severity: 'hard',
      expected: capability,
      actual: 'not under zero retention',
      facts: ['terms'],
      sources: [URL],
      remedy: `a task without ${capability} may be served there`,
    });

    expect(reasonsFor(offering, { placed, need, policy: zero })).toEqual([blocked('background'), blocked('batch')]);
    expect(reasonsFor(offering, { placed, need })).toEqual([]);
  });

  test('takes away what stores what is sent, whatever the cloud says', () => {
    const placed = aPlacedDeployment({ ownCapabilities: ['background', 'stored-state', 'tools'] });
    const need = { capabilities: ['background', 'stored-state', 'tools'] as const };

    const reasons = reasonsFor(keeps({ blocks: [] }), { placed, need, policy: zero });

    expect(reasons.map(({ code, expected }) => [code, expected])).toEqual([
      ['RETENTION_BLOCKS_CAPABILITY', 'background'],
      ['RETENTION_BLOCKS_CAPABILITY', 'stored-state'],
    ]);
  });

  test.each([
    [null, []],
    [30, []],
    [29, ['RETENTION']],
    [0, ['RETENTION']],
  ])('of what was flagged for 30 days is, where %s are allowed, told as %j', (maxFlaggedDays, codes) => {
    expect(codesOf(reasonsFor(keeps({}), { policy: { maxFlaggedDays } }))).toEqual(codes);
  });

  test('of what was flagged says how long it is kept', () => {
    expect(reasonsFor(keeps({}), { policy: { maxFlaggedDays: 7, ...ALLOW } })).toEqual([
      {
        code: 'RETENTION',
        severity: 'hard',
        expected: 'flagged traffic kept 7 days at most',
        actual: '30 days',
        facts: ['terms'],
        sources: [URL],
        remedy: 'ask the cloud for an exemption, then say so under catalog in the configuration',
      },
    ]);
  });

  test.each([
    ['deny', 'hard'],
    ['allow-with-warning', 'soft'],
  ] as const)('of what was flagged that is not known is, with %s, %s', (onUnknown, severity) => {
    expect(reasonsFor(keeps({ flaggedDays: null }), { policy: { maxFlaggedDays: 7, onUnknown } })).toEqual([
      expect.objectContaining({ code: 'RETENTION', severity, actual: 'not known' }),
    ]);
  });
});
