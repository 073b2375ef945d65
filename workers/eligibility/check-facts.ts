/** `anyport catalog check`: what of the facts in force somebody should look at again. Notes, not mistakes: nothing of it stops a task. */
import { listsOf, listsOfSurface } from '../../activities/catalog/join-facts.ts';
import type { Catalog, Evidence, Fact, IsoDate, Moment } from '../../workflows/domain/catalog.ts';
import { daysBetween, evidenceOf, factAt, isWeaker } from '../../workflows/domain/fact-in-force.ts';
import type { TenantPolicy } from '../../workflows/domain/tenant-policy.ts';
import { counted, toParagraph } from './layout.ts';

export interface FactsCheck {
  readonly asOf: IsoDate;
  /** Last looked at longer ago than the policy has it. */
  readonly stale: readonly {
    readonly fact: string;
    readonly verifiedOn: IsoDate;
    readonly days: number;
    readonly most: number;
  }[];
  /** A source says otherwise. */
  readonly conflicts: readonly { readonly fact: string; readonly sources: readonly string[] }[];
  /** Known less well than the policy asks for. */
  readonly weak: readonly { readonly fact: string; readonly evidence: Evidence }[];
  readonly endedEntitlements: readonly { readonly tenant: string; readonly offering: string; readonly to: IsoDate }[];
}

export interface CheckedFacts {
  readonly catalog: Catalog;
  /** Whose ages and evidence are asked for. */
  readonly policy: TenantPolicy;
  readonly tenants: readonly TenantPolicy[];
  readonly at: Moment;
}

export function checkFacts({ catalog, policy, tenants, at }: CheckedFacts): FactsCheck {
  const offerings = [...catalog.offerings.values()].flat();
  const surfaces = [...catalog.surfaces.values()];
  const inForce = (lists: readonly (readonly Fact<unknown>[])[]): readonly Fact<unknown>[] =>
    distinct(lists.map((facts) => factAt(facts, at)).filter((fact) => fact !== undefined));
  const all = inForce([...offerings.flatMap(listsOf), ...surfaces.flatMap(listsOfSurface)]);
  const ages = policy.maxFactAgeDays;
  const olderThan = (most: number, lists: readonly (readonly Fact<unknown>[])[]): FactsCheck['stale'] =>
    inForce(lists)
      .map((fact) => ({ fact: fact.id, verifiedOn: fact.verifiedOn, days: daysBetween(fact.verifiedOn, at.asOf), most }))
      .filter(({ days }) => days > most);
  return {
    asOf: at.asOf,
    stale: [
      ...olderThan(
        ages.stage,
        offerings.map(({ stage }) => stage),
      ),
      ...olderThan(
        ages.price,
        offerings.map(({ price }) => price),
      ),
      ...olderThan(
        ages.compliance,
        surfaces.flatMap(({ compliance }) => Object.values(compliance)),
      ),
    ],
    conflicts: all.flatMap(({ id, conflicts = [] }) =>
      conflicts.length === 0 ? [] : [{ fact: id, sources: conflicts.map(({ url }) => url) }],
    ),
    weak: all
      .filter((fact) => isWeaker(evidenceOf(fact), policy.minEvidence))
      .map((fact) => ({ fact: fact.id, evidence: evidenceOf(fact) })),
    endedEntitlements: tenants.flatMap(({ tenant, entitlements }) =>
      entitlements.flatMap(({ offering, to }) => (to !== null && to <= at.asOf ? [{ tenant, offering, to }] : [])),
    ),
  };
}

/** Facts that a surface gives to all of its offerings are one fact. */
function distinct(facts: readonly Fact<unknown>[]): readonly Fact<unknown>[] {
  return [...new Map(facts.map((fact) => [fact.id, fact])).values()];
}

export function describeFactsCheck({ asOf, stale, conflicts, weak, endedEntitlements }: FactsCheck): string {
  const groups = [
    describeGroup(
      `${counted(stale.length, 'fact was', 'facts were')} last looked at too long before ${asOf}`,
      stale.map(({ fact, verifiedOn, days, most }) => `${fact}: on ${verifiedOn}, ${days} days before, at most ${most}`),
    ),
    describeGroup(
      `of ${counted(conflicts.length, 'fact', 'facts')} a source says otherwise`,
      conflicts.map(({ fact, sources }) => `${fact}: ${sources.join(' ')}`),
    ),
    describeGroup(
      `${counted(weak.length, 'fact is', 'facts are')} known less well than the default policy asks for`,
      weak.map(({ fact, evidence }) => `${fact}: ${evidence}`),
    ),
    describeGroup(
      `${counted(endedEntitlements.length, 'entitlement has', 'entitlements have')} ended: renew or remove`,
      endedEntitlements.map(({ tenant, offering, to }) => `tenant ${tenant}: ${offering} until ${to}`),
    ),
  ].flat();
  return groups.length === 0 ? `Nothing is to be looked at again as of ${asOf}.` : groups.join('\n\n');
}

function describeGroup(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [[title, ...lines.map((line) => toParagraph('  ', line))].join('\n')];
}
