/** What a tenant names must be there: endpoints, offerings, models, geographies. A name that nothing has would be a rule without effect. */
import { knownGeos } from '../activities/catalog/known-geos.ts';
import { matches } from '../workflows/domain/candidate.ts';
import type { Catalog } from '../workflows/domain/catalog.ts';
import { offeringId, SELLERS } from '../workflows/domain/catalog.ts';
import { nearestNames } from '../workflows/domain/nearest-names.ts';
import type { EndpointConfig } from './anyport-config.ts';
import type { Report } from './config-mistakes.ts';
import type { RawTenant } from './tenant-schema.ts';

interface Known {
  readonly endpoints: readonly string[];
  readonly models: readonly string[];
  readonly geos: readonly string[];
  /** Ids of what the catalog knows and of what is configured. */
  readonly offerings: readonly string[];
  /** Ids that a model would have where the catalog has a place or a region. */
  readonly thinkable: () => readonly string[];
}

/** Tells the mistakes of any tenant of a file. */
export function createTenantCheck(catalog: Catalog, endpoints: readonly EndpointConfig[]) {
  const known = whatIsKnown(catalog, endpoints);

  return (raw: RawTenant, report: Report): void => {
    checkStandard(raw, known, report);
    checkEndpoints(raw, known, report);
    checkDeny(raw, known, report);
    checkResidency(raw, known, report);
    checkEntitlements(raw, known, report);
    checkSubstitution(raw, known, report);
  };
}

function whatIsKnown(catalog: Catalog, endpoints: readonly EndpointConfig[]): Known {
  const deployments = endpoints.flatMap((endpoint) => endpoint.deployments);
  const sold = [...catalog.offerings.values()].flat();
  const models = [...new Set([...sold.map(({ model }) => model), ...deployments.map(({ model }) => model)])];
  let thinkable: readonly string[] | undefined;
  return {
    endpoints: endpoints.map(({ name }) => name),
    models,
    geos: [...knownGeos(catalog)],
    offerings: [
      ...sold.map(({ id }) => id),
      ...deployments.map(({ model, place }) => offeringId(place.surface, place.name, model)),
    ],
    thinkable: () => (thinkable ??= thinkableIds(catalog, models)),
  };
}

function thinkableIds({ surfaces }: Catalog, models: readonly string[]): readonly string[] {
  return [...surfaces.values()].flatMap(({ id, places, regions }) =>
    [...Object.keys(places), ...Object.keys(regions)].flatMap((place) => models.map((model) => offeringId(id, place, model))),
  );
}

function checkStandard({ standardCloud, strictStandard, deny = [] }: RawTenant, known: Known, report: Report): void {
  if (strictStandard === true && standardCloud === undefined)
    report(['strictStandard'], 'strictStandard needs a standardCloud: add "standardCloud: CLOUD", or remove strictStandard');
  if (standardCloud === undefined) return;
  if (deny.includes(standardCloud))
    report(['standardCloud'], `standardCloud is ${standardCloud}, which deny names too: remove it from one of them`);
  else if (strictStandard === true && isDeniedWhole(standardCloud, deny, known))
    report(
      ['strictStandard'],
      `strictStandard leaves ${standardCloud} alone, all of which deny covers: nobody could serve, correct one of them`,
    );
}

/** By patterns, one or several together. */
function isDeniedWhole(cloud: string, deny: readonly string[], { offerings, thinkable }: Known): boolean {
  const patterns = deny.filter((each) => each.includes('/'));
  if (patterns.length === 0) return false;
  return [...offerings, ...thinkable()].every((id) => !id.startsWith(`${cloud}/`) || patterns.some((each) => matches(each, id)));
}

function checkEndpoints({ afterContentFilter = [] }: RawTenant, { endpoints }: Known, report: Report): void {
  for (const unknown of afterContentFilter.filter((endpoint) => !endpoints.includes(endpoint)))
    report(
      ['afterContentFilter'],
      `there is no endpoint "${unknown}": use one that is configured${nearestOf(unknown, endpoints)}`,
    );
}

function checkDeny({ deny = [] }: RawTenant, known: Known, report: Report): void {
  for (const [index, denied] of deny.entries()) {
    if (denied.includes('/')) checkPattern(denied, known, (problem) => report(['deny', index], problem));
    else if (!SELLERS.some((seller) => seller === denied)) {
      const nearest = nearestOf(denied, SELLERS);
      report(['deny', index], `"${denied}" is no cloud, reseller, or pattern of offering ids with a "/": use one${nearest}`);
    }
  }
}

/** What a pattern means is what it matches; the end that it lacks is the usual slip. */
function checkPattern(pattern: string, { offerings, thinkable }: Known, tell: (problem: string) => void): void {
  const isFound = (each: string): boolean => [...offerings, ...thinkable()].some((id) => matches(each, id));
  if (isFound(pattern)) return;
  const hint = isFound(`${pattern}/*`) ? `write "${pattern}/*" for everything there` : 'correct it';
  tell(`"${pattern}" matches no offering, place or deployment: ${hint}${nearestOf(pattern, offerings)}`);
}

function checkResidency({ residency }: RawTenant, { geos }: Known, report: Report): void {
  const checkAll = (named: readonly string[], path: readonly string[]): void => {
    for (const [index, geo] of named.entries()) {
      if (!geos.includes(geo)) report([...path, index], describeGeo(geo, geos));
    }
  };
  if (Array.isArray(residency)) return checkAll(residency, ['residency']);
  checkAll(residency?.processing ?? [], ['residency', 'processing']);
  checkAll(residency?.storage ?? [], ['residency', 'storage']);
}

function describeGeo(geo: string, geos: readonly string[]): string {
  if (geo === '*') return '"*" allows every geography: remove the key instead';
  return `there is no geography "${geo}": use us, eu, apac, or a country’s code such as de${nearestOf(geo, geos)}`;
}

function checkEntitlements({ entitlements = [] }: RawTenant, known: Known, report: Report): void {
  for (const [index, { offering, from, to }] of entitlements.entries()) {
    checkPattern(offering, known, (problem) => report(['entitlements', index, 'offering'], problem));
    if (from !== undefined && to !== undefined && to <= from)
      report(['entitlements', index, 'to'], `to is ${to}, and from is ${from}: it must begin before it ends`);
  }
}

function checkSubstitution({ substitution = {} }: RawTenant, { models }: Known, report: Report): void {
  const check = (model: string, path: readonly (string | number)[]): void => {
    if (models.includes(model)) return;
    const problem = `neither the catalog nor a deployment has the model "${model}": correct its name`;
    report(path, `${problem}${nearestOf(model, models)}`);
  };
  for (const [model, others] of Object.entries(substitution)) {
    check(model, ['substitution', model]);
    for (const [index, other] of others.entries()) {
      if (other === model) report(['substitution', model, index], `${model} cannot stand in for itself: remove it`);
      else check(other, ['substitution', model, index]);
    }
  }
}

function nearestOf(name: string, known: readonly string[]): string {
  const nearest = nearestNames(name, known);
  return nearest.length === 0 ? '' : ` (nearest: ${nearest.join(', ')})`;
}
