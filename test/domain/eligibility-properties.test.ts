import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Question } from '../../workflows/domain/candidate.ts';
import { candidatesOf } from '../../workflows/domain/candidate.ts';
import type { EligibilityDecision } from '../../workflows/domain/eligibility.ts';
import { decideEligibility, judge, routeOf } from '../../workflows/domain/eligibility.ts';
import { isWithin } from '../../workflows/domain/geo.ts';
import { isHard, REASON_CODES } from '../../workflows/domain/reason.ts';
import { compareKeys } from '../../workflows/domain/route-order.ts';
import { narrowPolicy } from '../../workflows/domain/tenant-policy.ts';
import type { Parts } from './eligibility-arbitraries.ts';
import { catalogOf, deploymentsAt, moment, need, parts, policy, taskPolicy } from './eligibility-arbitraries.ts';

const asked = fc.record({ policy, need, at: moment });
const world = parts.chain((of) => fc.record({ of: fc.constant(of), deployments: fc.option(deploymentsAt(of), { freq: 2 }) }));
const question = fc
  .tuple(world, asked)
  .map(([{ of, deployments }, rest]) => ({ ...rest, deployments, of, catalog: catalogOf(of) }));

type Named = Pick<EligibilityDecision['eligible'][number], 'offeringId' | 'deploymentId'>;

function nameOf({ offeringId, deploymentId }: Named): string {
  return `${offeringId} ${deploymentId ?? ''}`;
}

function eligibleOf(of: Question): readonly string[] {
  return decideEligibility(of).eligible.map(nameOf);
}

function shuffled<Value>(values: readonly Value[]): fc.Arbitrary<readonly Value[]> {
  return fc.shuffledSubarray([...values], { minLength: values.length });
}

describe('the arbitraries', () => {
  test('reach every outcome, and some of everything', () => {
    const outcomes = fc.sample(question, { numRuns: 600, seed: 1 }).map((each) => decideEligibility(each));
    const codes = new Set(outcomes.flatMap(({ excluded }) => excluded.flatMap(({ reasons }) => reasons.map(({ code }) => code))));

    expect(new Set(outcomes.map(({ outcome }) => outcome)).size).toBe(3);
    expect(outcomes.filter(({ eligible }) => eligible.length > 1).length).toBeGreaterThan(200);
    expect(REASON_CODES.filter((code) => !codes.has(code))).toEqual([]);
  });
});

describe('a decision', () => {
  test('is the same for the same question, asked twice and of a copy', () => {
    fc.assert(
      fc.property(question, (each) => {
        const first = decideEligibility(each);

        expect(decideEligibility(each)).toEqual(first);
        expect(decideEligibility(structuredClone(each))).toEqual(first);
      }),
    );
  });

  test('leaves the question as it was', () => {
    fc.assert(
      fc.property(question, (each) => {
        const before = structuredClone(each);

        decideEligibility(each);

        expect(each).toEqual(before);
      }),
    );
  });

  test('does not depend on the order in which anything is written', () => {
    const twice = question.chain((each) =>
      fc.record({
        each: fc.constant(each),
        surfaces: shuffled(each.of.surfaces),
        offerings: shuffled(each.of.offerings),
        deployments: each.deployments === null ? fc.constant(null) : shuffled(each.deployments),
      }),
    );

    fc.assert(
      fc.property(twice, ({ each, surfaces, offerings, deployments }) => {
        const other = { ...each, deployments, catalog: catalogOf({ ...each.of, surfaces, offerings }) };

        expect(decideEligibility(other)).toEqual(decideEligibility(each));
      }),
    );
  });

  test('is of every candidate, once', () => {
    fc.assert(
      fc.property(question, (each) => {
        const { eligible, excluded } = decideEligibility(each);
        const names = [...eligible, ...excluded].map(nameOf);
        const wanted = candidatesOf(each).map(({ offering, placed }) =>
          nameOf({ offeringId: offering.id, ...(placed === undefined ? {} : { deploymentId: placed.deployment.id }) }),
        );

        expect(names.toSorted()).toEqual(wanted.toSorted());
        expect(new Set(names).size).toBe(names.length);
      }),
    );
  });

  test('excludes by hard reasons, and by nothing else', () => {
    fc.assert(
      fc.property(question, (each) => {
        const { eligible, excluded } = decideEligibility(each);

        expect(excluded.filter(({ reasons }) => !reasons.some(isHard))).toEqual([]);
        expect(eligible.filter(({ warnings }) => warnings.some(isHard))).toEqual([]);
      }),
    );
  });

  test('misses most nearly one with the fewest hard reasons', () => {
    fc.assert(
      fc.property(question, (each) => {
        const { excluded, nearestMiss } = decideEligibility(each);
        const fewest = Math.min(...excluded.map(({ reasons }) => reasons.filter(isHard).length));

        expect(nearestMiss?.onlyMissing.length ?? Infinity).toBe(fewest);
        expect(nearestMiss?.onlyMissing.every(isHard) ?? true).toBe(true);
      }),
    );
  });

  test('says ok only when there is somewhere to go', () => {
    fc.assert(
      fc.property(question, (each) => {
        const decision = decideEligibility(each);
        const { length } = routeOf(decision);

        expect(decision.outcome).toBe(length === 0 ? 'none-eligible' : length === 1 ? 'single-no-failover' : 'ok');
        expect(length === 0).toBe(decision.eligible.length === 0);
      }),
    );
  });
});

describe('the order', () => {
  test('is total: no two have the same key, and every rank is taken once', () => {
    fc.assert(
      fc.property(question, (each) => {
        const { eligible } = decideEligibility(each);
        const keys = eligible.map(({ sortKey }) => sortKey);

        expect(eligible.map(({ rank }) => rank)).toEqual(eligible.map((_, rank) => rank));
        expect(keys.slice(1).every((key, index) => compareKeys(keys[index] ?? [], key) === -1)).toBe(true);
        expect(keys.slice(1).every((key, index) => compareKeys(key, keys[index] ?? []) === 1)).toBe(true);
      }),
    );
  });

  test('is of integers and texts alone', () => {
    fc.assert(
      fc.property(question, (each) => {
        const parts = decideEligibility(each).eligible.flatMap(({ sortKey }) => sortKey);

        expect(parts.filter((part) => typeof part !== 'string' && !Number.isSafeInteger(part))).toEqual([]);
      }),
    );
  });

  test('of the others is the same without any one offering', () => {
    const without = question.filter(({ of }) => of.offerings.length > 0).chain((each) => fc.tuple(fc.constant(each), fc.nat()));

    fc.assert(
      fc.property(without, ([each, pick]) => {
        const removed = each.of.offerings[pick % each.of.offerings.length];
        const rest: Parts = { ...each.of, offerings: each.of.offerings.filter((offering) => offering !== removed) };
        const others = (names: readonly string[]): readonly string[] =>
          names.filter((name) => name.split(' ')[0] !== removed?.id);

        expect(others(eligibleOf({ ...each, catalog: catalogOf(rest) }))).toEqual(others(eligibleOf(each)));
      }),
    );
  });

  test('of the others is the same without any one deployment, where the catalog is silent otherwise', () => {
    fc.assert(
      fc.property(question, fc.nat(), (each, pick) => {
        fc.pre(each.deployments !== null && each.deployments.length > 0);
        const removed = each.deployments[pick % each.deployments.length];
        const deployments = each.deployments.filter((placed) => placed !== removed);
        const others = (names: readonly string[]): readonly string[] =>
          names.filter((name) => !name.endsWith(` ${removed?.deployment.id}`) && !name.endsWith(' '));

        expect(others(eligibleOf({ ...each, deployments }))).toEqual(others(eligibleOf(each)));
      }),
    );
  });
});

describe('a judgement', () => {
  test('does not depend on who else there is', () => {
    fc.assert(
      fc.property(question, (each) => {
        for (const candidate of candidatesOf(each)) {
          const { surface } = candidate.offering;
          const alone = { ...each, catalog: catalogOf({ ...each.of, surfaces: [surface], offerings: [candidate.offering] }) };

          expect(judge(alone, candidate)).toEqual(judge(each, candidate));
        }
      }),
    );
  });

  test('of a reason names what was asked and what is true', () => {
    fc.assert(
      fc.property(question, (each) => {
        const reasons = candidatesOf(each).flatMap((candidate) => judge(each, candidate));

        expect(reasons.filter(({ expected, actual }) => expected === '' || actual === '')).toEqual([]);
        expect(reasons.filter(({ clearsOn }) => clearsOn !== undefined && clearsOn <= each.at.asOf)).toEqual([]);
        expect(reasons.filter(({ remedy, clearsOn, facts }) => (remedy ?? clearsOn ?? facts) === undefined)).toEqual([]);
      }),
    );
  });
});

describe('a task', () => {
  test("makes nobody eligible that its tenant's policy excludes, whatever it asks for", () => {
    fc.assert(
      fc.property(question, taskPolicy, (each, task) => {
        const { policy: narrowed } = narrowPolicy(each.policy, task, each.need.product);
        const before = new Set(eligibleOf(each));

        expect(eligibleOf({ ...each, policy: narrowed }).filter((name) => !before.has(name))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('that asks again for what it has been given gets no more and no less', () => {
    fc.assert(
      fc.property(policy, taskPolicy, need, (tenant, task, { product }) => {
        const once = narrowPolicy(tenant, task, product);
        fc.pre(once.widenings.length === 0);

        expect(narrowPolicy(once.policy, task, product)).toEqual(once);
      }),
    );
  });
});

describe('whoever may serve', () => {
  test('is sold by one of the clouds of the policy', () => {
    fc.assert(
      fc.property(question, (each) => {
        const { clouds } = each.policy;
        const sellers = eligibleOf(each).map((name) => name.split('/')[0]);

        expect(clouds === '*' ? [] : sellers.filter((seller) => !clouds.some((cloud) => cloud === seller))).toEqual([]);
      }),
    );
  });

  test('is independent of others alone, and they of it', () => {
    fc.assert(
      fc.property(question, (each) => {
        const ranks = decideEligibility(each).eligible.map(({ failover }) => failover.independentOf);

        expect(ranks.filter((others, rank) => others.includes(rank))).toEqual([]);
        expect(ranks.filter((others, rank) => others.some((other) => ranks[other]?.includes(rank) !== true))).toEqual([]);
      }),
    );
  });
});

describe('a tenant that is bound to places', () => {
  const bound = question.filter(({ policy: { residency } }) => residency.processing !== '*' || residency.storage !== '*');

  test('never has anything eligible that processes or keeps outside them', () => {
    fc.assert(
      fc.property(bound, (each) => {
        const { processing, storage } = each.policy.residency;
        const placeOf = new Map(
          candidatesOf(each).map(({ offering, placed }) => [
            nameOf({ offeringId: offering.id, ...(placed === undefined ? {} : { deploymentId: placed.deployment.id }) }),
            offering.place,
          ]),
        );
        const places = eligibleOf(each).map((name) => placeOf.get(name));
        const outside = places.filter(
          (place) =>
            (processing !== '*' && place?.processing.some((geo) => !isWithin(geo, processing)) !== false) ||
            (storage !== '*' && place?.storage !== 'chosen' && place?.storage.some((geo) => !isWithin(geo, storage)) !== false),
        );

        expect(outside).toEqual([]);
        expect(processing === '*' ? [] : places.filter((place) => place?.scope === 'global')).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('has nothing eligible of which it is not known where it is processed, unless the unknown may serve', () => {
    fc.assert(
      fc.property(bound, (each) => {
        fc.pre(each.policy.residency.processing !== '*');
        const silent = new Set(
          candidatesOf(each)
            .filter(({ offering }) => offering.place.processing.length === 0)
            .map(({ offering }) => offering.id),
        );
        const { eligible } = decideEligibility(each);
        const found = eligible.filter(({ offeringId }) => silent.has(offeringId));

        expect(each.policy.onUnknown === 'deny' ? found : []).toEqual([]);
        expect(found.filter(({ warnings }) => !warnings.some(({ code }) => code === 'RESIDENCY_PROCESSING'))).toEqual([]);
      }),
    );
  });
});
