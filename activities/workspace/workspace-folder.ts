/** The parts of a task's workspace, beside each other in a folder of its own. */
import { dirname, join } from 'node:path';

export interface WorkspaceFolder {
  readonly root: string;
  /** The files; what commands of the task may write. */
  readonly tree: string;
  /** What `.git` in the tree points to. */
  readonly git: string;
  /** The repository of the checkpoints, which nothing of the task knows. */
  readonly checkpoints: string;
  /** A file that says that the set-up is done. */
  readonly prepared: string;
  /** What commands printed beyond what is kept in memory. */
  readonly output: string;
}

export function workspaceFolder(root: string): WorkspaceFolder {
  const part = (name: string): string => join(root, name);
  return {
    root,
    tree: part('tree'),
    git: part('git'),
    checkpoints: part('checkpoints'),
    prepared: part('prepared'),
    output: part('output'),
  };
}

/** The folder whose tree lies at `directory`. */
export function folderOfTree(directory: string): WorkspaceFolder {
  return workspaceFolder(dirname(directory));
}
