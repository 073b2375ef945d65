/** One tenant of the file, checked against the endpoints that it names. */
import { nearestNames } from '../workflows/domain/nearest-names.ts';
import { usdToMicros } from '../workflows/domain/price.ts';
import type { TenantConfig } from './anyport-config.ts';
import type { RawTenant } from './config-schema.ts';
import type { Report } from './to-endpoint-config.ts';

export function toTenantConfig(
  name: string,
  { standardCloud, order, hourUsd, budget, afterContentFilter }: RawTenant,
  { endpoints, report }: { endpoints: readonly string[]; report: Report },
): TenantConfig {
  const named = [...(standardCloud === undefined ? [] : [standardCloud]), ...(order ?? [])];
  for (const unknown of (afterContentFilter ?? []).filter((endpoint) => !endpoints.includes(endpoint))) {
    const nearest = nearestNames(unknown, endpoints).join(', ');
    report(['afterContentFilter'], `there is no endpoint "${unknown}": use one that is configured (nearest: ${nearest})`);
  }
  return {
    name,
    cloudOrder: [...new Set(named)],
    ...(hourUsd === undefined ? {} : { hourUsdMicros: usdToMicros(hourUsd) }),
    ...(budget === undefined ? {} : { budget }),
    ...(afterContentFilter === undefined ? {} : { afterContentFilter }),
  };
}
