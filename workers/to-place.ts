/**
 * Where a deployment is processed and kept, as far as its configuration tells: an address, a region, the name of a model, and what an
 * operator says of it. What they do not tell is not known, and is within no residency then.
 */
import { knownGeos } from '../activities/catalog/known-geos.ts';
import type { Catalog, Partition, Place, Surface } from '../workflows/domain/catalog.ts';
import type { Geo } from '../workflows/domain/geo.ts';
import { ANYWHERE } from '../workflows/domain/geo.ts';
import type { Cloud } from '../workflows/domain/route.ts';

export interface PlaceInput {
  readonly cloud: Cloud;
  /** AWS only. */
  readonly surface?: 'bedrock-mantle' | 'bedrock-runtime' | undefined;
  readonly region?: string | undefined;
  readonly baseUrl?: string | undefined;
  readonly wireModel: string;
  /** In the operator's words: `global`, a geography, or `region`. */
  readonly processing?: string | undefined;
}

/** A surface as the catalog has it, and what may be looked up besides. */
interface Ground {
  readonly id: string;
  readonly surface: Pick<Surface, 'places' | 'regions' | 'failureDomains'>;
  readonly isGeo: (name: string) => boolean;
}

/** Tells what is wrong with `processing`. */
type Refuse = (problem: string) => void;

/** The name of a place of which nothing is known. */
const UNKNOWN = 'unknown';
/** The prefix of Bedrock's profiles for the government of the United States, which is a partition and no geography. */
const GOVERNMENT = 'us-gov';
const GOVERNMENT_HOST = /\.(azure\.us|usgovcloudapi\.net)$/;
const REGIONAL_OPENAI_HOST = /^([a-z-]+)\.api\.openai\.com$/;
/** `us.openai.gpt-6.1-sol`, not `openai.gpt-6.1-sol`; whether it is a geography is looked up. */
const PROFILE_PREFIX = /^([a-z-]+)\.[a-z]/;

export function toPlace(catalog: Catalog, input: PlaceInput, refuse: Refuse): Place {
  const geos = knownGeos(catalog);
  const id = surfaceId(input);
  const surface: Ground['surface'] = catalog.surfaces.get(id) ?? { places: {}, regions: {}, failureDomains: [] };
  const ground: Ground = { id, surface, isGeo: (name) => geos.has(name) };
  const name = NAMES[input.cloud](input, ground, refuse);
  const place = surface.places[name] ?? derivePlace(ground, name, input.cloud);
  const { region } = input;
  const home = region === undefined ? undefined : geoOf(ground, region);
  return {
    ...place,
    storage: place.storage === 'chosen' ? listOf(home) : place.storage,
    failureDomains: [...new Set([...place.failureDomains, ...regionDomains(ground, region)])],
  };
}

function surfaceId({ cloud, surface, region, baseUrl }: PlaceInput): string {
  switch (cloud) {
    case 'openai':
      return 'openai/commercial/api';
    case 'azure':
      return `azure/${partitionOf(GOVERNMENT_HOST.test(hostOf(baseUrl)))}/foundry`;
    case 'aws':
      return `aws/${partitionOf(region?.startsWith('us-gov-') === true)}/${surface ?? 'bedrock-mantle'}`;
    case 'google':
      return 'google/commercial/agent-platform';
  }
}

function partitionOf(isGovernment: boolean): Partition {
  return isGovernment ? 'us-gov' : 'commercial';
}

const NAMES = {
  openai: openaiPlace,
  azure: azurePlace,
  aws: awsPlace,
  google: (input, _ground, refuse) => {
    refuseProcessing(input, refuse);
    return input.region ?? 'global';
  },
} as const satisfies Record<Cloud, (input: PlaceInput, ground: Ground, refuse: Refuse) => string>;

function openaiPlace({ baseUrl, processing }: PlaceInput, { surface }: Ground, refuse: Refuse): string {
  const host = hostOf(baseUrl);
  const prefix = REGIONAL_OPENAI_HOST.exec(host)?.[1];
  const names = Object.keys(surface.places);
  if (prefix !== undefined) {
    if (processing !== undefined && processing !== prefix)
      refuse(`processing: ${processing}, but the address ${host} is that of ${prefix}: remove one of them`);
    return prefix;
  }
  if (processing !== undefined && !names.includes(processing))
    refuse(`cloud openai has no processing "${processing}": use one of ${names.join(', ')}`);
  return processing ?? 'global';
}

function azurePlace({ baseUrl, processing, region }: PlaceInput, { surface }: Ground, refuse: Refuse): string {
  const usual = GOVERNMENT_HOST.test(hostOf(baseUrl)) ? GOVERNMENT : 'global';
  if (processing === undefined) return usual;
  if (processing === 'region') return regionOr(region, usual, refuse);
  const names = Object.keys(surface.places);
  if (names.includes(processing)) return processing;
  refuse(`cloud azure has no processing "${processing}" there: use one of ${[...names, 'region'].join(', ')}`);
  return usual;
}

function awsPlace(input: PlaceInput, { surface, isGeo }: Ground, refuse: Refuse): string {
  const { region, wireModel, processing } = input;
  if (input.surface !== 'bedrock-runtime') {
    refuseProcessing(input, refuse);
    return region ?? UNKNOWN;
  }
  const isZone = (name: string): boolean => name === 'global' || name === GOVERNMENT || name in surface.places || isGeo(name);
  const prefix = PROFILE_PREFIX.exec(wireModel)?.[1];
  if (prefix !== undefined && isZone(prefix)) {
    if (processing !== undefined && processing !== prefix)
      refuse(`processing: ${processing}, but ${wireModel} is processed in ${prefix}, as its name says: remove processing`);
    return prefix;
  }
  if (processing === 'region') return regionOr(region, UNKNOWN, refuse);
  if (processing === undefined || isZone(processing)) return processing ?? UNKNOWN;
  refuse(`cloud aws has no processing "${processing}": use global, region, or a geography such as us, eu, in or apac`);
  return UNKNOWN;
}

function refuseProcessing({ cloud, processing }: PlaceInput, refuse: Refuse): void {
  if (processing !== undefined) refuse(`processing follows from the region here (cloud ${cloud}): remove it`);
}

function regionOr(region: string | undefined, usual: string, refuse: Refuse): string {
  if (region === undefined) refuse('processing: region, but the endpoint has no region: add "region: NAME"');
  return region ?? usual;
}

/** A place that the catalog does not have. Azure and AWS keep what they keep where the endpoint is; of the others it is not known. */
function derivePlace(ground: Ground, name: string, cloud: Cloud): Place {
  const storage = cloud === 'azure' || cloud === 'aws' ? ('chosen' as const) : [];
  const place = { surface: ground.id, name, storage, failureDomains: ground.surface.failureDomains };
  if (name === UNKNOWN) return { ...place, scope: 'global', processing: [] };
  if (name === 'global') return { ...place, scope: 'global', processing: [ANYWHERE] };
  if (name === GOVERNMENT) return { ...place, scope: 'geo', processing: ['us'] };
  // A host of OpenAI keeps data within a geography, never within one data centre.
  const scope = ground.isGeo(name) || cloud === 'openai' ? 'geo' : 'in-region';
  return { ...place, scope, processing: listOf(geoOf(ground, name)) };
}

/** Of a region, or of a location that is a geography itself. */
function geoOf({ surface, isGeo }: Ground, name: string): Geo | undefined {
  return surface.regions[name] ?? (isGeo(name) ? name : undefined);
}

/** A location such as `us` or `global` is no region that could fail as one. */
function regionDomains({ isGeo }: Ground, region: string | undefined): readonly string[] {
  return region === undefined || region === 'global' || isGeo(region) ? [] : [`region:${region}`];
}

function listOf(geo: Geo | undefined): readonly Geo[] {
  return geo === undefined ? [] : [geo];
}

function hostOf(baseUrl: string | undefined): string {
  return (baseUrl === undefined ? undefined : URL.parse(baseUrl)?.hostname) ?? '';
}
