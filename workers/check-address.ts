/**
 * Whether the address that is called is where the rest of its endpoint says it is. An address that names no place, such as that of a proxy
 * or an emulator, leaves it to the operator's word.
 */
import type { Cloud } from '../workflows/domain/route.ts';
import type { Report } from './config-mistakes.ts';
import type { RawEndpoint } from './config-schema.ts';

/** Where clouds serve by themselves: an address of one can't be that of an endpoint of another. */
const OWN_HOSTS = {
  openai: /(^|\.)openai\.com$/,
  azure: /\.((openai|cognitiveservices|services\.ai)\.azure|api\.cognitive\.microsoft)\.(com|us)$/,
  aws: /(^|\.)bedrock[a-z-]*\.(.+\.)?(amazonaws\.com|api\.aws)$/,
  google: /(^|-)aiplatform[a-z0-9-]*\.(.+\.)?googleapis\.com$/,
} as const satisfies Record<Cloud, RegExp>;

/** Where OpenAI has an address of its own for a geography. */
const OPENAI_GEOS: readonly string[] = ['us', 'eu', 'au', 'in', 'jp', 'ae'];
const OPENAI_HOST = /^(?:([a-z-]+)\.)?api\.openai\.com$/;
const AWS_HOST = /\.(amazonaws\.com|api\.aws)$/;
/** `us-east-1`, `us-gov-west-1`; what else ends in a number, such as a load balancer, has no point of the compass in it. */
const AWS_REGION = /^[a-z]{2,4}-([a-z]+-)?(north|south|east|west|central|(north|south)(east|west))-\d+$/;
const AWS_SURFACE = /^(bedrock-mantle|bedrock-runtime)(-fips)?$/;
const AZURE_REGIONAL_HOST = /^([a-z0-9]+)\.api\.cognitive\.microsoft\.com$/;
/** `us-east5-aiplatform…`, `aiplatform.us.rep…`, and those of a private connection. */
const GOOGLE_HOST = /^(?:([a-z0-9-]+)-)?aiplatform(?:\.([a-z0-9-]+)\.rep|(-[a-z0-9-]+)\.p)?(?:\.mtls)?\.googleapis\.com$/;
/** Locations of Google that are more than one region, and whose address our client knows. */
const GOOGLE_WIDE_LOCATIONS: readonly string[] = ['global', 'us'];

/** Partitions that nothing here knows: what they sell, by which identities, and where they keep it. */
const UNKNOWN_PARTITIONS: Readonly<Partial<Record<Cloud, { readonly regions: RegExp; readonly hosts: RegExp }>>> = {
  aws: {
    regions: /^(cn-|eusc-|[a-z]+-iso)/,
    hosts: /\.(amazonaws\.com\.cn|amazonwebservices\.com\.cn|amazonaws\.eu|ic\.gov|sgov\.gov)$/,
  },
  azure: { regions: /^china/, hosts: /\.(azure\.cn|chinacloudapi\.cn)$/ },
};

/** In lower case, without the dot that may end it. */
export function hostOf(baseUrl: string | undefined): string {
  const host = baseUrl === undefined ? undefined : URL.parse(baseUrl)?.hostname;
  return (host ?? '').toLowerCase().replace(/\.+$/, '');
}

/** Whether the cloud itself serves there, whatever it is. */
export function isOwnHost(cloud: Cloud, host: string): boolean {
  return OWN_HOSTS[cloud].test(host);
}

/** The place of an address of OpenAI's own; undefined: it is somebody else's. */
export function openaiPlaceOf(host: string): string | undefined {
  if (!OWN_HOSTS.openai.test(host)) return undefined;
  return OPENAI_HOST.exec(host)?.[1] ?? 'global';
}

export function checkAddress(raw: RawEndpoint, report: Report): void {
  checkPartition(raw, report);
  checkGoogleLocation(raw, report);
  if (raw.baseUrl === undefined) return;
  checkOwner(raw.cloud, hostOf(raw.baseUrl), report);
  checkSurface(raw, report);
  const region = raw.region ?? (raw.cloud === 'google' ? 'global' : undefined);
  if (region === undefined) return;
  for (const named of regionsOf(raw.cloud, raw.baseUrl).filter((each) => each !== region))
    report(
      ['baseUrl'],
      `baseUrl is in ${named}, but the region is ${region}: correct one of them${raw.region === undefined ? ' (add "region: NAME")' : ''}`,
    );
}

function checkPartition({ cloud, region = '', baseUrl }: RawEndpoint, report: Report): void {
  const unknown = UNKNOWN_PARTITIONS[cloud];
  const problem = `is in a partition of ${cloud} that Anyport does not know: use a commercial or US government one`;
  if (unknown?.regions.test(region) === true) report(['region'], `region ${region} ${problem}`);
  if (unknown?.hosts.test(hostOf(baseUrl)) === true) report(['baseUrl'], `the address ${hostOf(baseUrl)} ${problem}`);
}

function checkGoogleLocation({ cloud, region = 'global', baseUrl }: RawEndpoint, report: Report): void {
  if (cloud !== 'google' || baseUrl !== undefined || region.includes('-') || GOOGLE_WIDE_LOCATIONS.includes(region)) return;
  const known = `a region such as us-east5, ${GOOGLE_WIDE_LOCATIONS.join(' or ')}`;
  report(
    ['region'],
    `the address of Google’s location ${region} is not known, nor a model of OpenAI’s there: use ${known}, or add "baseUrl: https://…"`,
  );
}

function checkOwner(cloud: Cloud, host: string, report: Report): void {
  for (const [owner, hosts] of Object.entries(OWN_HOSTS)) {
    if (owner !== cloud && hosts.test(host))
      report(['baseUrl'], `the address ${host} is one of ${owner}, not ${cloud}: write "cloud: ${owner}", or correct baseUrl`);
  }
}

function checkSurface({ cloud, surface = 'bedrock-mantle', service, baseUrl }: RawEndpoint, report: Report): void {
  const host = hostOf(baseUrl);
  // Surfaces are of models.
  if (cloud !== 'aws' || service !== undefined || !AWS_HOST.test(host)) return;
  const named = host.split('.').flatMap((label) => AWS_SURFACE.exec(label)?.[1] ?? []);
  for (const other of named.filter((each) => each !== surface))
    report(
      ['baseUrl'],
      `the address ${host} is of ${other}, but the surface is ${surface}: write "surface: ${other}", or correct it`,
    );
}

/** Every region or location that an address names. */
function regionsOf(cloud: Cloud, baseUrl: string): readonly string[] {
  const host = hostOf(baseUrl);
  switch (cloud) {
    case 'openai':
      return [];
    case 'azure':
      return definedOf([AZURE_REGIONAL_HOST.exec(host)?.[1]]);
    case 'aws':
      return AWS_HOST.test(host) ? host.split('.').filter((label) => AWS_REGION.test(label)) : [];
    case 'google':
      return [...new Set([...definedOf([googleLocationOf(host)]), ...locationsIn(baseUrl)])];
  }
}

/** A host without a location is that of `global`; a private one may lead anywhere. */
function googleLocationOf(host: string): string | undefined {
  const match = GOOGLE_HOST.exec(host);
  if (match === null) return undefined;
  const [, before, within, connection] = match;
  return before ?? within ?? (connection === undefined ? 'global' : undefined);
}

/** A proxy hands the path on, so it counts whoever's the host is. */
function locationsIn(baseUrl: string): readonly string[] {
  const path = URL.parse(baseUrl)?.pathname ?? '';
  // An escape that is none stays as it is: it is no region's name then.
  const plain = path.replaceAll(/%[0-9a-f]{2}/gi, (escape) => String.fromCodePoint(Number.parseInt(escape.slice(1), 16)));
  return definedOf([...plain.matchAll(/\/locations\/([^/]+)/gi)].map(([, location]) => location?.toLowerCase()));
}

function definedOf(values: readonly (string | undefined)[]): readonly string[] {
  return values.filter((value) => value !== undefined);
}

/** OpenAI's own address for what its deployments say of `processing`; undefined: the usual one. An endpoint has one address for all of them. */
export function openaiAddressOf(raw: RawEndpoint, report: Report): string | undefined {
  if (raw.cloud !== 'openai' || raw.baseUrl !== undefined) return undefined;
  const wanted = Object.entries(raw.deployments).map(([model, details]) => {
    const own = typeof details === 'string' ? undefined : details.processing;
    return { path: own === undefined ? ['processing'] : ['deployments', model, 'processing'], processing: own ?? raw.processing };
  });
  const [first] = wanted;
  const geo = first?.processing ?? 'global';
  for (const { path, processing = 'global' } of wanted.filter((each) => (each.processing ?? 'global') !== geo))
    report(
      path,
      `processing: ${processing}, but another deployment has ${geo}, and they have one address: put it under an endpoint of its own`,
    );
  if (first === undefined || geo === 'global') return undefined;
  if (!OPENAI_GEOS.includes(geo))
    report(first.path, `OpenAI’s address for processing: ${geo} is not known: add "baseUrl: https://…"`);
  return `https://${geo}.api.openai.com/v1`;
}
