/**
 * Where data is processed or kept: `us`, `eu`, `apac`, or a country by its ISO 3166 code in lower case. `*` is anywhere in the world,
 * which lies within nothing but itself.
 */
export type Geo = string;

export const ANYWHERE: Geo = '*';

const EU = 'at be bg hr cy cz dk ee fi fr de gr hu ie it lv lt lu mt nl pl pt ro sk si es se'; // the 27 members, 2026
const APAC = 'au hk id in jp kr my nz ph sg th tw vn';
const ZONES: ReadonlyMap<Geo, Geo> = new Map([
  ...EU.split(' ').map((country) => [country, 'eu'] as const),
  ...APAC.split(' ').map((country) => [country, 'apac'] as const),
]);

/** Those that this code knows; a catalog may have more. */
export const GEOS: readonly Geo[] = ['us', 'eu', 'apac', ...ZONES.keys()];

/** Whether whatever is in `geo` is in one of the allowed: Sweden is in `eu`; `eu` is not in Sweden. */
export function isWithin(geo: Geo, allowed: readonly Geo[]): boolean {
  if (allowed.includes(geo)) return true;
  const zone = ZONES.get(geo);
  return zone !== undefined && allowed.includes(zone);
}

/** Whether all of these are within the allowed; what is not known to be anywhere is within nothing. */
export function areWithin(geos: readonly Geo[], allowed: readonly Geo[]): boolean {
  return geos.length > 0 && geos.every((geo) => isWithin(geo, allowed));
}
