/** git on a task's workspace: its folder is named, never found through the tree, whose `.git` a task may have replaced. */
import { dirname, join } from 'node:path';
import { gitInWorkspace } from './git.ts';

export interface TaskGit {
  /** Of this workspace. */
  readonly folder: string;
  /** @returns stdout. @throws WorkspaceError */
  run(...args: readonly string[]): Promise<string>;
  /** What a command with `-z` lists: names as bytes, one character each, since git's are not always UTF-8. */
  list(...args: readonly string[]): Promise<readonly string[]>;
  /** Such names, or text, as standard input. */
  feed(input: string, ...args: readonly string[]): Promise<string>;
}

/** A listed name as the file system takes it. */
export function toFilePath(directory: string, name: string): Buffer {
  return Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(name, 'latin1')]);
}

/** A listed name as people read it. */
export function toReadable(name: string): string {
  return Buffer.from(name, 'latin1').toString('utf8');
}

/** The git folder of a workspace lies beside its tree. */
export function gitFolderOf(tree: string): string {
  return join(dirname(tree), 'git');
}

/** Our own index beside the task's: what a task stages or resets does not change what a checkpoint costs. */
export function checkpointIndexOf(tree: string): string {
  return join(gitFolderOf(tree), 'checkpoint-index');
}

/** Fixed, so that the same files after the same step are the same commit on whichever host. */
const IDENTITY = {
  GIT_AUTHOR_NAME: 'anyport',
  GIT_AUTHOR_EMAIL: 'anyport@localhost',
  GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
  GIT_COMMITTER_NAME: 'anyport',
  GIT_COMMITTER_EMAIL: 'anyport@localhost',
  GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
} as const;

export function taskGit(tree: string): TaskGit {
  const folder = gitFolderOf(tree);
  const environment = { ...IDENTITY, GIT_DIR: folder, GIT_WORK_TREE: tree, GIT_INDEX_FILE: checkpointIndexOf(tree) };
  return {
    folder,
    run: (...args) => gitInWorkspace({ directory: tree, args, environment }),
    async list(...args) {
      const listed = await gitInWorkspace({ directory: tree, args, environment, encoding: 'latin1' });
      return listed.split('\0').filter((name) => name !== '');
    },
    feed: (input, ...args) => gitInWorkspace({ directory: tree, args, environment, input: Buffer.from(input, 'latin1') }),
  };
}
