/** Writes the files of a checkpoint into a folder, byte for byte, by a git that nobody's configuration has a say in. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { EXACT_ATTRIBUTES } from '../../workflows/domain/checkpoint.ts';
import type { CheckpointSummary } from '../../workflows/domain/workspace-report.ts';
import { runGit } from './git.ts';
import { UsageError } from './usage-error.ts';

export interface CheckpointFiles {
  readonly checkpoint: Pick<CheckpointSummary, 'tree' | 'emptyFolders'>;
  /** A pack of git objects that has the tree and all below it. */
  readonly pack: Uint8Array;
}

const ALONE = { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', GIT_ATTR_NOSYSTEM: '1' };

/** @throws UsageError when something is there already */
export async function assertNewFolder(directory: string): Promise<void> {
  try {
    if ((await readdir(resolve(directory))).length === 0) return;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return;
    if (code === 'ENOTDIR') throw new UsageError(`${resolve(directory)} is a file: name a new folder`, { cause: error });
    throw error;
  }
  throw new UsageError(`${resolve(directory)} is not empty: name a new folder`);
}

/** Gives the folder's absolute path. Paths and links of the tree lead nowhere else: git refuses to write through a link. */
export async function writeTree(directory: string, { checkpoint, pack }: CheckpointFiles): Promise<string> {
  const folder = resolve(directory);
  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(join(tmpdir(), 'anyport-restore-'));
  try {
    const repository = join(scratch, 'git');
    const environment = { ...ALONE, GIT_DIR: repository, GIT_WORK_TREE: folder };
    const git = (args: readonly string[], input: string | Uint8Array = ''): Promise<void> =>
      run(scratch, args, { input, environment });
    const format = checkpoint.tree.length === 64 ? 'sha256' : 'sha1';
    await run(scratch, ['init', '--bare', '--quiet', '--template=', `--object-format=${format}`, repository], {
      environment: ALONE,
    });
    await mkdir(join(repository, 'info'), { recursive: true });
    await writeFile(join(repository, 'info', 'attributes'), EXACT_ATTRIBUTES);
    await git(['index-pack', '--stdin', '--strict'], pack);
    await git(['-c', 'core.protectNTFS=false', 'read-tree', checkpoint.tree]);
    await git(['-c', 'core.protectNTFS=false', '-c', 'core.bare=false', 'checkout-index', '--all', '--quiet']);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  for (const path of checkpoint.emptyFolders) await mkdir(placeOf(folder, path), { recursive: true });
  return folder;
}

/** One character of the path is one byte. The worker's words: what leads out of the folder is no path of a tree. */
function placeOf(folder: string, path: string): Buffer {
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..'))
    throw new Error(`"${path}" is no path in a tree`);
  return Buffer.concat([Buffer.from(join(folder, '/')), Buffer.from(path, 'latin1')]);
}

async function run(directory: string, args: readonly string[], given: Parameters<typeof runGit>[2]): Promise<void> {
  const { code, problem } = await runGit(directory, args, given);
  if (code !== 0) throw new Error(`git could not write the files: ${problem}`);
}
