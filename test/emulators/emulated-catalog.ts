/** What the emulated clouds sell, as an operator would say it under `catalog` in `anyport.yaml`: real dates do not bind them. */
import { EMULATED_ENDPOINTS } from './emulated-endpoints.ts';
import { MANAGED_ENDPOINTS } from './managed-agents/managed-endpoints.ts';

/** Of the day on which it is asked, so that no fact is ever stale. */
export function emulatedCatalog(today: string): object {
  const sources = [{ url: 'the emulated clouds themselves', seenOn: today }];
  const always = { from: '2026-01-01', sources };
  return {
    offerings: sold().map(({ surface, place, model, wireModel }) => ({
      surface,
      places: [place],
      model,
      wireModel,
      stage: [{ value: 'ga', ...always }],
      entitlement: [{ value: 'open', ...always }],
    })),
  };
}

/** Two endpoints of one service sell one offering. */
function sold() {
  const managed = MANAGED_ENDPOINTS.map(({ surface, place, model }) => ({ surface, place, model, wireModel: model }));
  const all = [...EMULATED_ENDPOINTS, ...managed];
  return [...new Map(all.map((each) => [`${each.surface}/${each.place}/${each.model}`, each])).values()];
}
