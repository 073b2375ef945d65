/** Where a deployment is, by its configuration alone. */
import { describe, expect, test } from 'vitest';
import { loadCatalog } from '../../activities/catalog/load-catalog.ts';
import type { PlaceInput } from '../../workers/to-place.ts';
import { toPlace } from '../../workers/to-place.ts';

const { catalog } = loadCatalog();

function placeOf(input: Omit<PlaceInput, 'wireModel'> & { readonly wireModel?: string }) {
  const problems: string[] = [];
  const place = toPlace(catalog, { wireModel: 'm', ...input }, (problem) => problems.push(problem));
  return { place, problems };
}

const RUNTIME = { cloud: 'aws', surface: 'bedrock-runtime', region: 'us-east-1' } as const;
const AZURE = { cloud: 'azure', baseUrl: 'https://mine.openai.azure.com/openai/v1/' } as const;
const GOVERNMENT = { ...AZURE, baseUrl: 'https://mine.openai.azure.us/openai/v1/', region: 'usgovvirginia' } as const;

describe('a deployment is placed by what its configuration tells', () => {
  test.each<readonly [string, PlaceInput | Omit<PlaceInput, 'wireModel'>, string, string, readonly string[], readonly string[]]>([
    ['OpenAI', { cloud: 'openai' }, 'openai/commercial/api/global', 'global', ['*'], ['*']],
    [
      'OpenAI in Europe, by its host',
      { cloud: 'openai', baseUrl: 'https://eu.api.openai.com/v1' },
      'openai/commercial/api/eu',
      'geo',
      ['eu'],
      ['eu'],
    ],
    [
      'OpenAI at a host of which nothing is known',
      { cloud: 'openai', baseUrl: 'https://mars.api.openai.com/v1' },
      'openai/commercial/api/mars',
      'geo',
      [],
      [],
    ],
    [
      'OpenAI behind a proxy, by what is said',
      { cloud: 'openai', baseUrl: 'https://proxy.example/v1', processing: 'jp' },
      'openai/commercial/api/jp',
      'geo',
      ['jp'],
      ['jp'],
    ],
    ['Azure, whose global deployments are the usual ones', AZURE, 'azure/commercial/foundry/global', 'global', ['*'], []],
    [
      'Azure’s data zone, which keeps data where the resource is',
      { ...AZURE, region: 'swedencentral', processing: 'eu' },
      'azure/commercial/foundry/eu',
      'geo',
      ['eu'],
      ['se'],
    ],
    [
      'Azure in one region',
      { ...AZURE, region: 'swedencentral', processing: 'region' },
      'azure/commercial/foundry/swedencentral',
      'in-region',
      ['se'],
      ['se'],
    ],
    [
      'Azure in a region that nobody knows',
      { ...AZURE, region: 'marscentral', processing: 'region' },
      'azure/commercial/foundry/marscentral',
      'in-region',
      [],
      [],
    ],
    ['Azure for the government', GOVERNMENT, 'azure/us-gov/foundry/us-gov', 'geo', ['us'], ['us']],
    [
      'Bedrock’s first surface',
      { cloud: 'aws', region: 'us-west-2' },
      'aws/commercial/bedrock-mantle/us-west-2',
      'in-region',
      ['us'],
      ['us'],
    ],
    [
      'Bedrock in a region that the catalog does not sell in',
      { cloud: 'aws', surface: 'bedrock-mantle', region: 'eu-central-1' },
      'aws/commercial/bedrock-mantle/eu-central-1',
      'in-region',
      ['de'],
      ['de'],
    ],
    [
      'Bedrock for the government',
      { cloud: 'aws', region: 'us-gov-west-1' },
      'aws/us-gov/bedrock-mantle/us-gov-west-1',
      'in-region',
      ['us'],
      ['us'],
    ],
    [
      'a profile within the United States',
      { ...RUNTIME, wireModel: 'us.openai.gpt-6.1-sol' },
      'aws/commercial/bedrock-runtime/us',
      'geo',
      ['us'],
      ['us'],
    ],
    [
      'a profile within a geography that the catalog does not sell in',
      { ...RUNTIME, region: 'eu-west-1', wireModel: 'eu.openai.gpt-6.1-sol' },
      'aws/commercial/bedrock-runtime/eu',
      'geo',
      ['eu'],
      ['ie'],
    ],
    [
      'a profile of the government',
      { ...RUNTIME, region: 'us-gov-west-1', wireModel: 'us-gov.openai.gpt-6.1-sol' },
      'aws/us-gov/bedrock-runtime/us-gov',
      'geo',
      ['us'],
      [],
    ],
    [
      'a name without a profile, which may be anywhere',
      { ...RUNTIME, wireModel: 'openai.gpt-6.1-sol' },
      'aws/commercial/bedrock-runtime/unknown',
      'global',
      [],
      ['us'],
    ],
    [
      'a profile of one’s own, of which something is said',
      { ...RUNTIME, wireModel: 'arn:aws:bedrock:us-east-1:1:application-inference-profile/x', processing: 'us' },
      'aws/commercial/bedrock-runtime/us',
      'geo',
      ['us'],
      ['us'],
    ],
    ['Google', { cloud: 'google' }, 'google/commercial/agent-platform/global', 'global', ['*'], []],
    ['Google in the United States', { cloud: 'google', region: 'us' }, 'google/commercial/agent-platform/us', 'geo', ['us'], []],
    [
      'Google in a region',
      { cloud: 'google', region: 'europe-west4' },
      'google/commercial/agent-platform/europe-west4',
      'in-region',
      ['nl'],
      [],
    ],
  ])('%s', (_case, input, id, scope, processing, storage) => {
    const { place, problems } = placeOf(input);

    expect(problems).toEqual([]);
    expect(`${place.surface}/${place.name}`).toBe(id);
    expect(place).toMatchObject({ scope, processing, storage });
  });

  test('and fails together with its surface and its region, but with no location that is none', () => {
    const azure = placeOf({ ...AZURE, region: 'eastus2' }).place.failureDomains;
    const aws = placeOf({ cloud: 'aws', region: 'us-east-1' }).place.failureDomains;

    expect(azure).toEqual(['identity:entra', 'cloud:azure', 'region:eastus2']);
    expect(aws.filter((domain) => domain === 'region:us-east-1')).toHaveLength(1);
    for (const region of ['us', 'global'])
      expect(placeOf({ cloud: 'google', region }).place.failureDomains.filter((domain) => domain.startsWith('region:'))).toEqual(
        [],
      );
  });
});

describe('processing that its cloud does not have is refused', () => {
  test.each<readonly [string, Omit<PlaceInput, 'wireModel'> & { wireModel?: string }, string]>([
    ['of Azure', { ...AZURE, processing: 'mars' }, 'cloud azure has no processing "mars" there: use one of global, us, eu, apac'],
    ['of Azure for the government', { ...GOVERNMENT, processing: 'global' }, 'no processing "global" there: use one of us-gov'],
    [
      'in a region that is not named',
      { ...AZURE, processing: 'region' },
      'processing: region, but the endpoint has no region: add "region: NAME"',
    ],
    ['of OpenAI', { cloud: 'openai', processing: 'region' }, 'cloud openai has no processing "region": use one of global, us'],
    [
      'that its address contradicts',
      { cloud: 'openai', baseUrl: 'https://eu.api.openai.com/v1', processing: 'us' },
      'processing: us, but the address eu.api.openai.com is that of eu: remove one of them',
    ],
    [
      'that its name contradicts',
      { ...RUNTIME, wireModel: 'us.openai.m', processing: 'eu' },
      'processing: eu, but us.openai.m is processed in us, as its name says',
    ],
    ['of AWS', { ...RUNTIME, processing: 'mars' }, 'cloud aws has no processing "mars": use global, region, or a geography'],
    [
      'of Bedrock’s first surface',
      { cloud: 'aws', region: 'us-east-1', processing: 'us' },
      'processing follows from the region here (cloud aws): remove it',
    ],
    ['of Google', { cloud: 'google', processing: 'us' }, 'processing follows from the region here (cloud google): remove it'],
  ])('%s', (_case, input, message) => {
    expect(placeOf(input).problems).toEqual([expect.stringContaining(message)]);
  });
});
