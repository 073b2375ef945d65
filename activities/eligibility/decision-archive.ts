/**
 * What decisions rest on, kept in the task store so that each can be made again: catalog, policies and deployments once for all decisions
 * that share them, and of the decision itself what was asked and the digest of what came of it. All are addressed by content.
 */
import type { PlacedDeployment, TaskNeed } from '../../workflows/domain/candidate.ts';
import type { Moment } from '../../workflows/domain/catalog.ts';
import type { TenantPolicy } from '../../workflows/domain/tenant-policy.ts';
import type { CatalogPart } from '../catalog/facts.ts';
import type { LoadedCatalog } from '../catalog/load-catalog.ts';
import { fromParts } from '../catalog/load-catalog.ts';
import { digestOf } from '../digest.ts';
import type { TaskStore } from '../store/task-store.ts';
import type { DecisionInputs, RecordedDecision } from './record-decision.ts';
import { deploymentsDigest, recordDecision } from './record-decision.ts';

type Records = Pick<TaskStore, 'readShared' | 'compareAndSetShared'>;

interface KeptDecision {
  readonly need: TaskNeed;
  readonly at: Moment;
  readonly catalogDigest: string;
  readonly policyDigest: string;
  /** null: the catalog alone was asked. */
  readonly deploymentsDigest: string | null;
  readonly engineVersion: string;
  /** Of the whole decision. */
  readonly digest: string;
}

/** A decision made again from what is kept. */
export interface RemadeDecision {
  readonly loaded: LoadedCatalog;
  readonly inputs: DecisionInputs;
  readonly decision: RecordedDecision;
  /** Byte by byte what was decided then. */
  readonly isSame: boolean;
  /** By which it was decided then. */
  readonly engineVersion: string;
}

export interface DecisionArchive {
  /** @throws TaskStoreError */
  keep(loaded: LoadedCatalog, made: { readonly inputs: DecisionInputs; readonly decision: RecordedDecision }): Promise<void>;
}

/** So many ids are remembered as kept already, so that a worker asks the store once for each. */
const MOST_REMEMBERED = 10_000;

export function createDecisionArchive(store: Records): DecisionArchive {
  const kept = new Set<string>();
  const keepOnce = async (key: string, value: () => unknown): Promise<void> => {
    if (kept.has(key)) return;
    await store.compareAndSetShared(key, 0, value());
    if (kept.size >= MOST_REMEMBERED) kept.clear();
    kept.add(key);
  };
  return {
    async keep(loaded, { inputs, decision }) {
      const { policy, deployments, need, at } = inputs;
      const { id, catalogDigest, policyDigest, engineVersion } = decision;
      const configured = deploymentsDigest(deployments);
      await keepOnce(catalogKey(catalogDigest), () => loaded.parts);
      await keepOnce(policyKey(policyDigest), () => policy);
      if (configured !== null) await keepOnce(deploymentsKey(configured), () => deployments);
      // Last: who finds a decision finds all that it rests on.
      await keepOnce(decisionKey(id), (): KeptDecision => {
        const digest = digestOf(decision);
        return { need, at, catalogDigest, policyDigest, deploymentsDigest: configured, engineVersion, digest };
      });
    },
  };
}

/** `undefined`: no such decision is kept there. @throws TaskStoreError */
export async function remakeDecision(store: Pick<Records, 'readShared'>, id: string): Promise<RemadeDecision | undefined> {
  const kept = await read<KeptDecision>(store, decisionKey(id));
  if (kept === undefined) return undefined;
  const parts = await read<readonly CatalogPart[]>(store, catalogKey(kept.catalogDigest));
  const policy = await read<TenantPolicy>(store, policyKey(kept.policyDigest));
  const configured = kept.deploymentsDigest;
  const deployments = configured === null ? null : await read<readonly PlacedDeployment[]>(store, deploymentsKey(configured));
  if (parts === undefined || policy === undefined || deployments === undefined) return undefined;
  const { loaded } = fromParts(parts);
  const inputs = { policy, deployments, need: kept.need, at: kept.at };
  const decision = recordDecision(loaded, inputs);
  return { loaded, inputs, decision, isSame: digestOf(decision) === kept.digest, engineVersion: kept.engineVersion };
}

/** Written by `keep` alone. */
async function read<Value>(store: Pick<Records, 'readShared'>, key: string): Promise<Value | undefined> {
  const [record] = await store.readShared([key]);
  return record?.value as Value | undefined;
}

function decisionKey(id: string): string {
  return `eligibility/decision/${id}`;
}

function catalogKey(digest: string): string {
  return `eligibility/catalog/${digest}`;
}

function policyKey(digest: string): string {
  return `eligibility/policy/${digest}`;
}

function deploymentsKey(digest: string): string {
  return `eligibility/deployments/${digest}`;
}
