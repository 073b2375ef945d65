/**
 * What routers do that know a table of today: filter by model, geography and capability, in the tenant's order. No days, no stages, no
 * evidence, no compliance, no retention, no prices, and no reason for those that are left out.
 */
import type { Question } from '../../workflows/domain/candidate.ts';
import type { Catalog, Moment } from '../../workflows/domain/catalog.ts';
import { factAt } from '../../workflows/domain/fact-in-force.ts';

interface Row {
  readonly id: string;
  readonly model: string;
  readonly product: string;
  readonly seller: string;
  readonly geos: readonly string[];
  readonly capabilities: ReadonlySet<string>;
}

export function createStaticTable(catalog: Catalog, at: Moment): (question: Question) => readonly string[] {
  const rows = [...catalog.offerings.values()].flat().map(({ id, model, surface, place, capabilities }): Row => {
    const able = Object.entries(capabilities).flatMap(([name, facts]) => (factAt(facts, at)?.value === 'yes' ? [name] : []));
    const { product, seller } = surface;
    return { id, model, product, seller, geos: place.processing, capabilities: new Set(able) };
  });
  return ({ need, policy }) => {
    const { processing } = policy.residency;
    const order = (seller: string): number => {
      const index = policy.cloudOrder.findIndex((cloud) => cloud === seller);
      return index === -1 ? policy.cloudOrder.length : index;
    };
    return rows
      .filter(({ model, product }) => model === need.model && product === need.product)
      .filter(({ geos }) => processing === '*' || geos.every((geo) => processing.includes(geo)))
      .filter(({ capabilities }) => need.capabilities.every((capability) => capabilities.has(capability)))
      .toSorted((left, right) => order(left.seller) - order(right.seller))
      .map(({ id }) => id);
  };
}
