/** A decision that was made for a task, from the task store: with what it rests on, so that it is made again before it is told. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fromParts } from '../../activities/catalog/load-catalog.ts';
import type { KeptDecision } from '../../activities/eligibility/record-decision.ts';
import { catalogRecordKey, comesToTheSame, decisionRecordKey } from '../../activities/eligibility/record-decision.ts';
import type { CatalogPart } from '../../activities/catalog/facts.ts';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import type { TaskStore } from '../../activities/store/task-store.ts';
import { ENGINE_VERSION } from '../../workflows/domain/eligibility.ts';
import type { Asked } from './describe-decision.ts';
import { note } from './print.ts';
import { WrongUse } from './run-command.ts';

/** @throws WrongUse when there is no such store or decision, TaskStoreError */
export async function readDecision(id: string, dataDirectory: string): Promise<Asked> {
  const file = join(resolve(dataDirectory), 'anyport.db');
  if (!existsSync(file)) throw new WrongUse(`there is no task store ${file}: name the workers' data folder with --data`);
  const store = await openSqliteTaskStore(file);
  try {
    return await findDecision(store, id, file);
  } finally {
    await store.close();
  }
}

async function findDecision(store: TaskStore, id: string, file: string): Promise<Asked> {
  const kept = await read<KeptDecision>(store, decisionRecordKey(id));
  if (kept === undefined) throw new WrongUse(`there is no decision "${id}" in ${file}: its task was planned elsewhere, or never`);
  const { inputs, decision } = kept;
  const parts = await read<readonly CatalogPart[]>(store, catalogRecordKey(decision.catalogDigest));
  const { loaded } = fromParts(parts ?? []);
  if (!comesToTheSame(loaded, kept)) {
    note(
      `this version decides it otherwise (engine ${ENGINE_VERSION}, then ${decision.engineVersion}): told is what was decided`,
    );
  }
  return { catalog: loaded.catalog, inputs, decision };
}

/** Written by `keepDecision` alone. */
async function read<Value>(store: TaskStore, key: string): Promise<Value | undefined> {
  const [record] = await store.readShared([key]);
  return record?.value as Value | undefined;
}
