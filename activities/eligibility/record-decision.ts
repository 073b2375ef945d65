/** Decisions with the digests of all that they rest on: the same id, the same bytes. */
import type { Question } from '../../workflows/domain/candidate.ts';
import type { EligibilityDecision } from '../../workflows/domain/eligibility.ts';
import { decideEligibility, ENGINE_VERSION } from '../../workflows/domain/eligibility.ts';
import type { LoadedCatalog } from '../catalog/load-catalog.ts';
import { canonicalJson, digestOf } from '../digest.ts';
import { changeShared } from '../store/change-shared.ts';
import type { TaskStore } from '../store/task-store.ts';

/** A decision as it is told and kept. */
export interface RecordedDecision extends EligibilityDecision {
  /** Of everything below and what was asked: two decisions with the same id are the same. */
  readonly id: string;
  readonly catalogDigest: string;
  readonly policyDigest: string;
  readonly engineVersion: string;
}

/** All that a decision rests on but the catalog, which is kept once for all of its decisions. */
export type DecisionInputs = Omit<Question, 'catalog'>;

/** What is kept of a decision, so that it can be made again. */
export interface KeptDecision {
  readonly inputs: DecisionInputs;
  readonly decision: RecordedDecision;
}

export function recordDecision({ catalog, digest }: LoadedCatalog, inputs: DecisionInputs): RecordedDecision {
  const { policy, need, at, deployments } = inputs;
  const [catalogDigest, policyDigest] = [digest, digestOnce(policy)];
  const configured = deployments === null ? null : digestOnce(deployments);
  const id = digestOf([catalogDigest, policyDigest, need, at, configured, ENGINE_VERSION]);
  return { id, ...decideEligibility({ catalog, ...inputs }), catalogDigest, policyDigest, engineVersion: ENGINE_VERSION };
}

/** A worker's policies and deployments never change, and are part of every decision. */
const DIGESTS = new WeakMap<object, string>();

function digestOnce(value: object): string {
  const known = DIGESTS.get(value) ?? digestOf(value);
  DIGESTS.set(value, known);
  return known;
}

/** Keeps what it rests on and what it came to; the same decision is kept once, whatever tasks it is for. @throws TaskStoreError */
export async function keepDecision(
  store: Pick<TaskStore, 'readShared' | 'compareAndSetShared'>,
  loaded: LoadedCatalog,
  kept: KeptDecision,
): Promise<void> {
  await keepOnce(store, catalogRecordKey(loaded.digest), () => loaded.parts);
  await keepOnce(store, decisionRecordKey(kept.decision.id), () => kept);
}

export function catalogRecordKey(digest: string): string {
  return `catalog/${digest}`;
}

export function decisionRecordKey(id: string): string {
  return `eligibility/${id}`;
}

/** Whether what is kept comes to the same bytes again. */
export function comesToTheSame(loaded: LoadedCatalog, { inputs, decision }: KeptDecision): boolean {
  return canonicalJson(recordDecision(loaded, inputs)) === canonicalJson(decision);
}

async function keepOnce(
  store: Pick<TaskStore, 'readShared' | 'compareAndSetShared'>,
  key: string,
  value: () => unknown,
): Promise<void> {
  await changeShared(store, key, (kept: unknown) => kept ?? value());
}
