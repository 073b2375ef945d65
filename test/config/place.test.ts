/** Where a deployment is, by its configuration alone. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadCatalog } from '../../activities/catalog/load-catalog.ts';
import type { Place } from '../../workflows/domain/catalog.ts';
import { loadConfig } from '../../workers/config.ts';
import type { PlaceInput } from '../../workers/to-place.ts';
import { toPlace } from '../../workers/to-place.ts';

const { catalog } = loadCatalog();

function placeOf(input: Omit<PlaceInput, 'wireModel'> & { readonly wireModel?: string }) {
  const problems: string[] = [];
  const place = toPlace(catalog, { wireModel: 'm', ...input }, (_key, problem) => problems.push(problem));
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
      'OpenAI in Europe, by its host in capitals and with its last dot',
      { cloud: 'openai', baseUrl: 'https://EU.api.OpenAI.com./v1' },
      { id: 'openai/commercial/api/eu', scope: 'geo', processing: ['eu'], storage: ['eu'] },
    ],
    [
      'OpenAI at one more of its hosts, which may be anywhere',
      { cloud: 'openai', baseUrl: 'https://eu.beta.openai.com/v1' },
      { id: 'openai/commercial/api/global', scope: 'global', processing: ['*'], storage: ['*'] },
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
      { id: 'aws/us-gov/bedrock-runtime/us-gov', scope: 'geo', processing: ['us'], storage: ['us'] },
    ],
    [
      'a model in GovCloud, which is where it is asked for',
      { ...RUNTIME, region: 'us-gov-east-1', wireModel: 'openai.gpt-5.6-terra' },
      { id: 'aws/us-gov/bedrock-runtime/us-gov-east-1', scope: 'in-region', processing: ['us'], storage: ['us'] },
    ],
    [
      'a profile that is called from outside of its geography',
      { ...RUNTIME, region: 'ca-central-1', wireModel: 'us.openai.gpt-6.1-sol' },
      { id: 'aws/commercial/bedrock-runtime/us', scope: 'geo', processing: ['us', 'ca'], storage: ['ca'] },
    ],
    [
      'a profile that is called from a region that nobody knows',
      { ...RUNTIME, region: 'mars-north-1', wireModel: 'us.openai.gpt-6.1-sol' },
      { id: 'aws/commercial/bedrock-runtime/us', scope: 'geo', processing: [], storage: [] },
    ],
    [
      'the profile that leads everywhere, of which it is not said where it keeps data',
      { ...RUNTIME, region: 'eu-west-1', wireModel: 'global.openai.gpt-6.1-sol' },
      { id: 'aws/commercial/bedrock-runtime/global', scope: 'global', processing: ['*'], storage: [] },
    ],
    [
      'a profile in capitals',
      { ...RUNTIME, wireModel: 'GLOBAL.openai.gpt-6.1-sol' },
      { id: 'aws/commercial/bedrock-runtime/global', scope: 'global', processing: ['*'], storage: [] },
    ],
    [
      'a profile by its ARN',
      { ...RUNTIME, region: 'eu-west-1', wireModel: 'arn:aws:bedrock:eu-west-1:1:inference-profile/global.openai.gpt-6.1-sol' },
      { id: 'aws/commercial/bedrock-runtime/global', scope: 'global', processing: ['*'], storage: [] },
    ],
    ...[
      'sa.openai.m',
      'me.openai.m',
      'openai.openai.m',
      ' us.openai.m',
      'arn:aws:bedrock:us-east-1:1:default-prompt-router/x',
    ].map(
      (wireModel) =>
        [
          `nowhere by ${wireModel}, of which nothing is known`,
          { ...RUNTIME, wireModel },
          { id: 'aws/commercial/bedrock-runtime/unknown', scope: 'global' as const, processing: [], storage: ['us'] },
        ] as const,
    ),
    [
      'a profile of one’s own, of which nothing is said',
      { ...RUNTIME, wireModel: 'arn:aws:bedrock:us-east-1:1:application-inference-profile/x' },
      { id: 'aws/commercial/bedrock-runtime/unknown', scope: 'global', processing: [], storage: ['us'] },
    ],
    [
      'a profile of one’s own that leads elsewhere',
      { ...RUNTIME, wireModel: 'arn:aws:bedrock:us-east-1:1:application-inference-profile/x', processing: 'eu' },
      { id: 'aws/commercial/bedrock-runtime/eu', scope: 'geo', processing: ['eu', 'us'], storage: ['us'] },
    ],
    [
      'a region that is named as what every object has',
      { cloud: 'aws', region: 'constructor' },
      { id: 'aws/commercial/bedrock-mantle/constructor', scope: 'in-region', processing: [], storage: [] },
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
      'that the usual address contradicts',
      { cloud: 'openai', baseUrl: 'https://API.openai.com./v1', processing: 'eu' },
      'processing: eu, but the address api.openai.com is that of global: remove one of them',
    ],
    [
      'that its region is outside of',
      { ...AZURE, region: 'eastus2', processing: 'eu' },
      'processing: eu, but region eastus2 is in us, outside of that data zone: correct one of them',
    ],
    [
      'of a model itself',
      { ...RUNTIME, wireModel: 'openai.gpt-6.1-sol', processing: 'eu' },
      'processing: eu can be said of an application inference profile alone, not of openai.gpt-6.1-sol: remove it',
    ],
    [
      'that an ARN contradicts',
      { ...RUNTIME, wireModel: 'arn:aws:bedrock:us-east-1:1:inference-profile/us.openai.m', processing: 'eu' },
      'us.openai.m is processed in us, as its name says: remove processing',
    ],
    [
      'of a profile of one’s own in GovCloud',
      { ...RUNTIME, region: 'us-gov-west-1', wireModel: 'own', processing: 'us' },
      'cloud aws has no processing "us" there: use region or us-gov',
    ],
    [
      'that its name contradicts',
      { ...RUNTIME, wireModel: 'us.openai.m', processing: 'eu' },
      'processing: eu, but us.openai.m is processed in us, as its name says',
    ],
    [
      'of AWS',
      { ...RUNTIME, processing: 'mars' },
      'cloud aws has no processing "mars" there: use global, region, or a geography',
    ],
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

const folder = mkdtempSync(join(tmpdir(), 'anyport-place-'));
const file = join(folder, 'anyport.yaml');

/** The endpoint's keys are the third line of its file. */
function load(keys: string) {
  writeFileSync(file, `endpoints:\n  a:\n    { ${keys} }\n`);
  return loadConfig({ file, environment: {}, workingDirectory: folder }).endpoints[0];
}

const MODELS = 'deployments: { m: x }';
const AWS_ROUTE = 'cloud: aws, region: eu-west-1, deployments: { m: openai.m }, baseUrl:';
const GOOGLE_ROUTE = `cloud: google, project: p, ${MODELS}`;

describe('what is processed in a geography of OpenAI’s is called there', () => {
  test.each([
    ['by what its endpoint says', `cloud: openai, processing: eu, ${MODELS}`, 'https://eu.api.openai.com/v1'],
    [
      'by what its deployment says',
      'cloud: openai, deployments: { m: { wireModel: x, processing: jp } }',
      'https://jp.api.openai.com/v1',
    ],
    ['unless it is anywhere', `cloud: openai, processing: global, ${MODELS}`, undefined],
    [
      'unless its address is a proxy’s',
      `cloud: openai, processing: eu, baseUrl: "http://127.0.0.1:9/v1", ${MODELS}`,
      'http://127.0.0.1:9/v1',
    ],
  ])('%s', (_case, keys, baseUrl) => {
    expect(load(keys)?.baseUrl).toBe(baseUrl);
  });
});

describe('an address, a region or a name that contradicts another is refused at its key', () => {
  test.each([
    [
      'two geographies of OpenAI’s',
      'cloud: openai, processing: eu, deployments: { a: x, b: { wireModel: x, processing: us } }',
      ':3:78: endpoint a: processing: us, but another deployment has eu, and they have one address',
    ],
    [
      'a geography beside deployments that may be anywhere',
      'cloud: openai, deployments: { a: { wireModel: x, processing: eu }, b: x }',
      'endpoint a: processing: global, but another deployment has eu',
    ],
    [
      'another region of Bedrock’s',
      `${AWS_ROUTE} "https://bedrock-mantle.us-east-1.api.aws/openai/v1"`,
      ':3:68: endpoint a: baseUrl is in us-east-1, but the region is eu-west-1: correct one of them',
    ],
    [
      'another region of Bedrock’s, in capitals and with its last dot',
      `${AWS_ROUTE} "https://bedrock-mantle.US-EAST-1.api.aws./openai/v1"`,
      'baseUrl is in us-east-1, but',
    ],
    [
      'another region of a private connection',
      `${AWS_ROUTE} "https://vpce-0a1-b2.bedrock-mantle.us-east-1.vpce.amazonaws.com/"`,
      'baseUrl is in us-east-1, but',
    ],
    [
      'another surface of Bedrock’s',
      `${AWS_ROUTE} "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1"`,
      'the address bedrock-runtime.eu-west-1.amazonaws.com is of bedrock-runtime, but the surface is bedrock-mantle: write "surface',
    ],
    [
      'a location by Google’s host',
      `${GOOGLE_ROUTE}, region: europe-west4, baseUrl: "https://us-east5-aiplatform.googleapis.com/v1"`,
      ':3:79: endpoint a: baseUrl is in us-east5, but the region is europe-west4: correct one of them',
    ],
    [
      'Google’s host of everywhere',
      `${GOOGLE_ROUTE}, region: europe-west4, baseUrl: "https://aiplatform.googleapis.com/v1"`,
      'baseUrl is in global, but the region is europe-west4',
    ],
    [
      'a multi-region of Google’s',
      `${GOOGLE_ROUTE}, region: eu, baseUrl: "https://aiplatform.us.rep.googleapis.com/v1"`,
      'baseUrl is in us, but the region is eu',
    ],
    [
      'a location by the path, whoever’s the host is',
      `${GOOGLE_ROUTE}, region: europe-west4, baseUrl: "https://proxy.example/v1/projects/p/locations/us%2Deast5/publishers/openai/v1"`,
      'baseUrl is in us-east5, but the region is europe-west4',
    ],
    [
      'a location beside the usual one',
      `${GOOGLE_ROUTE}, baseUrl: "https://us-east5-aiplatform.googleapis.com/v1"`,
      'baseUrl is in us-east5, but the region is global: correct one of them (add "region: NAME")',
    ],
    [
      'a region by Azure’s host',
      `cloud: azure, region: swedencentral, baseUrl: "https://eastus2.api.cognitive.microsoft.com/openai/v1/", ${MODELS}`,
      'baseUrl is in eastus2, but the region is swedencentral',
    ],
    [
      'another cloud’s address',
      `cloud: azure, region: swedencentral, baseUrl: "https://api.openai.com/v1/", ${MODELS}`,
      ':3:44: endpoint a: the address api.openai.com is one of openai, not azure: write "cloud: openai", or correct baseUrl',
    ],
    [
      'another region of an ARN',
      'cloud: aws, surface: bedrock-runtime, region: eu-west-1, deployments: { m: "arn:aws:bedrock:us-east-1:1:inference-profile/eu.openai.m" }',
      ':3:79: endpoint a: arn:aws:bedrock:us-east-1:1:inference-profile/eu.openai.m names the region "us-east-1", but',
    ],
    [
      'a profile of GovCloud elsewhere',
      'cloud: aws, surface: bedrock-runtime, region: us-east-1, deployments: { m: us-gov.openai.m }',
      ':3:79: endpoint a: us-gov.openai.m is no profile of region us-east-1: in GovCloud, and there alone, they begin with us-gov.',
    ],
    [
      'another profile in GovCloud',
      'cloud: aws, surface: bedrock-runtime, region: us-gov-west-1, deployments: { m: us.openai.m }',
      'us.openai.m is no profile of region us-gov-west-1',
    ],
    [
      'a profile where there are none',
      'cloud: aws, region: eu-west-1, deployments: { m: global.openai.m }',
      'global.openai.m is an inference profile, which bedrock-mantle has not: add "surface: bedrock-runtime"',
    ],
    ...['cn-north-1', 'us-iso-east-1', 'us-isob-east-1', 'eusc-de-east-1'].map((region) => [
      `the partition of ${region}`,
      `cloud: aws, region: ${region}, deployments: { m: openai.m }`,
      `:3:19: endpoint a: region ${region} is in a partition of aws that Anyport does not know: use a commercial or US government one`,
    ]),
    [
      'the partition of an address of AWS',
      `${AWS_ROUTE} "https://bedrock-runtime.cn-north-1.amazonaws.com.cn/"`,
      'the address bedrock-runtime.cn-north-1.amazonaws.com.cn is in a partition of aws that Anyport does not know',
    ],
    [
      'the partition of an address of Azure',
      `cloud: azure, baseUrl: "https://mine.openai.azure.cn/openai/v1/", ${MODELS}`,
      ':3:21: endpoint a: the address mine.openai.azure.cn is in a partition of azure that Anyport does not know',
    ],
    [
      'a location of Google’s without a known address',
      `${GOOGLE_ROUTE}, region: eu`,
      ':3:57: endpoint a: the address of Google’s location eu is not known, nor a model of OpenAI’s there: use a region such as',
    ],
  ])('%s', (_case, keys = '', message = '') => {
    expect(() => load(keys)).toThrow(message);
  });

  test.each([
    ['a load balancer of AWS', `${AWS_ROUTE} "https://my-alb-123.elb.amazonaws.com/"`],
    [
      'a private connection of Google',
      `${GOOGLE_ROUTE}, region: us-east5, baseUrl: "https://aiplatform-mine.p.googleapis.com/v1"`,
    ],
    ['Google’s multi-region', `${GOOGLE_ROUTE}, region: eu, baseUrl: "https://aiplatform.eu.rep.googleapis.com/v1"`],
    ['an emulator', `${GOOGLE_ROUTE}, region: us-east5, baseUrl: "http://127.0.0.1:9/v1/projects/p/locations/us-east5/"`],
    [
      'Azure’s host of its region',
      `cloud: azure, region: eastus2, baseUrl: "https://eastus2.api.cognitive.microsoft.com/", ${MODELS}`,
    ],
  ])('but not %s', (_case, keys) => {
    expect(load(keys)?.name).toBe('a');
  });
});

test('an address of AWS’s variable, and a region, are refused by their variables and once', () => {
  const from = (environment: Readonly<Record<string, string>>) => () =>
    loadConfig({ environment: { AWS_PROFILE: 'p', ANYPORT_MODELS: 'a,b', ...environment }, workingDirectory: tmpdir() });

  const there = 'https://bedrock-mantle.us-east-1.api.aws/openai/v1';
  expect(from({ AWS_REGION: 'eu-west-1', AWS_BEDROCK_BASE_URL: there })).toThrow(
    /^AWS_BEDROCK_BASE_URL: baseUrl is in us-east-1, but the region is eu-west-1: correct one of them$/,
  );
  expect(from({ AWS_DEFAULT_REGION: 'cn-north-1' })).toThrow(/^AWS_DEFAULT_REGION: region cn-north-1 is in a partition/);
  expect(from({ GOOGLE_CLOUD_PROJECT: 'p', GOOGLE_CLOUD_LOCATION: 'eu' })).toThrow(/^GOOGLE_CLOUD_LOCATION: the address/);
});

test('Bedrock’s runtime in GovCloud asks for an approval', () => {
  const surface = catalog.surfaces.get('aws/us-gov/bedrock-runtime');

  expect(surface?.entitlement.map(({ value }) => value)).toEqual(['gov-approval']);
  expect(Object.keys(surface?.places ?? {})).toEqual(['us-gov-west-1', 'us-gov-east-1']);
});
