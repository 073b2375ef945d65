import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { AnyportConfig } from '../../workers/anyport-config.ts';
import { loadConfig } from '../../workers/config.ts';
import { resolveEndpoints } from '../../workers/endpoints.ts';
import { priceAt } from '../../workflows/domain/price.ts';

const folder = mkdtempSync(join(tmpdir(), 'anyport-config-'));
const file = join(folder, 'given.yaml');
const environment = { OPENAI_API_KEY: 'sk-secret', AZURE_OPENAI_API_KEY: 'az-secret' };

function load(text: string): AnyportConfig {
  writeFileSync(file, text);
  return loadConfig({ file, environment, workingDirectory: folder });
}

test('loads the example, every cloud of it', () => {
  const example = fileURLToPath(new URL('../../anyport.example.yaml', import.meta.url));
  const config = loadConfig({ file: example, environment, workingDirectory: folder });

  expect(resolveEndpoints(config, environment).map(({ connection }) => connection.cloud)).toEqual([
    'azure',
    'openai',
    'aws',
    'google',
  ]);
});

const endpoint = '{ cloud: openai, deployments: { m: x } }';
test.each([
  ['two endpoints of one name', `endpoints:\n  a: ${endpoint}\n  a: ${endpoint}\n`, ':3:3: "a" is there twice'],
  ['an unknown key', `endpoints:\n  a: { cloud: openai, foo: 1, deployments: { m: x } }\n`, ':2:23: unknown key "foo"'],
  [
    'a missing variable',
    'endpoints:\n  a: { cloud: openai, auth: { apiKeyEnv: NOT_SET }, deployments: { m: x } }\n',
    ':2:23: endpoint a: the variable NOT_SET is not set',
  ],
  [
    'an unencrypted address elsewhere',
    'endpoints:\n  a: { cloud: openai, baseUrl: http://example.com, deployments: { m: x } }\n',
    'use https://',
  ],
  [
    'google without a project',
    'endpoints:\n  g: { cloud: google, deployments: { m: x } }\n',
    ':2:3: endpoint g: cloud google needs a project',
  ],
  [
    'a budget out of its range',
    `endpoints:\n  a: ${endpoint}\ntenants:\n  t: { budget: { turns: 0 } }\n`,
    ':4:18: tenants.t.budget.turns: ',
  ],
  [
    'a price from a day that is none',
    'endpoints:\n  a:\n    cloud: openai\n    deployments: { m: { wireModel: x, price: [{ from: 2026-13-01, inputUsdPerMillion: 1, outputUsdPerMillion: 1 }] } }\n',
    ':4:39: endpoints.a.deployments.m.price.0.from: must be a day such as 2026-11-17',
  ],
])('refuses %s and tells the place', (_case, text, message) => {
  expect(() => load(text)).toThrow(file);
  expect(() => load(text)).toThrow(message);
});

test('takes one price for always, or one for each day from which it is charged', () => {
  const day = '{ inputUsdPerMillion: 1, cacheWriteUsdPerMillion: 2, outputUsdPerMillion: 3';
  const { endpoints } = load(
    `endpoints:
  a:
    cloud: openai
    deployments:
      one: { wireModel: x, price: ${day} } }
      two: { wireModel: x, price: [${day}, from: 2026-11-17 }, { from: 2026-12-01, inputUsdPerMillion: 5, outputUsdPerMillion: 6 }] }
`,
  );

  const [one, two] = (endpoints[0]?.deployments ?? []).map(({ prices }) =>
    ['2026-11-30T23:59:59Z', '2026-12-01'].map((at) => priceAt(prices, Date.parse(at)).inputUsdMicrosPerMillion),
  );
  expect([one, two]).toEqual([
    [1_000_000, 1_000_000],
    [1_000_000, 5_000_000],
  ]);
  expect(endpoints[0]?.deployments[0]?.prices[0].price.cacheWriteUsdMicrosPerMillion).toBe(2_000_000);
});

test('without a file takes the clouds whose variables are set', () => {
  const config = loadConfig({ environment, workingDirectory: folder });

  expect(config.endpoints.map(({ name }) => name)).toEqual(['openai']);
});

test('has no endpoints when nothing is configured, which a worker refuses', () => {
  const config = loadConfig({ environment: {}, workingDirectory: folder });

  expect(config.endpoints).toEqual([]);
  expect(() => resolveEndpoints(config, {})).toThrow('no cloud is configured');
});
