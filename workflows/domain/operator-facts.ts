/** Whether a candidate may serve, or stands where it stands, by what the operator says rather than the catalog. */
import type { Candidate, Question } from './candidate.ts';
import type { Fact } from './catalog.ts';
import { factAt } from './fact-in-force.ts';

export function restsOnOperator({ at, need, policy }: Question, { offering, placed }: Candidate): boolean {
  const { stage, entitlement, limits, price, retirement, capabilities, surface } = offering;
  const asked = [
    ...(placed?.ownCapabilities === undefined ? need.capabilities.map((capability) => capabilities[capability]) : []),
    ...policy.compliance.map((program) => surface.compliance[program]),
    ...(policy.zeroRetention || policy.maxFlaggedDays !== null ? [surface.retention] : []),
    ...(placed?.ownPrices === undefined ? [price] : []),
  ];
  const lists: readonly (readonly Fact<unknown>[] | undefined)[] = [stage, entitlement, limits, retirement, ...asked];
  return lists.some((facts) => facts !== undefined && factAt(facts, at)?.by === 'operator');
}
