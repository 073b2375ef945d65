/** What the user's repository is and whether a task may begin on it. Reads only. */
import { stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { gitInRepository } from './git.ts';
import { WorkspaceError } from './workspace-error.ts';

export interface Repository {
  /** Absolute path of its top folder. */
  readonly root: string;
  /** Its `.git`, or for a worktree the one of the main repository: objects are there. */
  readonly commonDirectory: string;
  /** Its `.git`, or the worktree's own: the index is there. */
  readonly gitDirectory: string;
  readonly objectFormat: string;
  readonly headCommit: string;
  readonly hasChanges: boolean;
}

const LISTED_FILES = 10;

/** @throws WorkspaceError */
export async function inspectRepository(path: string, includeUncommitted: boolean): Promise<Repository> {
  await assertFolder(path);
  const root = await findRoot(path);
  const ask = async (...args: string[]): Promise<string> =>
    stripNewline(await gitInRepository({ directory: root, args: ['rev-parse', ...args] }));
  const headCommit = await readHead(root);
  const changes = await listChanges(root);
  if (changes.length > 0 && !includeUncommitted) throw uncommitted(root, changes);
  return {
    root,
    commonDirectory: resolve(root, await ask('--git-common-dir')),
    gitDirectory: resolve(root, await ask('--git-dir')),
    objectFormat: await ask('--show-object-format'),
    headCommit,
    hasChanges: changes.length > 0,
  };
}

async function assertFolder(path: string): Promise<void> {
  if (!isAbsolute(path))
    throw new WorkspaceError('not-found', `the workspace "${path}" is no absolute path; give the full path of a git repository`);
  let isFolder: boolean;
  try {
    isFolder = (await stat(path)).isDirectory();
  } catch (error) {
    throw new WorkspaceError('not-found', `the workspace ${path} does not exist on the worker's host or cannot be read`, {
      cause: error,
    });
  }
  if (!isFolder)
    throw new WorkspaceError('not-a-repository', `the workspace ${path} is a file; give the folder of a git repository`);
}

async function findRoot(path: string): Promise<string> {
  let facts: string;
  try {
    facts = await gitInRepository({ directory: path, args: ['rev-parse', '--is-bare-repository', '--is-inside-work-tree'] });
  } catch (error) {
    if (!(error instanceof WorkspaceError) || error.code === 'git-missing') throw error;
    const remedy = 'create one with "git init" and commit the files, or give another folder';
    const said = error.message.includes('not a git repository') ? '' : ` (${error.message})`;
    throw new WorkspaceError('not-a-repository', `the workspace ${path} is not in a git repository${said}; ${remedy}`, {
      cause: error,
    });
  }
  const [isBare, isInside] = facts.split('\n');
  if (isBare === 'true')
    throw new WorkspaceError(
      'bare-repository',
      `the workspace ${path} is a bare repository without files; clone it and give the clone`,
    );
  if (isInside !== 'true')
    throw new WorkspaceError(
      'not-a-repository',
      `the workspace ${path} is inside a .git folder; give the repository's top folder`,
    );
  return stripNewline(await gitInRepository({ directory: path, args: ['rev-parse', '--show-toplevel'] }));
}

async function readHead(root: string): Promise<string> {
  try {
    return stripNewline(await gitInRepository({ directory: root, args: ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'] }));
  } catch (error) {
    throw new WorkspaceError('no-commit', `the repository ${root} has no commit yet; commit its files first`, { cause: error });
  }
}

/** Submodules are not taken along, so what changed inside them does not matter. */
async function listChanges(root: string): Promise<readonly string[]> {
  const args = ['status', '--porcelain=v1', '-z', '--no-renames', '--untracked-files=normal', '--ignore-submodules=all'];
  const status = await gitInRepository({ directory: root, args });
  return status
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry) => entry.slice(3));
}

function uncommitted(root: string, changes: readonly string[]): WorkspaceError {
  const listed = changes.slice(0, LISTED_FILES).join(', ');
  const more = changes.length > LISTED_FILES ? ` and ${changes.length - LISTED_FILES} more` : '';
  return new WorkspaceError(
    'uncommitted-changes',
    `the repository ${root} has uncommitted changes: ${listed}${more}; commit or stash them, or take them along with --include-uncommitted`,
  );
}

/** A path may end in blanks, so no trim. */
function stripNewline(text: string): string {
  return text.replace(/\n$/, '');
}
