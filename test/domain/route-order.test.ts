import { aDeployment, pricesOf } from '../support/builders.ts';
import { describe, expect, test } from 'vitest';
import type { Offering, Stage, Surface } from '../../workflows/domain/catalog.ts';
import type { Price } from '../../workflows/domain/price.ts';
import { decideEligibility } from '../../workflows/domain/eligibility.ts';
import { compareKeys, SORT_KEY_PARTS } from '../../workflows/domain/route-order.ts';
import type { Asked } from '../support/catalog-builders.ts';
import {
  aCatalog,
  aFact,
  anOffering,
  aPlace,
  aPlacedDeployment,
  aQuestion,
  aSurface,
  aTerm,
} from '../support/catalog-builders.ts';

type Seller = Surface['seller'];

function soldBy(seller: Seller, offering: Partial<Offering> = {}, surface: Partial<Surface> = {}): Offering {
  return anOffering({ surface: aSurface({ seller, ...surface }), ...offering });
}

function orderOf(offerings: readonly Offering[], asked: Asked & { readonly terms?: readonly ReturnType<typeof aTerm>[] } = {}) {
  const { terms = [], ...rest } = asked;
  const { eligible } = decideEligibility(aQuestion({ catalog: aCatalog({ offerings, terms }), ...rest }));
  return eligible.map(({ offeringId }) => offeringId.split('/')[0]);
}

function price(input: number, output: number, longContext?: Price['longContext']): Pick<Offering, 'price'> {
  const value: Price = {
    inputUsdMicrosPerMillion: input,
    cachedInputUsdMicrosPerMillion: input,
    outputUsdMicrosPerMillion: output,
    ...(longContext === undefined ? {} : { longContext }),
  };
  return { price: [aFact(value)] };
}

describe('who comes first', () => {
  const all = (['openai', 'google', 'aws', 'azure'] as const).map((seller) => soldBy(seller));

  test('is told by the id when nothing else tells', () => {
    expect(orderOf(all)).toEqual(['aws', 'azure', 'google', 'openai']);
  });

  test("is told by the tenant's order of clouds, those not named behind", () => {
    expect(orderOf(all, { policy: { cloudOrder: ['openai', 'google'] } })).toEqual(['openai', 'google', 'aws', 'azure']);
  });

  test('is the standard cloud, behind the order of clouds', () => {
    expect(orderOf(all, { policy: { standardCloud: 'google' } })).toEqual(['google', 'aws', 'azure', 'openai']);
    expect(orderOf(all, { policy: { standardCloud: 'google', cloudOrder: ['openai'] } })).toEqual([
      'openai',
      'google',
      'aws',
      'azure',
    ]);
  });

  test('is where the cache is warm', () => {
    const affinity = { offering: soldBy('openai').id, isPinned: false };

    expect(orderOf(all, { need: { affinity } })).toEqual(['openai', 'aws', 'azure', 'google']);
  });

  test('is what is generally available, then each stage behind it', () => {
    const stages = ['private-preview', 'limited-preview', 'public-preview', 'ga'] as const;
    const sellers = ['aws', 'azure', 'google', 'openai'] as const;
    const offerings = sellers.map((seller, index) => soldBy(seller, { stage: [aFact<Stage>(stages[index] ?? 'ga')] }));

    expect(orderOf(offerings)).toEqual(['openai', 'google', 'azure', 'aws']);
  });

  test('is of what has an end in sight as of what is a preview', () => {
    const offerings = [
      soldBy('aws', { stage: [aFact<Stage>('deprecated')] }),
      soldBy('azure', { stage: [aFact<Stage>('public-preview')] }),
      soldBy('openai'),
    ];

    expect(orderOf(offerings)).toEqual(['openai', 'aws', 'azure']);
  });

  test('is who has fewer warnings', () => {
    const old = soldBy('aws', { stage: [aFact<Stage>('ga', { verifiedOn: '2026-10-01' })] });

    expect(orderOf([old, soldBy('openai')])).toEqual(['openai', 'aws']);
  });

  test('is what is processed in the narrower scope, where residency is asked for', () => {
    const scoped = (seller: Seller, scope: 'geo' | 'in-region'): Offering => {
      const id = `${seller}/commercial/foundry`;
      return soldBy(seller, {}, { places: { eastus2: aPlace({ surface: id, scope }) } });
    };
    const offerings = [scoped('aws', 'geo'), scoped('openai', 'in-region')];
    const policy = { residency: { processing: ['us'], storage: '*', maxScope: 'global' } as const };

    expect(orderOf(offerings)).toEqual(['aws', 'openai']);
    expect(orderOf(offerings, { policy })).toEqual(['openai', 'aws']);
  });

  test.each([
    ['2026-11-23', 1, ['openai', 'aws']],
    ['2026-11-22', 1, ['aws', 'openai']],
    ['2026-11-23', 0, ['aws', 'openai']],
  ])('is whom money is promised to, until %s, %i left: %j', (expires, remainingUsdMicros, order) => {
    const policy = { commitments: [{ cloud: 'openai' as const, remainingUsdMicros, expires }] };

    expect(orderOf([soldBy('aws'), soldBy('openai')], { policy })).toEqual(order);
  });

  test('is who is cheaper for this task, whatever is cheaper for another', () => {
    const offerings = [soldBy('aws', price(1_000_000, 20_000_000)), soldBy('openai', price(2_000_000, 10_000_000))];

    expect(orderOf(offerings, { need: { inputTokens: 20_000, outputTokens: 100 } })).toEqual(['aws', 'openai']);
    expect(orderOf(offerings, { need: { inputTokens: 100, outputTokens: 20_000 } })).toEqual(['openai', 'aws']);
  });

  test.each([
    [272_000, ['aws', 'openai']],
    [272_001, ['openai', 'aws']],
  ])('is who is cheaper at %i tokens of input, when a long context costs more', (inputTokens, order) => {
    const long = { aboveInputTokens: 272_000, inputUsdMicrosPerMillion: 9_000_000, outputUsdMicrosPerMillion: 9_000_000 };
    const offerings = [soldBy('aws', price(1_000_000, 1_000_000, long)), soldBy('openai', price(2_000_000, 2_000_000))];

    expect(orderOf(offerings, { need: { inputTokens } })).toEqual(order);
  });

  test('is not whose price nobody knows', () => {
    expect(orderOf([soldBy('aws'), soldBy('openai', price(999_000_000, 999_000_000))])).toEqual(['openai', 'aws']);
  });

  test('is by the price of the configuration, where that gives one', () => {
    const offerings = [soldBy('aws', price(500_000, 5_000_000)), anOffering(price(9_000_000, 9_000_000))];
    const aws = aPlace({ surface: 'aws/commercial/foundry' });
    const listed = aPlacedDeployment({ deployment: { endpoint: 'aws', cloud: 'aws' }, place: aws });
    const own = aPlacedDeployment({ ownPrices: pricesOf(aDeployment()) });
    const asked = (isOwn: boolean) => ({ deployments: [listed, isOwn ? own : aPlacedDeployment()] });

    const firstOf = (isOwn: boolean) =>
      decideEligibility(aQuestion({ catalog: aCatalog({ offerings }), ...asked(isOwn) })).eligible.map(
        ({ sortKey }) => sortKey[SORT_KEY_PARTS.indexOf('price of a request')],
      );

    expect(firstOf(false)).toEqual([1_000, 9_900]);
    expect(firstOf(true)).toEqual([1_000, 2_000]);
  });

  test('is who serves it himself', () => {
    const resold = soldBy('databricks', {}, { upstream: 'aws' });

    expect(orderOf([resold, soldBy('openai')], { policy: { allowResellers: true } })).toEqual(['openai', 'databricks']);
  });

  describe('by contract', () => {
    const terms = [aTerm({ favours: 'azure' })];

    test('is who ships first, where nothing else tells', () => {
      expect(orderOf(all, { terms })).toEqual(['azure', 'aws', 'google', 'openai']);
    });

    test.each([
      ['a standard cloud', { policy: { standardCloud: 'openai' } }, ['openai', 'aws', 'azure', 'google']],
      ['an order of clouds', { policy: { cloudOrder: ['openai'] } }, ['openai', 'aws', 'azure', 'google']],
      ['a day before it', { at: { asOf: '2026-04-26' } }, ['aws', 'azure', 'google', 'openai']],
    ] as const)('is nobody for a tenant with %s', (_which, asked, order) => {
      expect(orderOf(all, { ...asked, terms })).toEqual(order);
    });
  });

  test("is what the seller recommends, of the seller's own", () => {
    const runtime = soldBy('aws', {}, { id: 'aws/commercial/runtime', recommendation: 0 });
    const mantle = soldBy('aws', {}, { id: 'aws/commercial/mantle', recommendation: 1 });

    const { eligible } = decideEligibility(aQuestion({ catalog: aCatalog({ offerings: [mantle, runtime] }) }));

    expect(eligible.map(({ offeringId }) => offeringId)).toEqual([runtime.id, mantle.id]);
  });
});

test('a key has a part for each of its names, and says the same of both sides', () => {
  const [first] = decideEligibility(aQuestion()).eligible;
  const key = first?.sortKey ?? [];

  expect(key).toHaveLength(SORT_KEY_PARTS.length);
  expect([compareKeys(key, key), compareKeys([0, 'a'], [0, 'b']), compareKeys([1, 'a'], [0, 'b'])]).toEqual([0, -1, 1]);
});
