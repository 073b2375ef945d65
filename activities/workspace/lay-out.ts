/** The two folders of a workspace: `tree/` with the files, and `git/` beside it, which borrows the objects of the user's repository. */
import { copyFile, lstat, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { WorkspaceRecord } from '../store/task-store.ts';
import { gitInRepository, gitInWorkspace } from './git.ts';
import type { Repository } from './inspect-repository.ts';
import { gitFolderOf } from './task-git.ts';
import { WorkspaceError } from './workspace-error.ts';

/** What is borrowed, and in which form: the same as the user's. */
export type Lender = Pick<Repository, 'commonDirectory' | 'objectFormat'>;

const SETTINGS: readonly (readonly [string, string])[] = [
  ['core.bare', 'false'],
  // Files are as they are in the repository; only its own .gitattributes may say otherwise.
  ['core.autocrlf', 'false'],
  ['core.hooksPath', '/dev/null'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
];
/** Lengths of object names: SHA-1 is what nearly all repositories have. */
const SHA1_LENGTH = 40;

/** Makes the git folder of a workspace anew; without the repository it borrows from nobody. */
export async function layOut({ directory, repository, baseCommit }: WorkspaceRecord): Promise<void> {
  const gitFolder = gitFolderOf(directory);
  await rm(gitFolder, { recursive: true, force: true });
  const lender = await findLender(repository);
  await createGitFolder(gitFolder, lender ?? { objectFormat: baseCommit.length === SHA1_LENGTH ? 'sha1' : 'sha256' });
}

/** `undefined`: this host does not have it. */
async function findLender(repository: string): Promise<Lender | undefined> {
  if (!existsSync(repository)) return undefined;
  try {
    const ask = async (...args: string[]) => (await gitInRepository({ directory: repository, args })).replace(/\n$/, '');
    const commonDirectory = await ask('rev-parse', '--path-format=absolute', '--git-common-dir');
    return { commonDirectory, objectFormat: await ask('rev-parse', '--show-object-format') };
  } catch (error) {
    if (error instanceof WorkspaceError && error.code === 'git-failed') return undefined;
    throw error;
  }
}

export async function createGitFolder(
  gitFolder: string,
  { objectFormat, commonDirectory }: Partial<Lender> & Pick<Lender, 'objectFormat'>,
): Promise<void> {
  await mkdir(dirname(gitFolder), { recursive: true });
  const init = ['init', '--bare', '--quiet', '--template=', `--object-format=${objectFormat}`, gitFolder];
  await gitInWorkspace({ directory: dirname(gitFolder), args: init });
  for (const [name, value] of SETTINGS)
    await gitInWorkspace({ directory: gitFolder, args: ['config', '--file', join(gitFolder, 'config'), name, value] });
  await mkdir(join(gitFolder, 'info'), { recursive: true });
  await mkdir(join(gitFolder, 'objects', 'info'), { recursive: true });
  if (commonDirectory === undefined) return;
  await writeFile(join(gitFolder, 'objects', 'info', 'alternates'), `${join(commonDirectory, 'objects')}\n`);
  // Without these a shallow clone looks broken, and privately ignored files would come into the diff.
  await copyIfThere(join(commonDirectory, 'shallow'), join(gitFolder, 'shallow'));
  await copyIfThere(join(commonDirectory, 'info', 'exclude'), join(gitFolder, 'info', 'exclude'));
}

/** Has the tree there, and its `.git` point to our folder, whatever a task made of both. */
export async function linkTree(directory: string): Promise<void> {
  const link = `gitdir: ${gitFolderOf(directory)}\n`;
  const entry = join(directory, '.git');
  const status = await lstat(directory).catch(() => undefined);
  if (status !== undefined && !status.isDirectory()) await rm(directory, { force: true });
  await mkdir(directory, { recursive: true });
  const isFile = (await lstat(entry).catch(() => undefined))?.isFile() === true;
  if (isFile && (await readFile(entry, 'utf8')) === link) return;
  await rm(entry, { recursive: true, force: true });
  await writeFile(entry, link);
}

export async function copyIfThere(from: string, to: string): Promise<void> {
  if (existsSync(from)) await copyFile(from, to);
}
