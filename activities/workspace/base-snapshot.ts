/** The files of a task's base commit in the task store, so that a host without the repository can take the workspace over. */
import type { TaskStore } from '../store/task-store.ts';
import type { BaseSnapshot } from '../store/task-store.ts';
import { BASE_REF, gitOfCheckpoints } from './checkpoint-repository.ts';
import { storePack, withPack } from './packs.ts';
import { readRef } from './rebuild-checkpoints.ts';
import { WorkspaceError } from './workspace-error.ts';
import { stat } from 'node:fs/promises';

export interface BaseLimits {
  /** `auto`: when the task store reaches hosts that may not have the repository. */
  readonly base: 'auto' | 'always' | 'never';
  readonly maxBaseBytes: number;
}

type BaseStore = Pick<TaskStore, 'reach' | 'readShared' | 'compareAndSetShared' | 'putPackPart' | 'getPackPart'>;

const MEBIBYTE = 1024 * 1024;

/** `undefined`: it is not to be there. Tasks that begin at the same commit share one. @throws WorkspaceError `base-too-large` */
export async function shipBase(store: BaseStore, folder: string, limits: BaseLimits): Promise<BaseSnapshot | undefined> {
  const isWanted = limits.base === 'always' || (limits.base === 'auto' && store.reach === 'network');
  const commit = isWanted ? await readRef(folder, BASE_REF) : undefined;
  if (commit === undefined) return undefined;
  const key = `workspace-base/${commit}`;
  const [known] = await store.readShared([key]);
  if (known !== undefined) return known.value as BaseSnapshot; // written below alone
  return withPack(gitOfCheckpoints(folder), { folder, include: [commit], exclude: [] }, async (file) => {
    const { size } = await stat(file);
    if (size > limits.maxBaseBytes) return refuse(size, limits);
    const snapshot: BaseSnapshot = { commit, pack: await storePack(store, file) };
    await store.compareAndSetShared(key, 0, snapshot);
    return snapshot;
  });
}

/** By itself it is left out: the repository may be on every host all the same. */
function refuse(size: number, { base, maxBaseBytes }: BaseLimits): undefined {
  if (base !== 'always') return undefined;
  throw new WorkspaceError(
    'base-too-large',
    `the files of the repository are ${Math.ceil(size / MEBIBYTE)} MiB as a snapshot, more than the ${Math.floor(maxBaseBytes / MEBIBYTE)} ` +
      'that may go to the task store: raise workspaces.maxBaseMiB, or set workspaces.base to never and have the repository on every host',
  );
}
