import type { EndpointReport } from '../workflows/activity-interfaces.ts';
import type { Deployment } from '../workflows/domain/route.ts';

/** The activity `reportEndpoints`: what is configured, by endpoint in the order of the configuration. */
export function createReportEndpoints({ deployments }: { readonly deployments: readonly Deployment[] }) {
  return async (): Promise<EndpointReport> => {
    const names = [...new Set(deployments.map(({ endpoint }) => endpoint))];
    const endpoints = names.flatMap((name) => {
      const own = deployments.filter(({ endpoint }) => endpoint === name);
      return own.slice(0, 1).map(({ cloud, region }) => ({ name, cloud, region, models: own.map(({ model }) => model) }));
    });
    return { endpoints };
  };
}
