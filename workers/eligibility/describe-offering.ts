/** `anyport catalog show`: everything that is known of one offering, each fact with where it is from. */
import type { Catalog, ContractTerm, Fact, Offering } from '../../workflows/domain/catalog.ts';
import { nearestNames } from '../../workflows/domain/nearest-names.ts';
import { describeFact } from './describe-fact.ts';
import { toParagraph } from './layout.ts';
import { WrongUse } from './run-command.ts';

export interface ShownOffering {
  readonly offering: Offering;
  /** Those that send its seller first, or bind it. */
  readonly terms: readonly ContractTerm[];
}

/** Sellers as contracts name them. */
const PARTIES: Readonly<Record<string, string>> = { azure: 'microsoft', aws: 'amazon' };

/** @throws WrongUse when there is none of this id, with the nearest that there are */
export function findOffering({ offerings, terms }: Catalog, id: string): ShownOffering {
  const all = [...offerings.values()].flat();
  const offering = all.find((each) => each.id === id);
  if (offering === undefined) {
    const nearest = nearestNames(
      id,
      all.map((each) => each.id),
    ).join(', ');
    throw new WrongUse(`there is no offering "${id}": nearest are ${nearest}; "anyport catalog list" has all of them`);
  }
  const { seller } = offering.surface;
  const names = [seller, PARTIES[seller] ?? seller];
  const isNamed = ({ favours, parties }: ContractTerm): boolean =>
    favours === seller || parties.some((party) => names.includes(party.toLowerCase()));
  return { offering, terms: terms.filter(isNamed) };
}

export function describeOffering({ offering, terms }: ShownOffering): string {
  const { stage, entitlement, limits, price, retirement, capabilities, surface } = offering;
  return [
    describeWhat(offering),
    ...describeList('stage', stage),
    ...describeList('entitlement', entitlement),
    ...describeList('limits', limits),
    ...describeList('price, in dollars per million tokens', price),
    ...describeList('retirement', retirement),
    ...describeLists('capability', capabilities),
    ...describeLists('compliance', surface.compliance),
    ...describeList('retention', surface.retention),
    ...terms.map(describeTerm),
  ].join('\n\n');
}

function describeWhat({ id, model, wireModel, surface, place }: Offering): string {
  const geos = (all: readonly string[]): string => (all.length === 0 ? 'not known' : all.join(', ').replace('*', 'anywhere'));
  const stored = place.storage === 'chosen' ? "in the geography of the customer's resource" : geos(place.storage);
  const upstream = surface.upstream === undefined ? '' : `, on what ${surface.upstream} serves`;
  const lines = [
    `${model}, on the wire ${wireModel ?? 'as the customer names it'}; product ${surface.product}; sold by ${surface.seller}${upstream}`,
    `partition ${surface.partition}; scope ${place.scope}; processed: ${geos(place.processing)}; stored: ${stored}`,
    `APIs: ${surface.apis.join(', ')}; state: ${surface.state}; quota: ${surface.quota}`,
    `fails together with: ${place.failureDomains.join(', ') || 'nothing that is known'}`,
    `paid from: ${surface.commitmentPools.join(', ') || 'no commitment that is known'}`,
  ];
  return [id, ...lines.map((line) => toParagraph('  ', line))].join('\n');
}

function describeLists(what: string, lists: Readonly<Partial<Record<string, readonly Fact<unknown>[]>>>): readonly string[] {
  return Object.entries(lists).flatMap(([name, facts = []]) => describeList(`${what} ${name}`, facts));
}

/** Oldest first, in the world and then in belief. */
function describeList(title: string, facts: readonly Fact<unknown>[]): readonly string[] {
  if (facts.length === 0) return [];
  const sorted = facts.toSorted((left, right) => compare(left.from, right.from) || compare(left.recordedAt, right.recordedAt));
  return [[title, ...sorted.flatMap((fact) => describeFact(fact, '  '))].join('\n')];
}

function describeTerm({ id, kind, parties, from, to, statement, favours, exception, sources }: ContractTerm): string {
  const until = to === null ? '' : ` until ${to}`;
  const first = favours === undefined ? '' : `; favours ${favours}`;
  const unless = exception === undefined ? '' : `; does not bind when all of these hold: ${exception.all.join(', ')}`;
  return [
    `contract term ${id}`,
    toParagraph('  ', `${kind} between ${parties.join(' and ')}, from ${from}${until}${first}${unless}`),
    toParagraph('  ', statement),
    ...sources.map(({ url, evidence, seenOn }) => toParagraph('    source: ', `${url} (${evidence}, seen on ${seenOn})`)),
  ].join('\n');
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
