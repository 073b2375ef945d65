/** `catalog` in the file: what an operator says besides, or instead. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../workers/config.ts';
import { resolveEndpoints } from '../../workers/endpoints.ts';
import { factAt } from '../../workflows/domain/fact-in-force.ts';
import { priceAt } from '../../workflows/domain/price.ts';

const folder = mkdtempSync(join(tmpdir(), 'anyport-catalog-'));
const file = join(folder, 'anyport.yaml');
const ENDPOINT = 'endpoints:\n  a: { cloud: openai, deployments: { gpt-6.1-sol: x, my-model: y } }\n';
const SOURCES = 'sources: [{ url: our contract, seenOn: 2026-11-20 }]';

function load(catalog: string, endpoints = ENDPOINT) {
  writeFileSync(file, `${endpoints}catalog:\n${catalog}`);
  return loadConfig({ file, environment: { OPENAI_API_KEY: 'k' }, workingDirectory: folder, endpoints: 'optional' });
}

function offering(model: string, facts: string): string {
  return `  offerings:\n    - surface: openai/commercial/api\n      places: [global]\n      model: ${model}\n${facts}`;
}

function priceFact(from: string, to: string, usd: number): string {
  return `        - { value: { inputUsdPerMillion: ${usd}, outputUsdPerMillion: 9 }, from: ${from}, ${to}${SOURCES} }\n`;
}

test('an operator’s price wins for the days that it covers, and the catalog’s holds on the others', () => {
  const { endpoints } = load(offering('gpt-6.1-sol', `      price:\n${priceFact('2026-11-10', 'to: 2026-11-12, ', 0.5)}`));
  const [sol] = endpoints[0]?.deployments ?? [];
  const inputAt = (day: string): number =>
    sol === undefined ? 0 : priceAt(sol.prices, Date.parse(day)).inputUsdMicrosPerMillion;

  expect(['2026-11-09', '2026-11-10', '2026-11-11', '2026-11-12'].map(inputAt)).toEqual([2_000_000, 500_000, 500_000, 2_000_000]);
  expect(sol?.hasOwnPrice).toBe(false);
});

test('an operator’s facts are those of an offering that nobody knew, with their day and their evidence', () => {
  const { catalog } = load(offering('my-model', `      stage: [{ value: ga, from: 2026-11-01, ${SOURCES} }]\n`));
  const [sold] = catalog.catalog.offerings.get('model/my-model') ?? [];

  const stageOn = (asOf: string) => factAt(sold?.stage ?? [], { asOf, knownAt: '2026-11-22T00:00:00.000Z' });
  expect(sold?.id).toBe('openai/commercial/api/global/my-model');
  expect(stageOn('2026-10-31')).toBeUndefined();
  expect(stageOn('2026-11-01')).toMatchObject({ value: 'ga', by: 'operator', sources: [{ evidence: 'operator' }] });
});

test('what a deployment can do is what the catalog says of it today, unless the deployment says it itself', () => {
  const fact = `[{ value: no, from: 2026-01-01, ${SOURCES} }]`;
  const { endpoints } = load(offering('my-model', `      capabilities: { vision: ${fact} }\n`));
  const [sol, own] = endpoints[0]?.deployments ?? [];

  expect(sol?.capabilities).toContain('vision');
  expect(own?.capabilities).toContain('tools');
  expect(own?.capabilities).not.toContain('vision');
});

test('every configured deployment is placed, and fails together with its place', () => {
  const { placed, deployments } = resolveEndpoints(load('  {}\n'), { OPENAI_API_KEY: 'k' });

  expect(placed.map(({ deployment }) => deployment)).toEqual(deployments);
  expect(placed.map(({ place, ownPrices }) => [place.surface, place.name, ownPrices !== undefined])).toEqual([
    ['openai/commercial/api', 'global', false],
    ['openai/commercial/api', 'global', false],
  ]);
  expect(deployments[0]?.failureDomains).toContain('identity:openai');
});

describe('a mistake of it is told at its key', () => {
  test.each([
    ['a key that is none', '  offers: []\n', ':4:3: unknown key "offers": remove it or correct its name'],
    [
      'a surface of no form',
      '  surfaces: { openai: {} }\n',
      ':4:15: catalog.surfaces.openai must be SELLER/PARTITION/SURFACE, such as aws/commercial/bedrock-mantle',
    ],
    [
      'a surface that is not there',
      '  offerings:\n    - { surface: openai/commercial/ape, places: [global], model: m }\n',
      ':5:9: catalog.offerings.0.surface: there is no surface "openai/commercial/ape" (nearest: openai/commercial/api, ',
    ],
    [
      'a place that is not there',
      '  offerings:\n    - { surface: openai/commercial/api, places: [global, mars], model: m }\n',
      ':5:58: catalog.offerings.0.places.1: openai/commercial/api has no place "mars": use one of global, us',
    ],
    [
      'a fact without a source',
      offering('m', '      stage:\n        - { value: ga, from: 2026-01-01, sources: [] }\n'),
      ':9:42: catalog.offerings.0.stage.0.sources must have at least one source',
    ],
    [
      'a stage that is none',
      offering('m', `      stage: [{ value: gaa, from: 2026-01-01, ${SOURCES} }]\n`),
      ':8:17: catalog.offerings.0.stage.0.value must be unlisted, announced, ',
    ],
    [
      'a second value for one day',
      offering('m', `      price:\n${priceFact('2026-01-01', '', 1)}${priceFact('2026-02-01', '', 2)}`),
      ':10:11: catalog.offerings.0.price.1: overlaps openai/commercial/api/global/m#price@2026-01-01',
    ],
  ])('%s', (_case, catalog, message) => {
    expect(() => load(catalog)).toThrow(`${file}${message}`);
  });

  test('together with those of endpoints and tenants', () => {
    const text = '  offerings: [{ surface: openai/x, places: [a], model: m }]\ntenants: { t: { deny: [mars] } }\n';

    expect(() => load(text, 'endpoints:\n  a: { cloud: google, deployments: { m: x } }\n')).toThrow(
      /^3 mistakes in the configuration:\n.*:4:17: .*\n.*:2:3: .*\n.*:5:24: /,
    );
  });
});

describe('a file without endpoints', () => {
  test('is enough for those who only ask the catalog', () => {
    const config = load(offering('my-model', ''), 'tenants: { t: { substitution: { my-model: [gpt-6.1-sol] } } }\n');

    expect(config.endpoints).toEqual([]);
    expect(config.tenants[0]?.policy.substitution).toEqual({ 'my-model': ['gpt-6.1-sol'] });
  });

  test('is refused by those who call', () => {
    writeFileSync(file, 'tenants: { t: {} }\n');

    expect(() => loadConfig({ file, environment: {}, workingDirectory: folder })).toThrow(
      `${file}:1:1: endpoints is missing: it must be a map of names`,
    );
  });
});
