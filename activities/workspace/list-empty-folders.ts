/** Folders that hold nothing of a checkpoint, which git would forget. */
import type { Dirent } from 'node:fs';
import { readdirSync } from 'node:fs';
import type { BytePath } from '../../workflows/domain/checkpoint.ts';
import { fromBytes, onDisk, splitList } from './byte-path.ts';
import type { Git } from './checkpoint-repository.ts';

/** A tree of more is damaged on purpose; the record of a checkpoint stays within a few hundred KB. */
const MAX_FOLDERS = 10_000;

/** Once everything that belongs into the index is there. The innermost ones only; those above come with them. */
export async function listEmptyFolders(git: Git, tree: string): Promise<readonly BytePath[]> {
  const list = await git(['ls-files', '-z', '--others', '--directory', '--exclude-standard']);
  const found: BytePath[] = [];
  for (const entry of splitList(list)) if (entry.endsWith('/')) gather(tree, entry.slice(0, -1), found);
  return found.toSorted().slice(0, MAX_FOLDERS);
}

function gather(tree: string, folder: BytePath, found: BytePath[]): void {
  const before = found.length;
  for (const entry of entriesOf(tree, folder)) {
    if (entry.isDirectory() && fromBytes(entry.name) !== '.git') gather(tree, `${folder}/${fromBytes(entry.name)}`, found);
    if (found.length >= MAX_FOLDERS) return;
  }
  if (found.length === before) found.push(folder);
}

/** None of a folder that is gone or may not be read. */
export function entriesOf(tree: string, folder: BytePath): readonly Dirent<Buffer>[] {
  try {
    return readdirSync(onDisk(tree, folder), { withFileTypes: true, encoding: 'buffer' });
  } catch {
    return [];
  }
}
