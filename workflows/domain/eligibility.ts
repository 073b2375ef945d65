/**
 * Who may serve a task: every candidate is judged by every rule, so that each exclusion has all of its reasons. Pure: the same
 * catalog, policy, need and moment give the same decision, byte for byte.
 */
import type { Candidate, Question } from './candidate.ts';
import { candidatesOf } from './candidate.ts';
import type { IsoDate, IsoTime, Product } from './catalog.ts';
import type { DeploymentId } from './ids.ts';
import { capabilityReasons, configurationReasons, limitReasons, pinReasons } from './need-rules.ts';
import { entitlementReasons, retirementReasons, stageReasons } from './offered-rules.ts';
import { complianceReasons, priceReasons, residencyReasons, retentionReasons, tenantReasons } from './policy-rules.ts';
import { restsOnOperator } from './operator-facts.ts';
import type { Reason } from './reason.ts';
import { isHard } from './reason.ts';
import type { SortKey } from './route-order.ts';
import { compareKeys, sortKeyOf } from './route-order.ts';

/** Grows when the same facts come to another decision. */
export const ENGINE_VERSION = '1';

/** `manual-only`: the tenant's policy does not let a task go there from the first of its route. */
export type FailoverMode = 'retry-same-request' | 'replay-from-checkpoint' | 'manual-only';

interface Judged {
  readonly offeringId: string;
  /** Of what is configured. */
  readonly deploymentId?: DeploymentId;
}

export interface EligibleOffering extends Judged {
  /** 0 is the best. */
  readonly rank: number;
  readonly sortKey: SortKey;
  readonly warnings: readonly Reason[];
  /** Some of what it rests on is the operator's word. */
  readonly by?: 'operator';
  readonly failover: {
    readonly mode: FailoverMode;
    /** Ranks of the others with which it shares no failure domain. */
    readonly independentOf: readonly number[];
  };
}

export interface ExcludedOffering extends Judged {
  /** Every reason, never the first only; the soft ones too. */
  readonly reasons: readonly Reason[];
}

export interface EligibilityDecision {
  readonly asOf: IsoDate;
  readonly knownAt: IsoTime;
  readonly outcome: 'ok' | 'none-eligible' | 'single-no-failover';
  /** Best first. */
  readonly eligible: readonly EligibleOffering[];
  /** By id. */
  readonly excluded: readonly ExcludedOffering[];
  /** The excluded one with the fewest hard reasons. */
  readonly nearestMiss?: Judged & { readonly onlyMissing: readonly Reason[] };
}

const RULES = [
  tenantReasons,
  stageReasons,
  entitlementReasons,
  capabilityReasons,
  limitReasons,
  residencyReasons,
  complianceReasons,
  retentionReasons,
  retirementReasons,
  priceReasons,
  pinReasons,
  configurationReasons,
] as const satisfies readonly ((question: Question, candidate: Candidate) => readonly Reason[])[];

/** How a task moves to another offering of the product. */
const FAILOVER_MODES = {
  model: 'retry-same-request',
  codex: 'replay-from-checkpoint',
  'codex-cloud': 'manual-only',
  'managed-agent': 'replay-from-checkpoint',
} as const satisfies Record<Product, FailoverMode>;

export function decideEligibility(question: Question): EligibilityDecision {
  const may: { candidate: Candidate; reasons: readonly Reason[]; key: SortKey }[] = [];
  const mayNot: ExcludedOffering[] = [];
  for (const candidate of candidatesOf(question)) {
    const reasons = judge(question, candidate);
    if (reasons.some(isHard)) mayNot.push(Object.assign(nameOf(candidate), { reasons }));
    else may.push({ candidate, reasons, key: sortKeyOf(question, candidate, reasons.length) });
  }
  const able = may.toSorted((left, right) => compareKeys(left.key, right.key));
  const eligible = able.map(({ candidate, reasons, key }, rank): EligibleOffering => ({
    ...nameOf(candidate),
    rank,
    sortKey: key,
    warnings: reasons,
    ...(restsOnOperator(question, candidate) ? { by: 'operator' } : {}),
    failover: {
      mode:
        rank === 0 || isAllowedMove(question, able[0]?.candidate, candidate)
          ? FAILOVER_MODES[question.need.product]
          : 'manual-only',
      independentOf: able.flatMap((other, index) => (index !== rank && isIndependent(other.candidate, candidate) ? [index] : [])),
    },
  }));
  const excluded = mayNot.toSorted(byName);
  const nearest = nearestOf(excluded);
  return {
    ...question.at,
    outcome: outcomeOf(eligible),
    eligible,
    excluded,
    ...(nearest === undefined ? {} : { nearestMiss: nearest }),
  };
}

/** Every reason against this candidate, and every warning. */
export function judge(question: Question, candidate: Candidate): readonly Reason[] {
  const reasons: Reason[] = [];
  for (const rule of RULES) {
    for (const reason of rule(question, candidate)) reasons.push(reason);
  }
  return reasons;
}

/** Those that a task may go to, best first: the first, and what the policy lets it fail over to. */
export function routeOf({ eligible }: Pick<EligibilityDecision, 'eligible'>): readonly EligibleOffering[] {
  return eligible.filter(({ rank, failover }) => rank === 0 || failover.mode !== 'manual-only');
}

function outcomeOf(eligible: readonly EligibleOffering[]): EligibilityDecision['outcome'] {
  if (eligible.length === 0) return 'none-eligible';
  return routeOf({ eligible }).length === 1 ? 'single-no-failover' : 'ok';
}

function isAllowedMove({ policy }: Question, first: Candidate | undefined, to: Candidate): boolean {
  switch (policy.failover) {
    case 'cross-cloud':
      return true;
    case 'within-cloud':
      return first?.offering.surface.seller === to.offering.surface.seller;
    case 'none':
      return false;
  }
}

/** What is not known of either is no independence. */
function isIndependent({ offering: one }: Candidate, { offering: other }: Candidate): boolean {
  if (one.place.failureDomains.length === 0 || other.place.failureDomains.length === 0) return false;
  return one.place.failureDomains.every((domain) => !other.place.failureDomains.includes(domain));
}

/** On a tie what is configured is nearer than what is not, and what somebody sells than what nobody is known to; then by id. */
function nearestOf(excluded: readonly ExcludedOffering[]): EligibilityDecision['nearestMiss'] {
  let nearest: ExcludedOffering | undefined;
  let least = Infinity;
  for (const each of excluded) {
    const far = distance(each);
    if (far >= least) continue;
    least = far;
    nearest = each;
  }
  if (nearest === undefined) return undefined;
  const { reasons, ...name } = nearest;
  return { ...name, onlyMissing: reasons.filter(isHard) };
}

/** One hard reason more is farther than anything else. */
function distance({ deploymentId, reasons }: ExcludedOffering): number {
  let hard = 0;
  let isUnheardOf = false;
  for (const reason of reasons) {
    if (!isHard(reason)) continue;
    hard += 1;
    isUnheardOf ||= reason.code === 'NOT_OFFERED';
  }
  return hard * 4 + (deploymentId === undefined ? 2 : 0) + (isUnheardOf ? 1 : 0);
}

function nameOf({ offering, placed }: Candidate): Judged {
  return placed === undefined ? { offeringId: offering.id } : { offeringId: offering.id, deploymentId: placed.deployment.id };
}

function byName(left: Judged, right: Judged): number {
  return compareText(left.offeringId, right.offeringId) || compareText(left.deploymentId ?? '', right.deploymentId ?? '');
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
