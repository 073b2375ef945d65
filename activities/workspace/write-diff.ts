/**
 * What a task changed between two checkpoints, as a patch that `git apply` takes. Checkpoints hold files byte for byte; what the
 * repository's `.gitattributes` would convert is converted first, so that the patch fits what the repository has. Files in the folders of
 * submodules are left out.
 */
import { copyFile, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BytePath, CheckpointRecord } from '../../workflows/domain/checkpoint.ts';
import type { DiffStat } from '../../workflows/domain/task-result.ts';
import { joinList, splitList } from './byte-path.ts';
import { isAttributesFile } from './checkpoint-index.ts';
import type { Git } from './checkpoint-repository.ts';
import { gitOfCheckpoints } from './checkpoint-repository.ts';
import { gitInWorkspace } from './git.ts';

const DIFF = ['diff', '--full-index', '--no-color', '--no-ext-diff', '--no-textconv', '--no-renames', '--ignore-submodules=all'];
/** The paths of our diff keep these whatever is configured. */
const FORMS = { patch: ['--binary', '--src-prefix=a/', '--dst-prefix=b/'], stat: ['--stat=100'] } as const;

export interface DiffRange {
  /** The repository of the checkpoints. */
  readonly folder: string;
  readonly baseTree: string;
  /** Checkpoint 0. */
  readonly first: CheckpointRecord;
  readonly to: CheckpointRecord;
  /** Default: what the task began with. */
  readonly from?: CheckpointRecord | { readonly tree: string; readonly isCommitted: true };
  readonly form?: keyof typeof FORMS;
}

/** Has git write the diff to a file, so that one of any size takes none of the worker's memory; gives its bytes. @throws WorkspaceError */
export function writeDiff(range: DiffRange, file: string): Promise<number> {
  return withTrees(range, (trees) => write(range, trees, file));
}

/** The same, and how much it changes. @throws WorkspaceError */
export function writeCountedDiff(range: DiffRange, file: string): Promise<{ readonly bytes: number; readonly stat: DiffStat }> {
  return withTrees(range, async (trees) => {
    const bytes = await write(range, trees, file);
    const words = bytes === 0 ? '' : await gitOfCheckpoints(range.folder)([...DIFF, '--shortstat', ...trees]);
    return { bytes, stat: readShortStat(words) };
  });
}

type Trees = readonly [before: string, after: string];

async function write({ folder, form = 'patch' }: DiffRange, trees: Trees, file: string): Promise<number> {
  await gitOfCheckpoints(folder)([...DIFF, ...FORMS[form], `--output=${file}`, ...trees]);
  return (await stat(file)).size;
}

async function withTrees<Result>(range: DiffRange, use: (trees: Trees) => Promise<Result>): Promise<Result> {
  const { folder, from, to, first } = range;
  const git = gitOfCheckpoints(folder);
  const scratch = await mkdtemp(join(folder, 'diff-'));
  try {
    const treeOf = (checkpoint: CheckpointRecord): Promise<string> => commitableTree({ git, folder, scratch, range }, checkpoint);
    const before = from !== undefined && 'isCommitted' in from ? from.tree : await treeOf(from ?? first);
    return await use([before, await treeOf(to)]);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** ` 2 files changed, 3 insertions(+), 1 deletion(-)`, of which git leaves out what is 0. */
function readShortStat(words: string): DiffStat {
  const count = (what: string): number => Number(new RegExp(String.raw`(\d+) ${what}`).exec(words)?.[1] ?? 0);
  return { files: count('file'), insertions: count('insertion'), deletions: count('deletion') };
}

interface Converting {
  readonly git: Git;
  readonly folder: string;
  readonly scratch: string;
  readonly range: DiffRange;
}

interface Change {
  readonly mode: string;
  readonly object: string;
  readonly path: BytePath;
}

const GONE = '000000';

/** The tree that `git add` would make of a checkpoint's files: the one that the task began with, and upon it what changed since. */
async function commitableTree({ git, folder, scratch, range }: Converting, checkpoint: CheckpointRecord): Promise<string> {
  const { baseTree, first } = range;
  const changes = await listChanges(git, range, checkpoint);
  if (checkpoint.tree === first.tree || changes.length === 0) return baseTree;
  const environment = { GIT_INDEX_FILE: join(scratch, 'index') };
  await git(['read-tree', baseTree], { environment });
  const attributes = await listAttributes(git, checkpoint.tree);
  const isPlain = attributes.length === 0;
  const taken = isPlain ? changes : changes.filter(({ mode }) => mode === GONE);
  const lines = taken.map(({ mode, object, path }) => `${mode === GONE ? '0' : mode} ${object}\t${path}`);
  await git(['update-index', '--replace', '-z', '--index-info'], { environment, input: joinList(lines) });
  if (!isPlain)
    await convert(
      { folder, scratch, git },
      changes.filter(({ mode }) => mode !== GONE),
      attributes,
    );
  return (await git(['write-tree'], { environment })).trim();
}

/** `:oldmode mode old new status`, then the path. */
async function listChanges(git: Git, { first, baseTree }: DiffRange, { tree }: CheckpointRecord): Promise<readonly Change[]> {
  const entries = splitList(await git(['diff-tree', '-r', '-z', '--no-renames', first.tree, tree]));
  const submodules = await listSubmodules(git, baseTree);
  return entries.flatMap((entry, index) => {
    if (index % 2 === 1) return [];
    const [, mode = '', , object = ''] = entry.split(' ');
    const path = entries[index + 1] ?? '';
    return submodules.some((folder) => path === folder || path.startsWith(`${folder}/`)) ? [] : [{ mode, object, path }];
  });
}

async function listSubmodules(git: Git, tree: string): Promise<readonly BytePath[]> {
  const entries = splitList(await git(['ls-tree', '-r', '-z', tree]));
  return entries.filter((entry) => entry.startsWith('160000 ')).map((entry) => entry.slice(entry.indexOf('\t') + 1));
}

async function listAttributes(git: Git, tree: string): Promise<readonly Change[]> {
  const entries = splitList(await git(['ls-tree', '-r', '-z', tree])).map((entry): Change => {
    const [mode = '', , object = ''] = entry.slice(0, entry.indexOf('\t')).split(' ');
    return { mode, object, path: entry.slice(entry.indexOf('\t') + 1) };
  });
  return entries.filter(({ path }) => isAttributesFile(path));
}

/** Writes the changed files byte for byte, and has a git that knows nothing but their `.gitattributes` add them. */
async function convert(
  { git, folder, scratch }: Pick<Converting, 'git' | 'folder' | 'scratch'>,
  changed: readonly Change[],
  attributes: readonly Change[],
): Promise<void> {
  if (changed.length === 0) return;
  const tree = join(scratch, 'tree');
  await mkdir(tree);
  const exact = { GIT_INDEX_FILE: join(scratch, 'exact-index'), GIT_WORK_TREE: tree };
  const lines = [...attributes, ...changed].map(({ mode, object, path }) => `${mode} ${object}\t${path}`);
  await git(['update-index', '-z', '--index-info'], { environment: exact, input: joinList(lines) });
  await git(['checkout-index', '--all', '--force', '--quiet'], { environment: exact });
  const plain = join(scratch, 'git');
  await Promise.all(['objects', 'refs'].map((name) => mkdir(join(plain, name), { recursive: true })));
  await writeFile(join(plain, 'HEAD'), 'ref: refs/heads/main\n');
  await copyFile(join(folder, 'config'), join(plain, 'config'));
  await gitInWorkspace({
    directory: plain,
    args: ['-c', 'core.autocrlf=false', '-c', 'core.protectNTFS=false', 'update-index', '-z', '--add', '--replace', '--stdin'],
    environment: {
      GIT_DIR: plain,
      GIT_WORK_TREE: tree,
      GIT_OBJECT_DIRECTORY: join(folder, 'objects'),
      GIT_INDEX_FILE: join(scratch, 'index'),
    },
    input: joinList(changed.map(({ path }) => path)),
  });
}
