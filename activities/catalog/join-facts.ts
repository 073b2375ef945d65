/** Facts of several parts of the catalog about the same thing. */
import type { Fact, Offering, Surface } from '../../workflows/domain/catalog.ts';
import { overlap } from './facts.ts';
import { uncovered } from './lay-facts.ts';

type FactLists<Key extends string, Value> = Readonly<Partial<Record<Key, readonly Fact<Value>[]>>>;

/** Both lists of every key. */
export function joined<Key extends string, Value>(
  known: FactLists<Key, Value>,
  added: FactLists<Key, Value>,
): FactLists<Key, Value> {
  const result: Partial<Record<Key, readonly Fact<Value>[]>> = { ...known };
  for (const key of Object.keys(added) as Key[]) result[key] = [...(known[key] ?? []), ...(added[key] ?? [])];
  return result;
}

/**
 * What holds of one offering, where its surface says something of all: the offering's own on its days, and the surface's on all others,
 * from the catalog and from the operator each. An operator's facts win for the days that they cover, whichever of the two they are about.
 */
export function laidOver<Value>(surface: readonly Fact<Value>[], offering: readonly Fact<Value>[]): readonly Fact<Value>[] {
  return (['catalog', 'operator'] as const).flatMap((by) => {
    const own = offering.filter((fact) => fact.by === by);
    const most = surface.filter((fact) => fact.by === by);
    return [...own, ...uncovered(most, own)];
  });
}

/** The same for each of several keys. */
export function laidOverEach<Key extends string, Value>(
  surface: FactLists<Key, Value>,
  offering: FactLists<Key, Value>,
): FactLists<Key, Value> {
  const result: Partial<Record<Key, readonly Fact<Value>[]>> = { ...surface };
  for (const key of Object.keys(offering) as Key[]) result[key] = laidOver(surface[key] ?? [], offering[key] ?? []);
  return result;
}

/** What is said of the same offering twice. */
export function joinOfferings(known: Offering, added: Offering): Offering {
  return {
    ...known,
    wireModel: added.wireModel ?? known.wireModel,
    stage: [...known.stage, ...added.stage],
    entitlement: [...known.entitlement, ...added.entitlement],
    limits: [...known.limits, ...added.limits],
    price: [...known.price, ...added.price],
    retirement: [...known.retirement, ...added.retirement],
    capabilities: joined(known.capabilities, added.capabilities),
  };
}

/** Every fact that gives a day a second value, with the one that gave it the first. An operator's over the catalog's is no such. */
export function overlapsOf({
  surfaces,
  services,
  offerings,
}: {
  readonly services: ReadonlyMap<string, { readonly stage: readonly Fact<unknown>[] }>;
  readonly surfaces: ReadonlyMap<string, Surface>;
  readonly offerings: ReadonlyMap<string, Offering>;
}): readonly { readonly fact: Fact<unknown>; readonly other: Fact<unknown> }[] {
  const terms = [...services.values()].map(({ stage }) => stage);
  const lists = [...terms, ...[...surfaces.values()].flatMap(listsOfSurface), ...[...offerings.values()].flatMap(listsOf)];
  return lists.flatMap((list) =>
    list.flatMap((fact, index) => {
      const other = list.slice(0, index).find((earlier) => earlier.by === fact.by && overlap(earlier, fact));
      return other === undefined ? [] : [{ fact, other }];
    }),
  );
}

/** Every list of a surface's own facts. */
export function listsOfSurface(surface: Surface): readonly (readonly Fact<unknown>[])[] {
  const { capabilities, compliance, retention, entitlement } = surface;
  return [...Object.values(capabilities), ...Object.values(compliance), retention, entitlement];
}

/** Every list of an offering's own facts. */
export function listsOf(offering: Offering): readonly (readonly Fact<unknown>[])[] {
  const { stage, entitlement, limits, price, retirement, capabilities } = offering;
  return [stage, entitlement, limits, price, retirement, ...Object.values(capabilities)];
}
