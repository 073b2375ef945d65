/** What the catalog knows of a model at a place, also where no fact says that the model is sold there. */
import type { Catalog, Moment, Offering, Place } from '../../workflows/domain/catalog.ts';
import { catalogKey, offeringId } from '../../workflows/domain/catalog.ts';
import { factAt } from '../../workflows/domain/fact-in-force.ts';
import type { Capability } from '../../workflows/domain/route.ts';
import { CAPABILITIES } from '../../workflows/domain/route.ts';

export interface ModelAt {
  readonly model: string;
  readonly place: Pick<Place, 'surface' | 'name'>;
}

export function offeringOf(catalog: Catalog, { model, place }: ModelAt): Offering | undefined {
  const id = offeringId(place.surface, place.name, model);
  return catalog.offerings.get(catalogKey('model', model))?.find((offering) => offering.id === id);
}

/**
 * What it can do there, in the order of `CAPABILITIES`; of a model that no fact knows there, what its surface can do. What is not known
 * is left out: a missing capability costs a detour, a wrong one a failed task.
 */
export function capabilitiesAt(catalog: Catalog, where: ModelAt, at: Moment): readonly Capability[] {
  const facts = offeringOf(catalog, where)?.capabilities ?? catalog.surfaces.get(where.place.surface)?.capabilities ?? {};
  return CAPABILITIES.filter((capability) => factAt(facts[capability] ?? [], at)?.value === 'yes');
}
