/**
 * Reads the project's instructions where the workspace is, which is on one host, and leaves them in the task store, where the task
 * is opened by any.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskId } from '../../workflows/domain/ids.ts';
import type { TaskStore, WorkspaceRecord } from '../store/task-store.ts';
import { resolveInWorkspace } from '../tools/workspace-path.ts';
import { gitInRepository } from '../workspace/git.ts';
import { WorkspaceError } from '../workspace/workspace-error.ts';
import { readAgentsFiles } from './agents-files.ts';
import { agentsMessage } from './context-messages.ts';

export interface ContextPlace {
  readonly taskId: TaskId;
  /** Absolute, symlink-free path of the tree. */
  readonly workspace: string;
  /** The path that the caller named: a repository, or a folder in one. */
  readonly repository: string;
  readonly folder: string | undefined;
}

/** What a workspace's record keeps of it. Repeating it gives the same. @throws WorkspaceError when there is no such folder */
export async function collectContext(
  store: Pick<TaskStore, 'putItems'>,
  place: ContextPlace,
): Promise<Pick<WorkspaceRecord, 'folder' | 'contextItems'>> {
  const folder = await folderOf(place);
  const message = agentsMessage(place.workspace, await readAgentsFiles(place.workspace, folder));
  const contextItems = message === undefined ? [] : await store.putItems(place.taskId, [message]);
  return {
    ...(folder === '.' ? {} : { folder }),
    ...(contextItems.length === 0 ? {} : { contextItems }),
  };
}

async function folderOf({ workspace, repository, folder }: ContextPlace): Promise<string> {
  if (folder === undefined) return folderNamedBy(repository, workspace);
  const place = await resolveInWorkspace(workspace, folder);
  if (place.kind === 'refused') throw new WorkspaceError('not-found', `the folder of the task cannot be used: ${place.reason}`);
  if (await isFolder(place.absolute)) return place.path;
  throw new WorkspaceError(
    'not-found',
    `the repository ${repository} has no folder "${folder}": name one that is committed, or take uncommitted files along`,
  );
}

/** Who names a folder in a repository is about that folder, unless nothing of it came into the workspace. */
async function folderNamedBy(repository: string, workspace: string): Promise<string> {
  const prefix = await gitInRepository({ directory: repository, args: ['rev-parse', '--show-prefix'] });
  const folder = prefix.replace(/\/?\n$/, '');
  return folder !== '' && (await isFolder(join(workspace, folder))) ? folder : '.';
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
