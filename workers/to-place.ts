/**
 * Where a deployment is processed and kept, as far as its configuration tells: an address, a region, the name of a model, and what an
 * operator says of it. What they do not tell is not known, and is within no residency then.
 */
import { knownGeos } from '../activities/catalog/known-geos.ts';
import type { Catalog, Partition, Place, Surface } from '../workflows/domain/catalog.ts';
import type { Geo } from '../workflows/domain/geo.ts';
import { ANYWHERE, isWithin } from '../workflows/domain/geo.ts';
import type { ManagedService } from '../workflows/domain/managed-service.ts';
import type { Cloud } from '../workflows/domain/route.ts';
import type { BedrockModelName } from './bedrock-model-name.ts';
import { GOVERNMENT, PROFILE_PREFIXES, readBedrockModelName } from './bedrock-model-name.ts';
import { hostOf, openaiPlaceOf } from './check-address.ts';

export interface PlaceInput {
  readonly cloud: Cloud;
  /** AWS only. */
  readonly surface?: 'bedrock-mantle' | 'bedrock-runtime' | undefined;
  readonly service?: ManagedService | undefined;
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

/** The key of the endpoint or of its deployment that is wrong. */
export type PlaceKey = 'processing' | 'wireModel';
type Refuse = (key: PlaceKey, problem: string) => void;

/** The name of a place of which nothing is known. */
const UNKNOWN = 'unknown';
const GOVERNMENT_HOST = /\.(azure\.us|microsoft\.us|usgovcloudapi\.net)$/;
const GOVERNMENT_REGION = /^us-gov-/;

export function toPlace(catalog: Catalog, input: PlaceInput, refuse: Refuse): Place {
  const geos = knownGeos(catalog);
  const id = surfaceId(input);
  const surface: Ground['surface'] = catalog.surfaces.get(id) ?? { places: {}, regions: {}, failureDomains: [] };
  const ground: Ground = { id, surface, isGeo: (name) => geos.has(name) };
  const name = NAMES[input.cloud](input, ground, refuse);
  const { cloud, region } = input;
  const home = region === undefined ? undefined : geoOf(ground, region);
  const named = ownOf(surface.places, name) ?? derivePlace(ground, name, cloud);
  const place = cloud === 'aws' && input.surface === 'bedrock-runtime' ? fromRegion(named, home) : named;
  return {
    ...place,
    storage: place.storage === 'chosen' ? listOf(home) : place.storage,
    failureDomains: [...new Set([...place.failureDomains, ...regionDomains(ground, region)])],
  };
}

/**
 * Who calls a profile from outside of its geography may be served where the call is made too, as AWS does for `us.` from Canada, and what is
 * kept is kept there. Of a region that nobody knows nothing is known.
 */
function fromRegion(place: Place, home: Geo | undefined): Place {
  if (place.scope === 'global') return place;
  const { processing } = place;
  if (home === undefined) return { ...place, processing: [], storage: [] };
  const isInside = processing.length === 0 || isWithin(home, processing);
  return { ...place, processing: isInside ? processing : [...processing, home], storage: [home] };
}

function surfaceId({ cloud, surface, service, region, baseUrl }: PlaceInput): string {
  if (service !== undefined) return `${cloud}/commercial/${service}`;
  switch (cloud) {
    case 'openai':
      return 'openai/commercial/api';
    case 'azure':
      return `azure/${partitionOf(GOVERNMENT_HOST.test(hostOf(baseUrl)))}/foundry`;
    case 'aws':
      return `aws/${partitionOf(isGovernment(region))}/${surface ?? 'bedrock-mantle'}`;
    case 'google':
      return 'google/commercial/agent-platform';
  }
}

function isGovernment(region: string | undefined): boolean {
  return region !== undefined && GOVERNMENT_REGION.test(region);
}

function partitionOf(isOfGovernment: boolean): Partition {
  return isOfGovernment ? 'us-gov' : 'commercial';
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
  const own = openaiPlaceOf(host);
  if (own !== undefined) {
    if (processing !== undefined && processing !== own)
      refuse('processing', `processing: ${processing}, but the address ${host} is that of ${own}: remove one of them`);
    return own;
  }
  const names = Object.keys(surface.places);
  if (processing !== undefined && !names.includes(processing))
    refuse('processing', `cloud openai has no processing "${processing}": use one of ${names.join(', ')}`);
  return processing ?? 'global';
}

function azurePlace(input: PlaceInput, ground: Ground, refuse: Refuse): string {
  const { baseUrl, processing, region } = input;
  const usual = GOVERNMENT_HOST.test(hostOf(baseUrl)) ? GOVERNMENT : 'global';
  if (processing === undefined) return usual;
  if (processing === 'region') return regionOr(region, usual, refuse);
  const zone = ownOf(ground.surface.places, processing);
  if (zone === undefined) {
    const names = [...Object.keys(ground.surface.places), 'region'].join(', ');
    refuse('processing', `cloud azure has no processing "${processing}" there: use one of ${names}`);
    return usual;
  }
  const home = region === undefined ? undefined : geoOf(ground, region);
  if (home !== undefined && !zone.processing.includes(ANYWHERE) && !isWithin(home, zone.processing))
    refuse(
      'processing',
      `processing: ${processing}, but region ${region} is in ${home}, outside of that data zone: correct one of them`,
    );
  return processing;
}

function awsPlace(input: PlaceInput, ground: Ground, refuse: Refuse): string {
  const { region, wireModel } = input;
  const name = readBedrockModelName(wireModel);
  if (name.region !== undefined && region !== undefined && name.region !== region)
    refuse('wireModel', `${wireModel} names the region "${name.region}", but the endpoint’s is ${region}: correct one of them`);
  if (input.surface === 'bedrock-runtime') return runtimePlace(input, name, { ground, refuse });
  refuseProcessing(input, refuse);
  if (name.kind === 'profile' || (name.kind === 'own-profile' && name.region !== undefined))
    refuse('wireModel', `${wireModel} is an inference profile, which bedrock-mantle has not: add "surface: bedrock-runtime"`);
  return region ?? UNKNOWN;
}

interface RuntimeContext {
  readonly ground: Ground;
  readonly refuse: Refuse;
}

function runtimePlace(input: PlaceInput, name: BedrockModelName, context: RuntimeContext): string {
  const { region, wireModel, processing } = input;
  const { refuse } = context;
  switch (name.kind) {
    case 'profile':
      return profilePlace(input, name.prefix, context);
    case 'own-profile':
      return ownProfilePlace(input, context);
    case 'model':
      if (processing === 'region') return regionOr(region, UNKNOWN, refuse);
      break;
    case 'unknown':
      break;
  }
  if (processing !== undefined)
    refuse(
      'processing',
      `processing: ${processing} can be said of an application inference profile alone, not of ${wireModel}: remove it`,
    );
  // GovCloud has no geography but its own, so a model is where it is asked for.
  return name.kind === 'model' && isGovernment(region) ? regionOr(region, UNKNOWN, refuse) : UNKNOWN;
}

function profilePlace({ region, wireModel, processing }: PlaceInput, prefix: string, { ground, refuse }: RuntimeContext): string {
  const isHere = isGovernment(region) === (prefix === GOVERNMENT);
  if (!isHere)
    refuse(
      'wireModel',
      `${wireModel} is no profile of region ${region}: in GovCloud, and there alone, they begin with ${GOVERNMENT}.`,
    );
  if (processing !== undefined && processing !== prefix)
    refuse(
      'processing',
      `processing: ${processing}, but ${wireModel} is processed in ${prefix}, as its name says: remove processing`,
    );
  const place = ownOf(ground.surface.places, prefix);
  const isKnown =
    prefix === GOVERNMENT || PROFILE_PREFIXES.includes(prefix) || (place !== undefined && place.scope !== 'in-region');
  return isHere && isKnown ? prefix : UNKNOWN;
}

/** Nothing but the operator's word tells where it is processed. */
function ownProfilePlace({ region, processing }: PlaceInput, { ground, refuse }: RuntimeContext): string {
  if (processing === 'region') return regionOr(region, UNKNOWN, refuse);
  if (processing === undefined) return UNKNOWN;
  if (isGovernment(region) ? processing === GOVERNMENT : processing === 'global' || ground.isGeo(processing)) return processing;
  const words = isGovernment(region) ? `region or ${GOVERNMENT}` : 'global, region, or a geography such as us, eu, in or apac';
  refuse('processing', `cloud aws has no processing "${processing}" there: use ${words}`);
  return UNKNOWN;
}

function refuseProcessing({ cloud, processing }: PlaceInput, refuse: Refuse): void {
  if (processing !== undefined) refuse('processing', `processing follows from the region here (cloud ${cloud}): remove it`);
}

function regionOr(region: string | undefined, usual: string, refuse: Refuse): string {
  if (region === undefined) refuse('processing', 'processing: region, but the endpoint has no region: add "region: NAME"');
  return region ?? usual;
}

/** A place that the catalog does not have. Azure and AWS keep what they keep where the endpoint is; of the others it is not known. */
function derivePlace(ground: Ground, name: string, cloud: Cloud): Place {
  const storage = cloud === 'azure' || cloud === 'aws' ? ('chosen' as const) : [];
  const place = { surface: ground.id, name, storage, failureDomains: ground.surface.failureDomains };
  if (name === UNKNOWN) return { ...place, scope: 'global', processing: [] };
  if (name === 'global') return { ...place, scope: 'global', processing: [ANYWHERE], storage: [] };
  if (name === GOVERNMENT) return { ...place, scope: 'geo', processing: ['us'] };
  // A host of OpenAI keeps data within a geography, never within one data centre.
  const scope = ground.isGeo(name) || cloud === 'openai' ? 'geo' : 'in-region';
  return { ...place, scope, processing: listOf(geoOf(ground, name)) };
}

/** Of a region, or of a location that is a geography itself. */
function geoOf({ surface, isGeo }: Ground, name: string): Geo | undefined {
  return ownOf(surface.regions, name) ?? (isGeo(name) ? name : undefined);
}

/** A location such as `us` or `global` is no region that could fail as one. */
function regionDomains({ isGeo }: Ground, region: string | undefined): readonly string[] {
  return region === undefined || region === 'global' || isGeo(region) ? [] : [`region:${region}`];
}

function listOf(geo: Geo | undefined): readonly Geo[] {
  return geo === undefined ? [] : [geo];
}

/** A name such as "constructor" is not that of a region because every object has one. */
function ownOf<Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
