/** What a worker knows of who may serve: deployments, each with an offering that is sold where it is. */
import type { EligibilityFacts } from '../../activities/eligibility/tenant-eligibility.ts';
import type { PlacedDeployment } from '../../workflows/domain/candidate.ts';
import type { Offering, Place } from '../../workflows/domain/catalog.ts';
import { offeringId } from '../../workflows/domain/catalog.ts';
import type { Deployment } from '../../workflows/domain/route.ts';
import type { TenantPolicy } from '../../workflows/domain/tenant-policy.ts';
import { aDeployment, pricesOf } from './builders.ts';
import { aCatalog, anOffering, aPlace, aSurface } from './catalog-builders.ts';

export interface SoldDeployment {
  readonly deployment?: Partial<Deployment>;
  readonly place?: Partial<Place>;
  readonly offering?: Partial<Offering>;
}

/** Each is at a place of its own, named as its endpoint. */
export function eligibilityOf(sold: readonly SoldDeployment[], policies: readonly TenantPolicy[] = []): EligibilityFacts {
  const all = sold.map(toSold);
  return {
    loaded: {
      catalog: aCatalog({ offerings: all.map(({ offering }) => offering) }),
      digest: 'catalog-1',
      parts: [],
      knownAt: '2026-11-22T00:00:00.000Z',
    },
    placed: all.map(({ placed }) => placed),
    policies,
  };
}

function toSold({ deployment: told = {}, place: at = {}, offering = {} }: SoldDeployment): {
  placed: PlacedDeployment;
  offering: Offering;
} {
  const deployment = aDeployment(told);
  const id = `${deployment.cloud}/commercial/surface`;
  const place = aPlace({ surface: id, name: deployment.endpoint, failureDomains: [`cloud:${deployment.cloud}`], ...at });
  const surface = aSurface({ id, seller: deployment.cloud, places: { [place.name]: place } });
  const { model } = deployment;
  return {
    placed: {
      deployment,
      place,
      ownPrices: pricesOf(deployment),
      ownCapabilities: deployment.capabilities,
    },
    offering: anOffering({ id: offeringId(id, place.name, model), model, surface, place, ...offering }),
  };
}
