/** The repository of a task's checkpoints to read from: that of the workspace where it is, or one made for the moment. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointRecord } from '../../workflows/domain/checkpoint.ts';
import type { TaskStore, WorkspaceRecord } from '../store/task-store.ts';
import { reaches, rebuildCheckpoints } from './rebuild-checkpoints.ts';
import { folderOfTree } from './workspace-folder.ts';

export interface BorrowRequest {
  readonly store: Pick<TaskStore, 'putPackPart' | 'getPackPart'>;
  readonly hostId: string;
  readonly workspace: WorkspaceRecord;
  readonly checkpoints: readonly CheckpointRecord[];
  /** Where one is made for the moment; created when it is missing. */
  readonly scratch: string;
}

/** @throws WorkspaceError `base-missing` */
export async function borrowCheckpoints<Result>(
  { store, hostId, workspace, checkpoints, scratch }: BorrowRequest,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const own = folderOfTree(workspace.directory).checkpoints;
  if (workspace.hostId === hostId && (await reaches(own, checkpoints.at(-1)))) return use(own);
  await mkdir(scratch, { recursive: true });
  const directory = await mkdtemp(join(scratch, 'checkpoints-'));
  try {
    const folder = join(directory, 'git');
    await rebuildCheckpoints({ store, workspace, checkpoints, folder });
    return await use(folder);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
