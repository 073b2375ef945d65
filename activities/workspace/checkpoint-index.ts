/** The index of a task's checkpoints at the beginning, when the tree has the base's files and nothing else. */
import { lstatSync } from 'node:fs';
import type { BytePath } from '../../workflows/domain/checkpoint.ts';
import { joinList, onDisk, splitList } from './byte-path.ts';
import type { Git } from './checkpoint-repository.ts';

/** A text that has its lines ended in another way is smaller; what is larger is left as it was checked out. */
const MAX_CONVERTED_BYTES = 64 * 1024 * 1024;

interface IndexEntry {
  readonly mode: string;
  readonly path: BytePath;
}

/**
 * Makes of an index that git checked out from the byte-exact one of the files as they lie there. Submodules are no part of it: their
 * folders are like any other. Where `.gitattributes` had git convert files on their way out, the files are read again.
 */
export async function prepareFirstIndex(git: Git, tree: string): Promise<void> {
  const entries = await listIndex(git);
  const submodules = entries.filter(({ mode }) => mode === '160000').map(({ path }) => path);
  const converted = entries.some(({ path }) => isAttributesFile(path)) ? convertible(tree, entries) : [];
  const gone = [...submodules, ...converted];
  if (gone.length > 0) await git(['update-index', '-z', '--force-remove', '--stdin'], { input: joinList(gone) });
  if (converted.length > 0) await git(['update-index', '-z', '--add', '--remove', '--stdin'], { input: joinList(converted) });
}

export async function listIndex(git: Git): Promise<readonly IndexEntry[]> {
  const list = await git(['ls-files', '-z', '--stage']);
  return splitList(list).map((entry) => ({ mode: entry.slice(0, 6), path: entry.slice(entry.indexOf('\t') + 1) }));
}

export function isAttributesFile(path: BytePath): boolean {
  return path === '.gitattributes' || path.endsWith('/.gitattributes');
}

function convertible(tree: string, entries: readonly IndexEntry[]): readonly BytePath[] {
  return entries
    .filter(({ mode, path }) => mode.startsWith('100') && sizeOf(tree, path) <= MAX_CONVERTED_BYTES)
    .map(({ path }) => path);
}

function sizeOf(tree: string, path: BytePath): number {
  return lstatSync(onDisk(tree, path), { throwIfNoEntry: false })?.size ?? 0;
}
