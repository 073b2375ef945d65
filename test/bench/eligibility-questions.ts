/** Questions of every kind over the built-in catalog: the same ones in every run. */
import type { LoadedCatalog } from '../../activities/catalog/load-catalog.ts';
import type { PlacedDeployment, Question } from '../../workflows/domain/candidate.ts';
import type { Offering, Product } from '../../workflows/domain/catalog.ts';
import { PRODUCTS } from '../../workflows/domain/catalog.ts';
import { toDeploymentId } from '../../workflows/domain/ids.ts';
import type { Capability, Cloud } from '../../workflows/domain/route.ts';
import { CLOUDS } from '../../workflows/domain/route.ts';
import type { TenantPolicy } from '../../workflows/domain/tenant-policy.ts';
import { defaultPolicy } from '../../workflows/domain/tenant-policy.ts';
import { aDeployment } from '../support/builders.ts';

export const CONFIGURED = 8;
export const TODAY = '2026-11-22';
const DAYS = ['2026-05-01', '2026-07-20', '2026-08-04', '2026-09-10', '2026-10-15', '2026-11-18', TODAY] as const;
const NEEDS: readonly (readonly Capability[])[] = [[], ['tools'], ['background', 'tools'], ['structured-output', 'vision']];
const INPUT_TOKENS = [1_000, 100_000, 500_000] as const;

const POLICIES: readonly TenantPolicy[] = [
  defaultPolicy('default'),
  { ...defaultPolicy('ordered'), standardCloud: 'aws', cloudOrder: ['aws', 'azure'], minStage: leastStage('ga') },
  {
    ...defaultPolicy('european'),
    residency: { processing: ['eu'], storage: ['eu'], maxScope: 'geo' },
    compliance: ['soc2', 'iso27001', 'eu-data-boundary'],
    zeroRetention: true,
    maxFlaggedDays: 30,
  },
  {
    ...defaultPolicy('government'),
    partitions: ['us-gov'],
    residency: { processing: ['us'], storage: ['us'], maxScope: 'geo' },
    compliance: ['fedramp-high'],
    onUnknown: 'allow-with-warning',
    entitlements: [{ offering: 'aws/us-gov/*', from: '2026-08-01', to: null }],
  },
  {
    ...defaultPolicy('granted'),
    allowResellers: true,
    minEvidence: 'single-third-party',
    entitlements: [
      { offering: 'google/*', from: '2026-09-01', to: null },
      { offering: 'openai/commercial/*', from: '2026-07-01', to: '2026-12-31', tokensPerMinute: 400_000, zeroRetention: true },
    ],
    commitments: [{ cloud: 'azure', remainingUsdMicros: 1_000_000, expires: '2026-12-31' }],
    substitution: { 'gpt-6.2-sol': ['gpt-6.1-sol', 'gpt-6-sol'] },
    priceCap: { outputUsdMicrosPerMillion: 30_000_000 },
  },
];

/** Every second one asks about the configured deployments, which are those of one model, and the catalog beside them. */
export function createQuestions(loaded: LoadedCatalog, count: number): readonly Question[] {
  const offerings = [...loaded.catalog.offerings.values()].flat();
  const models = new Map(PRODUCTS.map((product) => [product, modelsOf(offerings, product)]));
  const deployments = new Map(modelsOf(offerings, 'model').map((model) => [model, configure(offerings, model)]));
  const pick = createPicker();
  return Array.from({ length: count }, (_, index): Question => {
    // Nearly all tasks ask for a model; with deployments nothing else is asked.
    const isConfigured = index % 2 === 1;
    const product = isConfigured || index % 10 !== 0 ? 'model' : pick(PRODUCTS);
    const model = pick(models.get(product) ?? []);
    return {
      catalog: loaded.catalog,
      deployments: isConfigured ? (deployments.get(model) ?? []) : null,
      policy: pick(POLICIES),
      need: {
        product,
        model,
        capabilities: pick(NEEDS),
        inputTokens: pick(INPUT_TOKENS),
        outputTokens: 8_192,
        durationDays: pick([1, 30]),
      },
      at: { asOf: pick(DAYS), knownAt: loaded.knownAt },
    };
  });
}

function leastStage(stage: 'ga' | 'public-preview'): TenantPolicy['minStage'] {
  return { model: stage, codex: stage, 'codex-cloud': stage, 'managed-agent': stage };
}

function modelsOf(offerings: readonly Offering[], wanted: Product): readonly string[] {
  return [...new Set(offerings.filter(({ surface }) => surface.product === wanted).map(({ model }) => model))];
}

/** Endpoints of the model at the first places that our clouds sell it at, and again in other accounts until there are enough. */
function configure(offerings: readonly Offering[], model: string): readonly PlacedDeployment[] {
  const sold = offerings.filter(
    (each) => each.model === model && each.surface.product === 'model' && cloudOf(each) !== undefined,
  );
  return Array.from({ length: CONFIGURED }, (_, index) => sold[index % sold.length])
    .filter((offering) => offering !== undefined)
    .map((offering, index) => {
      const endpoint = `endpoint-${index}`;
      const cloud = cloudOf(offering) ?? 'openai';
      const deployment = aDeployment({
        id: toDeploymentId(endpoint, model),
        endpoint,
        cloud,
        region: offering.place.name,
        model,
      });
      return { deployment, place: offering.place };
    });
}

function cloudOf({ surface }: Offering): Cloud | undefined {
  return CLOUDS.find((cloud) => cloud === surface.seller);
}

/** Mulberry32 with a fixed seed: no chance, so that two runs ask the same. */
function createPicker(): <Value>(values: readonly Value[]) => Value {
  let state = 0x5eed;
  return (values) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    const value = values[((mixed ^ (mixed >>> 14)) >>> 0) % values.length];
    if (value === undefined) throw new RangeError('there is nothing to pick from');
    return value;
  };
}
