/** Folders that hold nothing of a checkpoint, which git would forget. */
import type { Dirent } from 'node:fs';
import { readdirSync } from 'node:fs';
import type { BytePath, LeftOutFile } from '../../workflows/domain/checkpoint.ts';
import { fromBytes, onDisk, splitList } from './byte-path.ts';
import type { Git } from './checkpoint-repository.ts';

export interface EmptyFolders {
  /** The innermost ones only; those above come with them. */
  readonly emptyFolders: readonly BytePath[];
  /** Nobody knows what is in them. */
  readonly unreadable: readonly LeftOutFile[];
}

/** A tree of more is damaged on purpose; the record of a checkpoint stays within a few hundred KB. */
const MAX_FOLDERS = 10_000;

/** Once everything that belongs into the index is there. */
export async function listEmptyFolders(git: Git, tree: string): Promise<EmptyFolders> {
  const list = await git(['ls-files', '-z', '--others', '--directory', '--exclude-standard']);
  const found: Found = { empty: [], unreadable: [] };
  for (const entry of splitList(list)) if (entry.endsWith('/')) gather(tree, entry.slice(0, -1), found);
  return {
    emptyFolders: found.empty.toSorted().slice(0, MAX_FOLDERS),
    unreadable: found.unreadable.map((path) => ({ path, bytes: 0, reason: 'unreadable' })),
  };
}

interface Found {
  readonly empty: BytePath[];
  readonly unreadable: BytePath[];
}

function gather(tree: string, folder: BytePath, found: Found): void {
  const { empty, unreadable } = found;
  const before = empty.length + unreadable.length;
  const entries = entriesOf(tree, folder);
  if (entries === undefined) {
    unreadable.push(folder);
    return;
  }
  for (const entry of entries) {
    const name = fromBytes(entry.name);
    if (entry.isDirectory() && name !== '.git') gather(tree, `${folder}/${name}`, found);
    if (empty.length >= MAX_FOLDERS) return;
  }
  if (empty.length + unreadable.length === before) empty.push(folder);
}

/** `undefined`: it may not be read. None of a folder that is gone. */
export function entriesOf(tree: string, folder: BytePath): readonly Dirent<Buffer>[] | undefined {
  try {
    return readdirSync(onDisk(tree, folder), { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EACCES' ? undefined : [];
  }
}
