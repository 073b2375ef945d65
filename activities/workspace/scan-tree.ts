/** What of a tree differs from the index of its last checkpoint. Looks only; follows no symbolic link and reads no content. */
import type { Stats } from 'node:fs';
import { closeSync, constants, lstatSync, openSync } from 'node:fs';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { BytePath, LeftOutFile } from '../../workflows/domain/checkpoint.ts';
import { isText, joinList, onDisk, splitList } from './byte-path.ts';
import type { Git } from './checkpoint-repository.ts';

export interface CheckpointLimits {
  /** A file larger than this is left out of checkpoints. */
  readonly maxFileBytes: number;
  /** What one checkpoint may add; of more, the largest files are left out. */
  readonly maxCheckpointBytes: number;
}

export interface TreeScan {
  /** Changed or new: to be put into the index. */
  readonly put: readonly BytePath[];
  /** In the index and to be taken out of it. */
  readonly drop: readonly BytePath[];
  readonly leftOut: readonly LeftOutFile[];
}

export interface ScannedTree {
  readonly git: Git;
  readonly tree: string;
  readonly limits: CheckpointLimits;
}

/** `lstat` of so many files takes milliseconds; heartbeats go on in between. */
const AT_ONCE = 1_000;
/** A task may leave repositories within repositories of its own; deeper ones are left out. */
const MAX_NESTING = 20;
/** git takes none of these into an index, whatever the case of their letters. */
const REFUSED_NAME = /(?:^|\/)\.git(?:\/|$)/i;

interface Candidate {
  readonly path: BytePath;
  readonly bytes: number;
}

export async function scanTree(scanned: ScannedTree): Promise<TreeScan> {
  const { git } = scanned;
  const [changes, others] = await Promise.all([
    git(['diff-files', '-z', '--name-status', '--no-renames', '--ignore-submodules=all']),
    listOthers(scanned, ''),
  ]);
  const { changed, gone } = splitChanges(changes);
  const drop = [...gone];
  const leftOut: LeftOutFile[] = [];
  const candidates: Candidate[] = [];
  const known = new Set(changed);
  for (const [index, path] of [...changed, ...others].entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await yieldToOthers();
    const judged = judge(scanned, path);
    if (judged.kind === 'put') candidates.push(judged);
    if (judged.kind === 'left-out') leftOut.push(judged.file);
    if (judged.kind !== 'put' && known.has(path)) drop.push(path);
  }
  const { kept, excess } = withinBudget(candidates, scanned.limits.maxCheckpointBytes);
  for (const { path, bytes } of excess) {
    leftOut.push({ path, bytes, reason: 'too-large' });
    if (known.has(path)) drop.push(path);
  }
  return { put: kept, drop, leftOut: leftOut.toSorted(byPath) };
}

/** Status and path in turns. What git finds gone may also lie behind a symbolic link now, so it is not looked at again. */
function splitChanges(list: string): { readonly changed: readonly BytePath[]; readonly gone: readonly BytePath[] } {
  const entries = splitList(list);
  const pairs = entries.flatMap((status, index) => (index % 2 === 0 ? [{ status, path: entries[index + 1] ?? '' }] : []));
  return {
    changed: pairs.filter(({ status }) => status !== 'D').map(({ path }) => path),
    gone: pairs.filter(({ status }) => status === 'D').map(({ path }) => path),
  };
}

/**
 * Files that are neither in the index nor ignored. git lists a repository inside the tree as one entry, `nested/`; its files are
 * listed then as if it were a plain folder. Once they are in the index git goes into it by itself.
 */
async function listOthers(scanned: ScannedTree, within: BytePath, depth = 0): Promise<readonly BytePath[]> {
  const environment = within === '' ? {} : { GIT_WORK_TREE: `${scanned.tree}/${within}`, GIT_INDEX_FILE: '/nonexistent' };
  const list = await scanned.git(['ls-files', '-z', '--others', '--exclude-standard'], { environment });
  const listed = splitList(list).map((path) => within + path);
  const files = listed.filter((path) => !path.endsWith('/'));
  const nested = listed.filter((path) => path.endsWith('/') && isText(path) && depth < MAX_NESTING);
  const inside = await Promise.all(nested.map((path) => listOthers(scanned, path, depth + 1)));
  return depth === 0 ? [...files, ...(await withoutIgnored(scanned.git, inside.flat()))] : [...files, ...inside.flat()];
}

/** By the rules of the folders above a nested repository, which a list made inside it does not know. */
async function withoutIgnored(git: Git, paths: readonly BytePath[]): Promise<readonly BytePath[]> {
  if (paths.length === 0) return [];
  // 1: none of them is ignored.
  const list = await git(['check-ignore', '-z', '--stdin', '--no-index'], { input: joinList(paths), accept: [1] });
  const ignored = new Set(splitList(list));
  return paths.filter((path) => !ignored.has(path));
}

type Judged =
  | ({ readonly kind: 'put' } & Candidate)
  | { readonly kind: 'left-out'; readonly file: LeftOutFile }
  /** Gone in the meantime, or a pipe, socket or device, which has no content to keep. */
  | { readonly kind: 'none' };

function judge({ tree, limits }: ScannedTree, path: BytePath): Judged {
  const place = onDisk(tree, path);
  const found = lookAt(place);
  if (found === undefined || !(found.isFile() || found.isSymbolicLink())) return { kind: 'none' };
  const bytes = found.size;
  const leave = (reason: LeftOutFile['reason']): Judged => ({ kind: 'left-out', file: { path, bytes, reason } });
  if (REFUSED_NAME.test(path)) return leave('name');
  if (bytes > limits.maxFileBytes) return leave('too-large');
  return found.isFile() && !isReadable(place) ? leave('unreadable') : { kind: 'put', path, bytes };
}

function lookAt(place: Buffer): Stats | undefined {
  try {
    return lstatSync(place, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function isReadable(place: Buffer): boolean {
  try {
    // As git will; what has become of it in the meantime is neither followed nor waited for.
    closeSync(openSync(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK));
    return true;
  } catch {
    return false;
  }
}

function withinBudget(
  candidates: readonly Candidate[],
  budget: number,
): { kept: readonly BytePath[]; excess: readonly Candidate[] } {
  let total = candidates.reduce((sum, { bytes }) => sum + bytes, 0);
  const excess = new Set<Candidate>();
  if (total > budget) {
    for (const candidate of candidates.toSorted((left, right) => right.bytes - left.bytes || byPath(left, right))) {
      if (total <= budget) break;
      excess.add(candidate);
      total -= candidate.bytes;
    }
  }
  return { kept: candidates.filter((each) => !excess.has(each)).map(({ path }) => path), excess: [...excess] };
}

function byPath(left: { readonly path: BytePath }, right: { readonly path: BytePath }): number {
  return left.path < right.path ? -1 : 1;
}
