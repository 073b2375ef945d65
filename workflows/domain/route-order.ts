/** The order of those who may serve: one key of integers and texts, compared from left to right, so that it is total. Health is not in it. */
import type { Candidate, Question } from './candidate.ts';
import { firstShipTerm, priceOf } from './candidate.ts';
import type { Stage } from './catalog.ts';
import { SCOPES } from './catalog.ts';
import { factAt } from './fact-in-force.ts';
import type { Price } from './price.ts';
import { costUsdMicros } from './price.ts';
import type { Commitment, TenantPolicy } from './tenant-policy.ts';

export type SortKey = readonly (number | string)[];

/** What each place of the key says; the smaller comes first. */
export const SORT_KEY_PARTS = [
  'substitute',
  'cloud order',
  'standard cloud',
  'affinity',
  'stage',
  'warnings',
  'scope',
  'commitment',
  'price of a request',
  'reseller',
  'first-ship',
  'recommended surface',
  'offering',
  'deployment',
] as const;

const STAGE_RANKS = {
  ga: 0,
  'public-preview': 1,
  deprecated: 1,
  'limited-preview': 2,
  'private-preview': 3,
  announced: 4,
  unlisted: 4,
  suspended: 4,
  retired: 4,
} as const satisfies Record<Stage, number>;
/** Nobody knows: behind all of whom something is known. */
const UNKNOWN_STAGE_RANK = 4;
/** As micro-dollars; no request costs as much. */
const UNKNOWN_PRICE = Number.MAX_SAFE_INTEGER;

export function sortKeyOf(question: Question, candidate: Candidate, warnings: number): SortKey {
  const { policy, need, at } = question;
  const { offering, placed, substitute } = candidate;
  const { surface, place } = offering;
  return [
    substitute,
    policy.cloudOrder.length === 0 ? 0 : indexOr(policy.cloudOrder, surface.seller),
    notIf(policy.standardCloud === surface.seller),
    notIf(need.affinity?.offering === offering.id),
    stageRank(factAt(offering.stage, at)?.value),
    warnings,
    isTight(policy) ? SCOPES.indexOf(place.scope) : 0,
    notIf(policy.commitments.some((each) => isOpen(each, { seller: surface.seller, asOf: at.asOf }))),
    requestUsdMicros(priceOf(candidate, at), need),
    notIf(surface.upstream === undefined),
    // A contract says who ships first, not who is better: it decides where nothing else does.
    notIf(hasNoPreference(policy) && surface.seller === firstShipTerm(question.catalog, at.asOf)?.favours),
    surface.recommendation,
    offering.id,
    placed?.deployment.id ?? '',
  ];
}

/** What holds comes first. */
function notIf(holds: boolean): number {
  return holds ? 0 : 1;
}

function stageRank(stage: Stage | undefined): number {
  return stage === undefined ? UNKNOWN_STAGE_RANK : STAGE_RANKS[stage];
}

function isTight({ residency }: TenantPolicy): boolean {
  return residency.processing !== '*' || residency.maxScope !== 'global';
}

function isOpen({ cloud, remainingUsdMicros, expires }: Commitment, of: { seller: string; asOf: string }): boolean {
  return cloud === of.seller && remainingUsdMicros > 0 && of.asOf < expires;
}

function hasNoPreference({ standardCloud, cloudOrder }: TenantPolicy): boolean {
  return standardCloud === null && cloudOrder.length === 0;
}

export function compareKeys(left: SortKey, right: SortKey): number {
  for (const [index, one] of left.entries()) {
    const other = right[index] ?? '';
    if (one !== other) return one < other ? -1 : 1;
  }
  return 0;
}

/** One request of the size that is expected, nothing of it cached. */
function requestUsdMicros(price: Price | undefined, { inputTokens, outputTokens }: Question['need']): number {
  if (price === undefined) return UNKNOWN_PRICE;
  return costUsdMicros({ inputTokens, cachedInputTokens: 0, outputTokens, reasoningTokens: 0 }, price);
}

function indexOr(order: readonly string[], name: string): number {
  const index = order.indexOf(name);
  return index === -1 ? order.length : index;
}
