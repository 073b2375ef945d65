import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TaskNeed, TenantPolicy } from '../../workflows/domain/eligibility.ts';
import { decideEligibility } from '../../workflows/domain/eligibility.ts';
import { toDeploymentId } from '../../workflows/domain/ids.ts';
import type { Deployment } from '../../workflows/domain/route.ts';
import { CAPABILITIES, CLOUDS } from '../../workflows/domain/route.ts';
import { aDeployment, MODEL } from '../support/builders.ts';

const POLICY: TenantPolicy = { tenant: 'default', cloudOrder: [] };
const NEED: TaskNeed = { product: 'model', model: MODEL, capabilities: ['tools'] };

const deployment: fc.Arbitrary<Deployment> = fc
  .record({
    endpoint: fc.stringMatching(/^[a-z0-9-]{1,6}$/),
    cloud: fc.constantFrom(...CLOUDS),
    model: fc.constantFrom(MODEL, MODEL, 'gpt-6-luna'),
    capabilities: fc.subarray([...CAPABILITIES]),
  })
  .map((fields) => aDeployment({ ...fields, id: toDeploymentId(fields.endpoint, fields.model) }));
const deployments = fc.uniqueArray(deployment, { maxLength: 10, selector: ({ id }) => id });
const policy = fc.record({ tenant: fc.constant('default'), cloudOrder: fc.shuffledSubarray([...CLOUDS]) });
const need: fc.Arbitrary<TaskNeed> = fc.record({
  product: fc.constant('model' as const),
  model: fc.constantFrom(MODEL, 'gpt-6-luna', 'unheard-of'),
  capabilities: fc.subarray([...CAPABILITIES], { maxLength: 3 }),
});

function idsOf(all: readonly Deployment[], by: TenantPolicy, what: TaskNeed): readonly string[] {
  return decideEligibility(all, by, what).eligible.map((eligible) => eligible.deployment.id);
}

describe('who may serve', () => {
  test('is ordered by the clouds of the policy, then by those that it does not name, then by id', () => {
    const all = [
      aDeployment({ endpoint: 'openai-b', cloud: 'openai' }),
      aDeployment({ endpoint: 'google', cloud: 'google' }),
      aDeployment({ endpoint: 'aws', cloud: 'aws' }),
      aDeployment({ endpoint: 'openai-a', cloud: 'openai' }),
    ];

    const { eligible } = decideEligibility(all, { ...POLICY, cloudOrder: ['google', 'openai'] }, NEED);

    expect(eligible.map(({ deployment: { endpoint }, rank }) => `${rank} ${endpoint}`)).toEqual([
      '0 google',
      '1 openai-a',
      '2 openai-b',
      '3 aws',
    ]);
  });

  test.each([
    ['none-eligible', []],
    ['single-no-failover', ['a']],
    ['ok', ['a', 'b']],
  ])('is told as %s for the endpoints %j', (outcome, endpoints) => {
    const all = endpoints.map((endpoint) => aDeployment({ endpoint }));

    expect(decideEligibility(all, POLICY, NEED).outcome).toBe(outcome);
  });

  test('does not depend on the order of the configuration', () => {
    const shuffled = deployments.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));

    fc.assert(
      fc.property(shuffled, policy, need, ([all, other], by, what) => {
        expect(decideEligibility(other, by, what)).toEqual(decideEligibility(all, by, what));
      }),
    );
  });

  test('is not reordered by one more deployment', () => {
    const withOneMore = deployments.filter((all) => all.length > 0);

    fc.assert(
      fc.property(withOneMore, policy, need, ([added, ...all], by, what) => {
        fc.pre(added !== undefined);
        const [before, after] = [idsOf(all, by, what), idsOf([...all, added], by, what)];

        expect(after.filter((id) => id !== added.id)).toEqual(before);
      }),
    );
  });

  test('is everyone who serves the model and can do what is needed, and nobody else', () => {
    fc.assert(
      fc.property(deployments, policy, need, (all, by, what) => {
        const able = all.filter(
          ({ model, capabilities }) => model === what.model && what.capabilities.every((each) => capabilities.includes(each)),
        );
        const { eligible, excluded } = decideEligibility(all, by, what);

        expect(eligible.map(({ deployment: { id } }) => id).toSorted()).toEqual(able.map(({ id }) => id).toSorted());
        expect(eligible.map(({ rank }) => rank)).toEqual(able.map((_, rank) => rank));
        expect(excluded.length).toBe(all.length - able.length);
      }),
    );
  });
});

describe('who may not serve', () => {
  test('is told with every reason, what was asked, what is true, and what to do', () => {
    const luna = aDeployment({ model: 'gpt-6-luna', capabilities: ['streaming'] });

    const { excluded } = decideEligibility([luna], POLICY, { ...NEED, capabilities: ['tools', 'streaming', 'vision'] });

    expect(excluded).toEqual([
      {
        deploymentId: luna.id,
        reasons: [
          {
            code: 'NOT_OFFERED',
            severity: 'hard',
            expected: MODEL,
            actual: 'gpt-6-luna',
            remedy: `add "${MODEL}" to endpoints.${luna.endpoint}.deployments, if its cloud serves it`,
          },
          expect.objectContaining({ code: 'CAPABILITY_MISSING', expected: 'tools', actual: 'streaming' }),
          expect.objectContaining({ code: 'CAPABILITY_MISSING', expected: 'vision', actual: 'streaming' }),
        ],
      },
    ]);
  });

  test('has one reason for the model, and one for each capability that it lacks', () => {
    fc.assert(
      fc.property(deployments, policy, need, (all, by, what) => {
        for (const { deploymentId, reasons } of decideEligibility(all, by, what).excluded) {
          const found = all.find(({ id }) => id === deploymentId);
          const lacking = what.capabilities.filter((each) => found?.capabilities.includes(each) === false);

          expect(reasons.filter(({ code }) => code === 'NOT_OFFERED').length).toBe(found?.model === what.model ? 0 : 1);
          expect(reasons.filter(({ code }) => code === 'CAPABILITY_MISSING').map(({ expected }) => expected)).toEqual(lacking);
        }
      }),
    );
  });

  test('is missed most nearly by one with the fewest reasons', () => {
    fc.assert(
      fc.property(deployments, policy, need, (all, by, what) => {
        const { excluded, nearestMiss } = decideEligibility(all, by, what);
        const fewest = Math.min(...excluded.map(({ reasons }) => reasons.length));

        expect(nearestMiss).toEqual(excluded.find(({ reasons }) => reasons.length === fewest));
      }),
    );
  });
});
