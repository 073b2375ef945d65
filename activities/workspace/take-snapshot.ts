/**
 * The files of a workspace as a git tree, whatever a task did to them: its index, its `.git` and its ignore rules for others do not count.
 * Ignored files are not in it, nor what git cannot hold: those are named.
 */
import { constants, existsSync } from 'node:fs';
import { access, copyFile, lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskGit } from './task-git.ts';
import { checkpointIndexOf, taskGit, toFilePath, toReadable } from './task-git.ts';

export interface Snapshot {
  readonly tree: string;
  /** Files that are larger than the limit, or that cannot be read: at most 100, by path. */
  readonly left: readonly LeftFile[];
  /** git has no word for a folder without files: at most 1,000. */
  readonly emptyFolders: readonly string[];
}

export interface LeftFile {
  readonly path: string;
  readonly why: 'too-large' | 'unreadable';
  readonly bytes: number;
}

const MOST_LEFT = 100;
const MOST_EMPTY = 1_000;

/** A step costs what it changed: unchanged files are known by the index of the step before. @throws WorkspaceError */
export async function takeSnapshot(
  directory: string,
  { largestFileBytes }: { readonly largestFileBytes: number },
): Promise<Snapshot> {
  const git = taskGit(directory);
  const index = checkpointIndexOf(directory);
  // Ours alone, and one step after the other: a lock that is there was left by a kill.
  await rm(`${index}.lock`, { force: true });
  if (!existsSync(index)) await copyFile(join(git.folder, 'index'), index);
  const changed = await listChanged(git);
  const { taken, left } = await sift(directory, changed, largestFileBytes);
  if (taken.length > 0) {
    await git.feed(
      `${taken.join('\0')}\0`,
      'update-index',
      '--add',
      '--remove',
      '--replace',
      '--ignore-skip-worktree-entries',
      '-z',
      '--stdin',
    );
  }
  const tree = (await git.run('write-tree')).trim();
  return { tree, left: left.slice(0, MOST_LEFT), emptyFolders: await listEmptyFolders(git, directory) };
}

/** Changed, gone and new; a nested repository ends in `/` and stays out, since git would run what its configuration says. */
async function listChanged(git: TaskGit): Promise<readonly string[]> {
  const [listed, links] = await Promise.all([
    git.list('ls-files', '-z', '--modified', '--others', '--exclude-standard'),
    listSubmodules(git),
  ]);
  return [...new Set(listed)].filter((name) => !name.endsWith('/') && !links.has(name));
}

/** Submodules are not taken along: what becomes of their folders is no change. */
async function listSubmodules(git: TaskGit): Promise<ReadonlySet<string>> {
  const staged = await git.list('ls-files', '-z', '--stage');
  return new Set(staged.filter((entry) => entry.startsWith('160000 ')).map((entry) => entry.slice(entry.indexOf('\t') + 1)));
}

async function sift(directory: string, names: readonly string[], largestFileBytes: number) {
  const left: LeftFile[] = [];
  const taken: string[] = [];
  for (const name of names) {
    const problem = await problemOf(toFilePath(directory, name), largestFileBytes);
    if (problem === undefined) taken.push(name);
    else left.push({ path: toReadable(name), ...problem });
  }
  return { taken, left };
}

async function problemOf(path: Buffer, largestFileBytes: number): Promise<Omit<LeftFile, 'path'> | undefined> {
  const status = await lstat(path).catch(() => undefined);
  // Gone, or a link, whose text is all that is kept of it.
  if (status === undefined || !status.isFile()) return undefined;
  if (status.size > largestFileBytes) return { why: 'too-large', bytes: status.size };
  const isReadable = await access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
  return isReadable ? undefined : { why: 'unreadable', bytes: status.size };
}

async function listEmptyFolders(git: TaskGit, directory: string): Promise<readonly string[]> {
  const listed = await git.list('ls-files', '-z', '--others', '--directory', '--exclude-standard');
  const found: string[] = [];
  for (const name of listed.filter((entry) => entry.endsWith('/')).map(toReadable)) {
    await collectEmpty(directory, name.slice(0, -1), found);
    if (found.length >= MOST_EMPTY) break;
  }
  return found.slice(0, MOST_EMPTY);
}

async function collectEmpty(directory: string, folder: string, found: string[]): Promise<void> {
  const entries = await readdir(join(directory, folder), { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined || entries.some(({ name }) => name === '.git')) return;
  if (entries.length === 0) found.push(folder);
  for (const entry of entries) {
    if (entry.isDirectory() && found.length < MOST_EMPTY) await collectEmpty(directory, `${folder}/${entry.name}`, found);
  }
}
