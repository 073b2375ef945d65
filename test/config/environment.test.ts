import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../workers/config.ts';
import { resolveEndpoints } from '../../workers/endpoints.ts';
import type { Environment } from '../../workers/read-secret.ts';

const AZURE = { AZURE_OPENAI_ENDPOINT: 'https://mine.openai.azure.com', AZURE_OPENAI_API_KEY: 'az' };
const AWS = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'AKIA' };
const folder = mkdtempSync(join(tmpdir(), 'anyport-config-'));

function load(environment: Environment) {
  return loadConfig({ environment, workingDirectory: folder });
}

describe('without a file, a cloud whose usual variables are set is used', () => {
  test.each<readonly [string, Environment, object]>([
    [
      'OpenAI',
      { OPENAI_API_KEY: 'sk' },
      { name: 'openai', cloud: 'openai', auth: { kind: 'api-key', secret: { kind: 'environment', name: 'OPENAI_API_KEY' } } },
    ],
    [
      'OpenAI at another address',
      { OPENAI_API_KEY: 'sk', OPENAI_BASE_URL: 'https://proxy.example/v1' },
      { baseUrl: 'https://proxy.example/v1' },
    ],
    ['Azure, whose address gets its path', AZURE, { name: 'azure', baseUrl: 'https://mine.openai.azure.com/openai/v1/' }],
    [
      'Azure, whose address has its path',
      { ...AZURE, AZURE_OPENAI_ENDPOINT: 'https://mine.openai.azure.com/openai/v1/' },
      { baseUrl: 'https://mine.openai.azure.com/openai/v1/' },
    ],
    ['AWS by an access key', AWS, { name: 'aws-us-east-1', region: 'us-east-1', auth: { kind: 'default-chain' } }],
    ['AWS by a profile', { AWS_DEFAULT_REGION: 'eu-west-1', AWS_PROFILE: 'p' }, { name: 'aws-eu-west-1', region: 'eu-west-1' }],
    [
      'AWS by a Bedrock key',
      { AWS_REGION: 'us-east-1', AWS_BEARER_TOKEN_BEDROCK: 'b' },
      { auth: { kind: 'bearer-token', secret: { kind: 'environment', name: 'AWS_BEARER_TOKEN_BEDROCK' } } },
    ],
    ['Google', { GOOGLE_CLOUD_PROJECT: 'p' }, { name: 'google-global', project: 'p', region: 'global' }],
    [
      'Google at a location',
      { GOOGLE_CLOUD_PROJECT: 'p', GOOGLE_CLOUD_LOCATION: 'us-east5' },
      { name: 'google-us-east5', region: 'us-east5' },
    ],
  ])('%s', (_case, environment, expected) => {
    expect(load(environment).endpoints).toEqual([expect.objectContaining(expected)]);
  });

  test('all of them at once, best known first', () => {
    const config = load({ OPENAI_API_KEY: 'sk', ...AZURE, ...AWS, GOOGLE_CLOUD_PROJECT: 'p' });

    expect(config.endpoints.map(({ name }) => name)).toEqual(['openai', 'azure', 'aws-us-east-1', 'google-global']);
  });

  test.each<readonly [string, Environment]>([
    ['a key that is empty', { OPENAI_API_KEY: ' ' }],
    ['a region alone', { AWS_REGION: 'us-east-1' }],
    ['credentials of AWS without a region', { AWS_ACCESS_KEY_ID: 'AKIA' }],
    ['a key of Azure without its address', { AZURE_OPENAI_API_KEY: 'az' }],
  ])('but not by %s', (_case, environment) => {
    expect(load(environment).endpoints).toEqual([]);
  });
});

describe('the models are', () => {
  test.each<readonly [string, Environment, Record<string, string>]>([
    ['one, by default', { OPENAI_API_KEY: 'sk' }, { 'gpt-6.1-sol': 'gpt-6.1-sol' }],
    ['those of ANYPORT_MODELS', { OPENAI_API_KEY: 'sk', ANYPORT_MODELS: 'a, b,' }, { a: 'a', b: 'b' }],
    ['named as AWS does there', AWS, { 'gpt-6.1-sol': 'openai.gpt-6.1-sol' }],
    ['of a deployment of Azure', { ...AZURE, AZURE_OPENAI_DEPLOYMENT: 'mine', ANYPORT_MODELS: 'a,b' }, { a: 'mine' }],
    ['of several deployments of Azure', { ...AZURE, AZURE_OPENAI_DEPLOYMENTS: 'a=x, b=y' }, { a: 'x', b: 'y' }],
  ])('%s', (_case, environment, expected) => {
    const [endpoint] = load(environment).endpoints;

    expect(Object.fromEntries(endpoint?.deployments.map(({ model, wireModel }) => [model, wireModel]) ?? [])).toEqual(expected);
  });
});

describe('a variable of a wrong form is refused by its name', () => {
  test.each<readonly [string, Environment, string]>([
    ['an address that is none', { OPENAI_API_KEY: 'sk', OPENAI_BASE_URL: 'here' }, 'OPENAI_BASE_URL: baseUrl is no web address'],
    [
      'an address of Azure',
      { ...AZURE, AZURE_OPENAI_ENDPOINT: 'http://x.example' },
      'AZURE_OPENAI_ENDPOINT: baseUrl sends credentials',
    ],
    ['an address of AWS', { ...AWS, AWS_BEDROCK_BASE_URL: 'x' }, 'AWS_BEDROCK_BASE_URL: baseUrl is no web address'],
    ['a region', { ...AWS, AWS_REGION: 'US East' }, 'AWS_REGION must be a region such as us-east-1, not "US East"'],
    ['deployments', { ...AZURE, AZURE_OPENAI_DEPLOYMENTS: 'a' }, 'AZURE_OPENAI_DEPLOYMENTS must be MODEL=DEPLOYMENT'],
    ['models that are none', { OPENAI_API_KEY: 'sk', ANYPORT_MODELS: ' , ' }, 'ANYPORT_MODELS names no model: unset it'],
  ])('%s', (_case, environment, message) => {
    expect(() => load(environment)).toThrow(message);
  });
});

test('has no endpoints when nothing is configured, which a worker refuses', () => {
  expect(load({}).endpoints).toEqual([]);
  expect(() => resolveEndpoints(load({}), {})).toThrow('no cloud is configured: write anyport.yaml');
});
