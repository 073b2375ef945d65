import { readdir, rmdir } from 'node:fs/promises';
import { removeTree } from './locked-folders.ts';
import { workspaceFolder } from './workspace-folder.ts';

/** Removes a task's files, git folder and repository of checkpoints, which stay in the task store; what else lies beside them, such as a large diff, stays. Does nothing when called again. */
export async function closeWorkspace(directory: string): Promise<void> {
  const { tree, git, checkpoints, prepared, output } = workspaceFolder(directory);
  await Promise.all([tree, git, checkpoints, prepared, output].map(removeTree));
  if ((await listOf(directory)).length === 0) await rmdir(directory).catch(() => undefined);
}

async function listOf(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch {
    return ['absent'];
  }
}
