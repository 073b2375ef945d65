import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadConfig } from '../../workers/config.ts';
import { resolveEndpoints } from '../../workers/endpoints.ts';

const folder = mkdtempSync(join(tmpdir(), 'anyport-config-'));
const file = join(folder, 'given.yaml');
const environment = { OPENAI_API_KEY: 'sk-secret', AZURE_OPENAI_API_KEY: 'az-secret' };

function load(text: string): unknown {
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

test('reads limits per minute, and calls a host of its own by its name', () => {
  const config = loadConfig({
    file: fileURLToPath(new URL('../../anyport.example.yaml', import.meta.url)),
    environment,
    workingDirectory: folder,
  });
  const deployments = resolveEndpoints(config, environment).flatMap((each) => each.deployments);

  expect(deployments.map(({ limits }) => limits)).toEqual([
    undefined,
    { requestsPerMinute: 500, tokensPerMinute: 2_000_000 },
    undefined,
    undefined,
  ]);
  expect(deployments.map(({ site }) => site)).toEqual(['example.openai.azure.com', 'openai -', 'aws us-east-1', 'google global']);
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
    'a limit of nothing',
    'endpoints:\n  a: { cloud: openai, deployments: { m: { wireModel: x, limits: { tokensPerMinute: 0 } } } }\n',
    'endpoints.a.deployments.m.limits.tokensPerMinute',
  ],
  [
    'google without a project',
    'endpoints:\n  g: { cloud: google, deployments: { m: x } }\n',
    ':2:3: endpoint g: cloud google needs a project',
  ],
])('refuses %s and tells the place', (_case, text, message) => {
  expect(() => load(text)).toThrow(file);
  expect(() => load(text)).toThrow(message);
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
