/**
 * A task's own copy of a repository: `tree/` has the files and is what commands may write, `git/` beside it is its git folder, and
 * `checkpoints/` the repository of its checkpoints; both borrow the objects of the user's repository. Nothing is written to that one, not
 * even worktree records. The whole repository is opened, also when a folder in it is named; commands start at its top. Submodules stay
 * empty folders; LFS files stay pointers.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolders } from '../command-user.ts';
import { prepareFirstIndex } from './checkpoint-index.ts';
import type { RepositoryPlan } from './checkpoint-repository.ts';
import { commitBase, createCheckpointRepository, gitOfCheckpoints } from './checkpoint-repository.ts';
import { createGitFolder } from './git-folder.ts';
import { gitInRepository, gitInWorkspace } from './git.ts';
import type { Repository } from './inspect-repository.ts';
import { inspectRepository } from './inspect-repository.ts';
import { removeTree } from './locked-folders.ts';
import type { WorkspaceFolder } from './workspace-folder.ts';
import { workspaceFolder } from './workspace-folder.ts';

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
  const folder = workspaceFolder(await realpath(directory));
  const opened = await readRecord(folder);
  if (opened !== undefined) return opened;
  const source = await inspectRepository(repository, includeUncommitted);
  const { tree } = folder;
  await removeTree(tree);
  await makeFolders(tree);
  await createRepositories(folder, source);
  const baseCommit = source.headCommit;
  const checkpoints = gitOfCheckpoints(folder.checkpoints, tree);
  const committed = (await checkpoints(['rev-parse', `${baseCommit}^{tree}`])).trim();
  await commitBase(checkpoints, committed);
  const baseTree = source.hasChanges ? await importChanges(source, folder) : committed;
  await gitInWorkspace({ directory: tree, args: ['update-ref', '--no-deref', 'HEAD', baseCommit] });
  await gitInWorkspace({ directory: tree, args: ['read-tree', baseTree] });
  await gitInWorkspace({ directory: tree, args: ['checkout-index', '--all', '--force', '--quiet', '--index'] });
  await copyFile(join(folder.git, 'index'), join(folder.checkpoints, 'index'));
  await prepareFirstIndex(checkpoints, tree);
  const workspace: Workspace = { directory: tree, baseCommit, baseTree };
  await writeRecord(folder, workspace);
  return workspace;
}

async function readRecord({ git, tree }: WorkspaceFolder): Promise<Workspace | undefined> {
  const record = join(git, RECORD);
  if (!existsSync(record) || !existsSync(join(tree, '.git'))) return undefined;
  const { baseCommit, baseTree } = JSON.parse(await readFile(record, 'utf8')) as Workspace; // Written by this file alone, in one step.
  return { directory: tree, baseCommit, baseTree };
}

async function writeRecord({ git }: WorkspaceFolder, workspace: Workspace): Promise<void> {
  const draft = join(git, `${RECORD}.draft`);
  await writeFile(draft, JSON.stringify(workspace));
  await rename(draft, join(git, RECORD));
}

async function createRepositories(folder: WorkspaceFolder, { commonDirectory, objectFormat }: Repository): Promise<void> {
  const objects = join(commonDirectory, 'objects');
  const plan: RepositoryPlan = { objectFormat, borrowed: [objects], exclude: join(commonDirectory, 'info', 'exclude') };
  await createCheckpointRepository(folder.checkpoints, plan);
  await createGitFolder(folder, {
    ...plan,
    borrowed: [join(folder.checkpoints, 'objects'), objects],
    shallow: join(commonDirectory, 'shallow'),
  });
}

/** The user's files as a tree: their index is copied, and new objects go to the repository of the checkpoints. */
async function importChanges(
  { root, gitDirectory, commonDirectory }: Repository,
  { checkpoints }: WorkspaceFolder,
): Promise<string> {
  const index = join(checkpoints, 'import-index');
  await copyIfThere(join(gitDirectory, 'index'), index);
  const environment = {
    GIT_INDEX_FILE: index,
    GIT_OBJECT_DIRECTORY: join(checkpoints, 'objects'),
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

async function copyIfThere(from: string, to: string): Promise<void> {
  if (existsSync(from)) await copyFile(from, to);
}
