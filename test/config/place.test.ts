/** Where a deployment is, by its configuration alone. */
import { describe, expect, test } from 'vitest';
import { loadCatalog } from '../../activities/catalog/load-catalog.ts';
import type { Place } from '../../workflows/domain/catalog.ts';
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

interface Expected extends Pick<Place, 'scope' | 'processing' | 'storage'> {
  /** Surface and name. */
  readonly id: string;
}

describe('a deployment is placed by what its configuration tells', () => {
  test.each<readonly [string, Omit<PlaceInput, 'wireModel'> & { readonly wireModel?: string }, Expected]>([
    ['OpenAI', { cloud: 'openai' }, { id: 'openai/commercial/api/global', scope: 'global', processing: ['*'], storage: ['*'] }],
    [
      'OpenAI in Europe, by its host',
      { cloud: 'openai', baseUrl: 'https://eu.api.openai.com/v1' },
      { id: 'openai/commercial/api/eu', scope: 'geo', processing: ['eu'], storage: ['eu'] },
    ],
    [
      'OpenAI at a host of which nothing is known',
      { cloud: 'openai', baseUrl: 'https://mars.api.openai.com/v1' },
      { id: 'openai/commercial/api/mars', scope: 'geo', processing: [], storage: [] },
    ],
    [
      'OpenAI behind a proxy, by what is said',
      { cloud: 'openai', baseUrl: 'https://proxy.example/v1', processing: 'jp' },
      { id: 'openai/commercial/api/jp', scope: 'geo', processing: ['jp'], storage: ['jp'] },
    ],
    [
      'Azure, whose global deployments are the usual ones',
      AZURE,
      { id: 'azure/commercial/foundry/global', scope: 'global', processing: ['*'], storage: [] },
    ],
    [
      'Azure’s data zone, which keeps data where the resource is',
      { ...AZURE, region: 'swedencentral', processing: 'eu' },
      { id: 'azure/commercial/foundry/eu', scope: 'geo', processing: ['eu'], storage: ['se'] },
    ],
    [
      'Azure in one region',
      { ...AZURE, region: 'swedencentral', processing: 'region' },
      { id: 'azure/commercial/foundry/swedencentral', scope: 'in-region', processing: ['se'], storage: ['se'] },
    ],
    [
      'Azure in a region that nobody knows',
      { ...AZURE, region: 'marscentral', processing: 'region' },
      { id: 'azure/commercial/foundry/marscentral', scope: 'in-region', processing: [], storage: [] },
    ],
    [
      'Azure for the government',
      GOVERNMENT,
      { id: 'azure/us-gov/foundry/us-gov', scope: 'geo', processing: ['us'], storage: ['us'] },
    ],
    [
      'Bedrock’s first surface',
      { cloud: 'aws', region: 'us-west-2' },
      { id: 'aws/commercial/bedrock-mantle/us-west-2', scope: 'in-region', processing: ['us'], storage: ['us'] },
    ],
    [
      'Bedrock in a region that the catalog does not sell in',
      { cloud: 'aws', surface: 'bedrock-mantle', region: 'eu-central-1' },
      { id: 'aws/commercial/bedrock-mantle/eu-central-1', scope: 'in-region', processing: ['de'], storage: ['de'] },
    ],
    [
      'Bedrock for the government',
      { cloud: 'aws', region: 'us-gov-west-1' },
      { id: 'aws/us-gov/bedrock-mantle/us-gov-west-1', scope: 'in-region', processing: ['us'], storage: ['us'] },
    ],
    [
      'a profile within the United States',
      { ...RUNTIME, wireModel: 'us.openai.gpt-6.1-sol' },
      { id: 'aws/commercial/bedrock-runtime/us', scope: 'geo', processing: ['us'], storage: ['us'] },
    ],
    [
      'a profile within a geography that the catalog does not sell in',
      { ...RUNTIME, region: 'eu-west-1', wireModel: 'eu.openai.gpt-6.1-sol' },
      { id: 'aws/commercial/bedrock-runtime/eu', scope: 'geo', processing: ['eu'], storage: ['ie'] },
    ],
    [
      'a profile of the government',
      { ...RUNTIME, region: 'us-gov-west-1', wireModel: 'us-gov.openai.gpt-6.1-sol' },
      { id: 'aws/us-gov/bedrock-runtime/us-gov', scope: 'geo', processing: ['us'], storage: [] },
    ],
    [
      'a name without a profile, which may be anywhere',
      { ...RUNTIME, wireModel: 'openai.gpt-6.1-sol' },
      { id: 'aws/commercial/bedrock-runtime/unknown', scope: 'global', processing: [], storage: ['us'] },
    ],
    [
      'a profile of one’s own, of which something is said',
      { ...RUNTIME, wireModel: 'arn:aws:bedrock:us-east-1:1:application-inference-profile/x', processing: 'us' },
      { id: 'aws/commercial/bedrock-runtime/us', scope: 'geo', processing: ['us'], storage: ['us'] },
    ],
    [
      'Google',
      { cloud: 'google' },
      { id: 'google/commercial/agent-platform/global', scope: 'global', processing: ['*'], storage: [] },
    ],
    [
      'Google in the United States',
      { cloud: 'google', region: 'us' },
      { id: 'google/commercial/agent-platform/us', scope: 'geo', processing: ['us'], storage: [] },
    ],
    [
      'Google in a region',
      { cloud: 'google', region: 'europe-west4' },
      { id: 'google/commercial/agent-platform/europe-west4', scope: 'in-region', processing: ['nl'], storage: [] },
    ],
  ])('%s', (_case, input, { id, ...expected }) => {
    const { place, problems } = placeOf(input);

    expect(problems).toEqual([]);
    expect(`${place.surface}/${place.name}`).toBe(id);
    expect(place).toMatchObject(expected);
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
