/**
 * A task's own copy of a repository: `tree/` has the files and is what commands may write, `git/` beside it is its git folder, which borrows
 * the objects of the user's repository. Nothing is written to the user's repository, not even worktree records. The whole repository is
 * opened, also when a folder in it is named; commands start at its top. Submodules stay empty folders; LFS files stay pointers.
 */
import { mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gitInRepository, gitInWorkspace } from './git.ts';
import type { Repository } from './inspect-repository.ts';
import { inspectRepository } from './inspect-repository.ts';
import { copyIfThere, createGitFolder, linkTree } from './lay-out.ts';

export interface OpenWorkspaceRequest {
  /** Absolute path of a repository, or of a folder in one. */
  readonly repository: string;
  readonly includeUncommitted: boolean;
  /** Absolute path of a folder for this task alone; created when it is missing. */
  readonly directory: string;
}

export interface Workspace {
  /** Absolute, symlink-free path of the tree. */
  readonly directory: string;
  readonly baseCommit: string;
  readonly baseTree: string;
}

/** Written last: a folder without it was left by a crash and is made again. */
const RECORD = 'anyport-workspace.json';

/** Gives the same workspace when called again. @throws WorkspaceError */
export async function openWorkspace({ repository, includeUncommitted, directory }: OpenWorkspaceRequest): Promise<Workspace> {
  await mkdir(directory, { recursive: true });
  const folder = await realpath(directory);
  const opened = await readRecord(folder);
  if (opened !== undefined) return opened;
  const source = await inspectRepository(repository, includeUncommitted);
  const [tree, gitFolder] = [join(folder, 'tree'), join(folder, 'git')];
  await Promise.all([rm(tree, { recursive: true, force: true }), rm(gitFolder, { recursive: true, force: true })]);
  await createGitFolder(gitFolder, source);
  await linkTree(tree);
  const baseCommit = source.headCommit;
  const committed = await gitInWorkspace({ directory: tree, args: ['rev-parse', `${baseCommit}^{tree}`] });
  const baseTree = source.hasChanges ? await importChanges(source, gitFolder) : committed.trim();
  await gitInWorkspace({ directory: tree, args: ['update-ref', '--no-deref', 'HEAD', baseCommit] });
  await gitInWorkspace({ directory: tree, args: ['read-tree', baseTree] });
  await gitInWorkspace({ directory: tree, args: ['checkout-index', '--all', '--force', '--quiet', '--index'] });
  const workspace: Workspace = { directory: tree, baseCommit, baseTree };
  await writeRecord(gitFolder, workspace);
  return workspace;
}

async function readRecord(folder: string): Promise<Workspace | undefined> {
  const record = join(folder, 'git', RECORD);
  if (!existsSync(record) || !existsSync(join(folder, 'tree', '.git'))) return undefined;
  const { baseCommit, baseTree } = JSON.parse(await readFile(record, 'utf8')) as Workspace; // Written by this file alone, in one step.
  return { directory: join(folder, 'tree'), baseCommit, baseTree };
}

async function writeRecord(gitFolder: string, workspace: Workspace): Promise<void> {
  const draft = join(gitFolder, `${RECORD}.draft`);
  await writeFile(draft, JSON.stringify(workspace));
  await rename(draft, join(gitFolder, RECORD));
}

/** The user's files as a tree: their index is copied, and new objects go to the workspace's store. */
async function importChanges({ root, gitDirectory, commonDirectory }: Repository, gitFolder: string): Promise<string> {
  const index = join(gitFolder, 'import-index');
  await copyIfThere(join(gitDirectory, 'index'), index);
  const environment = {
    GIT_INDEX_FILE: index,
    GIT_OBJECT_DIRECTORY: join(gitFolder, 'objects'),
    GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(join(commonDirectory, 'objects')),
  };
  await gitInRepository({ directory: root, args: ['add', '--all'], environment });
  const tree = await gitInRepository({ directory: root, args: ['write-tree'], environment });
  await rm(index, { force: true });
  return tree.trim();
}

/** The variable is a list parted by colons; git reads an entry in C quotes as one path. */
function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
