/** What a task changed, as a patch that `git apply` takes: untracked files too, ignored ones not. */
import { stat } from 'node:fs/promises';
import { taskGit } from './task-git.ts';

const DIFF = [
  'diff',
  '--binary',
  '--full-index',
  '--no-color',
  '--no-ext-diff',
  '--no-textconv',
  '--no-renames',
  '--ignore-submodules=all',
];
/** The paths of our diff keep these whatever is configured. */
const PREFIXES = ['--src-prefix=a/', '--dst-prefix=b/'];

/** Has git write the diff to a file, so that one of any size takes none of the worker's memory; gives its bytes. @throws WorkspaceError */
export async function writeDiff(
  directory: string,
  { from, to, file }: { from: string; to: string; file: string },
): Promise<number> {
  await taskGit(directory).run(...DIFF, ...PREFIXES, `--output=${file}`, from, to);
  return (await stat(file)).size;
}
