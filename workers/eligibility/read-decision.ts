/** A decision that was made for a task, made again from what the task store keeps of it. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { remakeDecision } from '../../activities/eligibility/decision-archive.ts';
import { openSharedRecords } from '../../activities/store/sqlite.ts';
import { ENGINE_VERSION } from '../../workflows/domain/eligibility.ts';
import type { Asked } from './describe-decision.ts';
import { note } from './print.ts';
import { WrongUse } from './run-command.ts';

/** @throws WrongUse when there is no such store or decision, TaskStoreError */
export async function readDecision(id: string, dataDirectory: string): Promise<Asked> {
  const file = join(resolve(dataDirectory), 'anyport.db');
  if (!existsSync(file)) throw new WrongUse(`there is no task store ${file}: name the workers' data folder with --data`);
  const store = openSharedRecords(file);
  try {
    const remade = await remakeDecision(store, id);
    if (remade === undefined) {
      throw new WrongUse(
        `there is no decision "${id}" in ${file}: its task was planned by workers with another data folder, or never`,
      );
    }
    const { loaded, inputs, decision, isSame, engineVersion } = remade;
    if (!isSame) {
      const engines = `engine ${ENGINE_VERSION}, then ${engineVersion}`;
      note(`this version decides it otherwise (${engines}): the codes in the task's history are what was decided`);
    }
    return { catalog: loaded.catalog, inputs, decision };
  } finally {
    await store.close();
  }
}
