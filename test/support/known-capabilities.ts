/** What the catalog says today that the cloud behind an emulated endpoint can do. */
import { capabilitiesAt } from '../../activities/catalog/capabilities-at.ts';
import { loadCatalog } from '../../activities/catalog/load-catalog.ts';
import { momentOf } from '../../activities/eligibility/tenant-eligibility.ts';
import type { Capability } from '../../workflows/domain/route.ts';
import { EMULATED_ENDPOINTS } from '../emulators/emulated-endpoints.ts';

/** Built once: there are properties that ask a thousand times. */
const loaded = loadCatalog();

export function knownCapabilities(endpoint: string): readonly Capability[] {
  const emulated = EMULATED_ENDPOINTS.find(({ name }) => name === endpoint);
  if (emulated === undefined) throw new RangeError(`there is no emulated endpoint ${endpoint}`);
  const { model, surface, place } = emulated;
  return capabilitiesAt(loaded.catalog, { model, place: { surface, name: place } }, momentOf({ loaded }, Date.now()));
}
