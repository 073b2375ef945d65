/** The repository of a task's checkpoints from the task store: on another host, or where it was lost. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointRecord } from '../../workflows/domain/checkpoint.ts';
import type { TaskStore, WorkspaceRecord } from '../store/task-store.ts';
import type { Git } from './checkpoint-repository.ts';
import { BASE_REF, checkpointRef, commitBase, createCheckpointRepository, gitOfCheckpoints } from './checkpoint-repository.ts';
import type { LocalRepository } from './local-repository.ts';
import { findRepository } from './local-repository.ts';
import { addPack } from './packs.ts';
import { WorkspaceError } from './workspace-error.ts';

export interface RebuildRequest {
  readonly store: Pick<TaskStore, 'putPackPart' | 'getPackPart'>;
  readonly workspace: Pick<WorkspaceRecord, 'repository' | 'baseCommit' | 'baseTree' | 'base' | 'directory'>;
  /** All that are wanted, from the first. */
  readonly checkpoints: readonly CheckpointRecord[];
  /** Where it is made; what is there is removed. */
  readonly folder: string;
  /** A git folder of the task that may have objects besides. */
  readonly gitFolder?: string;
}

/** Gives the user's repository when it is at hand. @throws WorkspaceError `base-missing` */
export async function rebuildCheckpoints(request: RebuildRequest): Promise<LocalRepository | undefined> {
  const { store, workspace, checkpoints, folder, gitFolder } = request;
  const source = await findRepository(workspace.repository, workspace.baseCommit);
  if (source === undefined && workspace.base === undefined) throw baseMissing(workspace);
  const own = gitFolder === undefined ? [] : [join(gitFolder, 'objects')];
  await createCheckpointRepository(folder, {
    objectFormat: workspace.baseCommit.length === 64 ? 'sha256' : 'sha1',
    borrowed: [...(source === undefined ? [] : [source.objects]), ...own.filter(existsSync)],
    ...(source === undefined ? {} : { exclude: source.exclude }),
  });
  const git = gitOfCheckpoints(folder);
  await makeBase(git, request, source);
  for (const { pack } of checkpoints) await addPack(git, store, pack);
  const refs = checkpoints.map(({ sequence, commit }) => `create ${checkpointRef(sequence)} ${commit}\n`);
  if (refs.length > 0) await git(['update-ref', '--stdin'], { input: refs.join('') });
  return source;
}

/** Whether the repository is there and has come as far as this checkpoint; without one, whether it has the base. */
export async function reaches(folder: string, checkpoint: CheckpointRecord | undefined): Promise<boolean> {
  if (checkpoint === undefined) return (await readRef(folder, BASE_REF)) !== undefined;
  return (await readRef(folder, checkpointRef(checkpoint.sequence))) === checkpoint.commit;
}

/** Nobody packs refs there, so each is a file: reading it takes no process. */
export async function readRef(folder: string, name: string): Promise<string | undefined> {
  try {
    return (await readFile(join(folder, name), 'utf8')).trim();
  } catch {
    return undefined;
  }
}

async function makeBase(git: Git, { store, workspace }: RebuildRequest, source: LocalRepository | undefined): Promise<void> {
  if (source === undefined && workspace.base !== undefined) {
    await addPack(git, store, workspace.base.pack);
    await git(['update-ref', BASE_REF, workspace.base.commit]);
    return;
  }
  await commitBase(git, (await git(['rev-parse', `${workspace.baseCommit}^{tree}`])).trim());
}

function baseMissing({ repository, baseCommit }: RebuildRequest['workspace']): WorkspaceError {
  return new WorkspaceError(
    'base-missing',
    `the repository ${repository} with the commit ${baseCommit} is not on this host, and the task store has no snapshot of it: ` +
      'have the repository at the same path on every host, or set workspaces.base to always',
  );
}
