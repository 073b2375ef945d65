/** Decisions with the digests of all that they rest on: the same id, the same bytes. */
import type { Question } from '../../workflows/domain/candidate.ts';
import type { EligibilityDecision } from '../../workflows/domain/eligibility.ts';
import { decideEligibility, ENGINE_VERSION } from '../../workflows/domain/eligibility.ts';
import type { LoadedCatalog } from '../catalog/load-catalog.ts';
import { digestOf } from '../digest.ts';

/** A decision as it is told. */
export interface RecordedDecision extends EligibilityDecision {
  /** Of everything below and what was asked: two decisions with the same id are the same. */
  readonly id: string;
  readonly catalogDigest: string;
  readonly policyDigest: string;
  readonly engineVersion: string;
}

/** All that a decision rests on but the catalog. */
export type DecisionInputs = Omit<Question, 'catalog'>;

export function recordDecision({ catalog, digest: catalogDigest }: LoadedCatalog, inputs: DecisionInputs): RecordedDecision {
  const { policy, need, at, deployments } = inputs;
  const policyDigest = digestOnce(policy);
  const id = digestOf([catalogDigest, policyDigest, need, at, deploymentsDigest(deployments), ENGINE_VERSION]);
  return { id, ...decideEligibility({ catalog, ...inputs }), catalogDigest, policyDigest, engineVersion: ENGINE_VERSION };
}

export function deploymentsDigest(deployments: DecisionInputs['deployments']): string | null {
  return deployments === null ? null : digestOnce(deployments);
}

/** A worker's policies and deployments never change, and are part of every decision. */
const DIGESTS = new WeakMap<object, string>();

function digestOnce(value: object): string {
  const known = DIGESTS.get(value) ?? digestOf(value);
  DIGESTS.set(value, known);
  return known;
}
