import { describe, expect, test } from 'vitest';
import type { Scope } from '../../workflows/domain/catalog.ts';
import { EVIDENCE, SCOPES } from '../../workflows/domain/catalog.ts';
import type { TaskPolicy, TenantPolicy } from '../../workflows/domain/tenant-policy.ts';
import { defaultPolicy, FAILOVER_KINDS, LEAST_STAGES, narrowPolicy } from '../../workflows/domain/tenant-policy.ts';

function narrow(tenant: Partial<TenantPolicy>, task: TaskPolicy) {
  return narrowPolicy({ ...defaultPolicy('default'), ...tenant }, task, 'model');
}

/** Every pair of what the tenant has and what the task asks for, and whether that is more. */
function pairsOf<Value extends string>(widestFirst: readonly Value[]) {
  return widestFirst.flatMap((own, has) => widestFirst.map((asked, wants) => ({ own, asked, isMore: wants < has })));
}

describe('a policy that nobody wrote', () => {
  test('lets every cloud serve, no reseller, and no other model', () => {
    expect(defaultPolicy('acme')).toMatchObject({
      tenant: 'acme',
      clouds: '*',
      deny: [],
      allowResellers: false,
      substitution: {},
      residency: { processing: '*', storage: '*', maxScope: 'global' },
      failover: 'cross-cloud',
    });
  });

  test('does not let the unknown serve', () => {
    expect(defaultPolicy('acme').onUnknown).toBe('deny');
  });
});

describe('a task that asks for nothing', () => {
  test('has the policy of its tenant', () => {
    const tenant = { ...defaultPolicy('acme'), deny: ['aws'], zeroRetention: true, priceCap: { inputUsdMicrosPerMillion: 5 } };

    expect(narrowPolicy(tenant, {}, 'model')).toEqual({ policy: tenant, widenings: [] });
  });
});

describe('clouds', () => {
  test('are those that the task names alone', () => {
    const { policy, widenings } = narrow({}, { clouds: ['aws', 'azure'] });

    expect(policy).toMatchObject({ clouds: ['aws', 'azure'], deny: [] });
    expect(widenings).toEqual([]);
  });

  test('stay denied when the tenant denies them', () => {
    const { policy, widenings } = narrow({ deny: ['aws', 'azure/us-gov/*'] }, { clouds: ['aws', 'azure'] });

    expect(policy).toMatchObject({ clouds: ['aws', 'azure'], deny: ['aws', 'azure/us-gov/*'] });
    expect(widenings).toEqual(['clouds: aws is denied']);
  });

  test('are all of them where neither names any', () => {
    expect(narrow({}, {}).policy.clouds).toBe('*');
    expect(narrow({ clouds: ['aws'] }, {}).policy.clouds).toEqual(['aws']);
  });

  test('are no others than those of a policy that names some', () => {
    const { policy, widenings } = narrow({ clouds: ['aws', 'azure'] }, { clouds: ['google', 'azure'] });

    expect(policy.clouds).toEqual(['azure']);
    expect(widenings).toEqual(['clouds: google is denied']);
  });

  test('may be a reseller alone, whoever serves for it', () => {
    expect(narrow({}, { clouds: ['snowflake'] })).toMatchObject({
      policy: { clouds: ['snowflake'], deny: [] },
      widenings: [],
    });
  });
});

describe('residency', () => {
  test.each([
    ['*', ['us'], ['us']],
    [['us', 'eu'], ['us'], ['us']],
    [['eu'], ['se', 'de'], ['se', 'de']],
    [['eu'], undefined, ['eu']],
    ['*', undefined, '*'],
  ] as const)('in %j is narrowed to %j', (own, asked, expected) => {
    const tenant = { residency: { processing: own, storage: own, maxScope: 'global' as const } };
    const task = asked === undefined ? {} : { residency: { processing: asked, storage: asked } };

    const { policy, widenings } = narrow(tenant, task);

    expect(policy.residency).toEqual({ processing: expected, storage: expected, maxScope: 'global' });
    expect(widenings).toEqual([]);
  });

  test('is kept where the task asks for one place too many, and narrowed where it does not', () => {
    const tenant = { residency: { processing: ['eu'], storage: ['eu'], maxScope: 'global' } as const };

    const { policy } = narrow(tenant, { residency: { processing: ['se', 'us'], storage: ['se'] } });

    expect(policy.residency).toEqual({ processing: ['eu'], storage: ['se'], maxScope: 'global' });
  });

  test('is not widened: each place outside is told', () => {
    const tenant = { residency: { processing: ['eu'], storage: ['se'], maxScope: 'geo' } as const };

    const task = { residency: { processing: ['se', 'us', '*'], storage: ['eu'], maxScope: 'global' } } as const;

    const { policy, widenings } = narrow(tenant, task);

    expect(policy.residency).toEqual(tenant.residency);

    expect(widenings).toEqual([
      'residency.processing: us is not within eu',
      'residency.processing: * is not within eu',
      'residency.storage: eu is not within se',
      'residency.maxScope: global is more than geo',
    ]);
  });

  test.each(pairsOf<Scope>(SCOPES.toReversed()))(
    'of the scope $own, asked for $asked, is more: $isMore',
    ({ own, asked, isMore }) => {
      const tenant = { residency: { processing: '*', storage: '*', maxScope: own } as const };

      const { policy, widenings } = narrow(tenant, { residency: { maxScope: asked } });

      expect(policy.residency.maxScope).toBe(isMore ? own : asked);
      expect(widenings).toEqual(isMore ? [`residency.maxScope: ${asked} is more than ${own}`] : []);
    },
  );
});

describe('what must be met', () => {
  test('is what the tenant or the task asks for, each once', () => {
    const { policy, widenings } = narrow({ compliance: ['soc2', 'il5'] }, { compliance: ['il5', 'hipaa-baa'] });

    expect(policy.compliance).toEqual(['soc2', 'il5', 'hipaa-baa']);
    expect(widenings).toEqual([]);
  });

  test.each([
    [false, {}, false],
    [false, { zeroRetention: true }, true],
    [true, {}, true],
    [true, { zeroRetention: true }, true],
  ] as const)('with zero retention of %s and a task of %j is %s', (own, task, expected) => {
    const { policy } = narrow({ zeroRetention: own }, task);

    expect(policy.zeroRetention).toBe(expected);
  });

  test('is the same model alone, when the task says so', () => {
    const substitution = { 'gpt-6-sol': ['gpt-6-luna'] };

    expect(narrow({ substitution }, { sameModelOnly: true }).policy.substitution).toEqual({});
    expect(narrow({ substitution }, {}).policy.substitution).toEqual(substitution);
  });
});

describe('a least', () => {
  test.each(pairsOf(LEAST_STAGES))('stage of $own, asked for $asked, is more: $isMore', ({ own, asked, isMore }) => {
    const { minStage } = defaultPolicy('default');

    const { policy, widenings } = narrow({ minStage: { ...minStage, model: own } }, { minStage: asked });

    expect(policy.minStage).toEqual({ ...minStage, model: isMore ? own : asked });
    expect(widenings).toEqual(isMore ? [`minStage: ${asked} is more than ${own}`] : []);
  });

  test.each(pairsOf(EVIDENCE))('evidence of $own, asked for $asked, is more: $isMore', ({ own, asked, isMore }) => {
    const { policy, widenings } = narrow({ minEvidence: own }, { minEvidence: asked });

    expect(policy.minEvidence).toBe(isMore ? own : asked);
    expect(widenings).toEqual(isMore ? [`minEvidence: ${asked} is more than ${own}`] : []);
  });
});

describe('failover', () => {
  test.each(pairsOf(FAILOVER_KINDS.toReversed()))('of $own, asked for $asked, is more: $isMore', ({ own, asked, isMore }) => {
    const { policy, widenings } = narrow({ failover: own }, { failover: asked });

    expect(policy.failover).toBe(isMore ? own : asked);
    expect(widenings).toEqual(isMore ? [`failover: ${asked} is more than ${own}`] : []);
  });
});

describe('a price cap', () => {
  test('is the lower of the two, in micro-dollars', () => {
    const tenant = { priceCap: { inputUsdMicrosPerMillion: 5_000_000 } };

    const { policy, widenings } = narrow(tenant, { priceCap: { inputUsdPerMillion: 2.5, outputUsdPerMillion: 0.1 } });

    expect(policy.priceCap).toEqual({ inputUsdMicrosPerMillion: 2_500_000, outputUsdMicrosPerMillion: 100_000 });
    expect(widenings).toEqual([]);
  });

  test('is not raised', () => {
    const tenant = { priceCap: { inputUsdMicrosPerMillion: 5_000_000, outputUsdMicrosPerMillion: 30_000_000 } };

    const { policy, widenings } = narrow(tenant, { priceCap: { inputUsdPerMillion: 5, outputUsdPerMillion: 30.01 } });

    expect(policy.priceCap).toEqual(tenant.priceCap);
    expect(widenings).toEqual(['priceCap: output at $30.01 is more than $30 per million tokens']);
  });
});
