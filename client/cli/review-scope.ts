/** What there is to review: a diff of the person's repository, made without writing to it, and how a model gets at it again. */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ChangedLines } from './changed-lines.ts';
import { readChangedLines } from './changed-lines.ts';
import { runGit } from './git.ts';
import { UsageError } from './usage-error.ts';

export type ReviewTarget =
  /** Since the merge base with this, uncommitted changes included; `undefined`: with where the branch comes from. */
  | { readonly kind: 'base'; readonly base: string | undefined }
  | { readonly kind: 'commit'; readonly commit: string }
  | { readonly kind: 'uncommitted' };

export interface ReviewScope {
  /** What it is, as `the changes since …`. */
  readonly subject: string;
  /** Shows the diff in the task's workspace. */
  readonly command: string;
  /** Shows a file as it was reviewed, when that is not how it is in the workspace. */
  readonly fileCommand?: string;
  readonly diff: string;
  readonly changed: ChangedLines;
}

const UNCOMMITTED = 'the uncommitted changes';

/** @throws UsageError when there is no such commit, or nothing to review */
export async function findReviewScope(repository: string, target: ReviewTarget): Promise<ReviewScope> {
  switch (target.kind) {
    case 'commit':
      return scopeOfCommit(repository, target.commit);
    case 'uncommitted':
      return scopeOfTree(repository, { from: 'HEAD', subject: UNCOMMITTED });
    case 'base':
      return scopeSinceBase(repository, target.base);
  }
}

async function scopeSinceBase(repository: string, asked: string | undefined): Promise<ReviewScope> {
  const base = asked ?? (await findBase(repository));
  if (base === undefined) {
    if (await hasChanges(repository)) return scopeOfTree(repository, { from: 'HEAD', subject: UNCOMMITTED });
    throw new UsageError(
      `nothing says what to compare ${repository} with, as no branch is its default or upstream: name it by --base, or a commit by --commit`,
    );
  }
  await resolveCommit(repository, base);
  const common = await runGit(repository, ['merge-base', base, 'HEAD']);
  if (common.code !== 0) throw new UsageError(`${base} and HEAD of ${repository} have no common commit: name another --base`);
  const from = common.output.trim();
  return scopeOfTree(repository, { from, subject: `the changes since HEAD parted from ${base} at ${shortOf(from)}` });
}

/** The branch that this one was made from: its upstream when that is another branch, else the default one. */
async function findBase(repository: string): Promise<string | undefined> {
  const own = await ask(repository, ['symbolic-ref', '--quiet', '--short', 'HEAD']);
  const upstream = await ask(repository, ['rev-parse', '--abbrev-ref', '--symbolic-full-name', '@{upstream}']);
  if (upstream !== undefined && own !== undefined && upstream !== own && !upstream.endsWith(`/${own}`)) return upstream;
  const byRemote = await ask(repository, ['symbolic-ref', '--quiet', '--short', 'refs/remotes/origin/HEAD']);
  const usual = [byRemote, 'origin/main', 'origin/master', upstream, 'main', 'master'];
  for (const branch of usual) {
    if (
      branch !== undefined &&
      branch !== own &&
      (await ask(repository, ['rev-parse', '--verify', '--quiet', `${branch}^{commit}`]))
    )
      return branch;
  }
  return undefined;
}

async function scopeOfCommit(repository: string, asked: string): Promise<ReviewScope> {
  const commit = await resolveCommit(repository, asked);
  const parent = await ask(repository, ['rev-parse', '--verify', '--quiet', `${commit}^1`]);
  const from = parent ?? (await runGit(repository, ['hash-object', '-t', 'tree', '--stdin'])).output.trim();
  const { diff, names } = await readDiff(repository, { from, to: commit });
  if (names.length === 0) throw new UsageError(`nothing to review: the commit ${asked} changes no file`);
  const head = await ask(repository, ['rev-parse', 'HEAD']);
  const isThere = head === commit && !(await hasChanges(repository));
  return {
    subject: `the commit ${shortOf(commit)}`,
    command: parent === undefined ? `git show ${commit}` : `git diff ${parent} ${commit}`,
    ...(isThere ? {} : { fileCommand: `git show ${commit}:<path>` }),
    diff,
    changed: readChangedLines(diff, names),
  };
}

/** The files as they are, untracked ones too, as a task's workspace takes them along. */
async function scopeOfTree(repository: string, { from, subject }: { from: string; subject: string }): Promise<ReviewScope> {
  const isDirty = await hasChanges(repository);
  const { diff, names } = isDirty
    ? await withWorkingTree(repository, (to, environment) => readDiff(repository, { from, to, environment }))
    : await readDiff(repository, { from, to: 'HEAD' });
  if (names.length === 0) throw new UsageError(`nothing to review in ${repository}: ${subject} touch no file`);
  const withUncommitted = isDirty && from !== 'HEAD' ? `${subject}, with what is not committed yet` : subject;
  return { subject: withUncommitted, command: `git diff ${from}`, diff, changed: readChangedLines(diff, names) };
}

type GitEnvironment = Readonly<Record<string, string>>;

/** What is made of it for git is in a folder of its own: the person's index and objects stay as they are. */
async function withWorkingTree<Result>(
  repository: string,
  work: (tree: string, environment: GitEnvironment) => Promise<Result>,
): Promise<Result> {
  const scratch = await mkdtemp(join(tmpdir(), 'anyport-review-'));
  try {
    const [objects, gitDirectory] = await Promise.all([
      mustAsk(repository, ['rev-parse', '--git-path', 'objects']),
      mustAsk(repository, ['rev-parse', '--git-dir']),
    ]);
    const environment = {
      GIT_INDEX_FILE: join(scratch, 'index'),
      GIT_OBJECT_DIRECTORY: join(scratch, 'objects'),
      GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(resolve(repository, objects)),
    };
    await mkdir(environment.GIT_OBJECT_DIRECTORY);
    // With the index git need not read the files that did not change.
    const index = join(resolve(repository, gitDirectory), 'index');
    if (existsSync(index)) await copyFile(index, environment.GIT_INDEX_FILE);
    await mustAsk(repository, ['add', '--all'], environment);
    return await work(await mustAsk(repository, ['write-tree'], environment), environment);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Diff {
  readonly diff: string;
  readonly names: readonly string[];
}

/** Whatever the person configured for themselves, it reads like any other diff. */
const PLAIN = ['--no-color', '--no-ext-diff', '--no-textconv', '--ignore-submodules=all', '--find-renames', '--unified=3'];

async function readDiff(
  repository: string,
  { from, to, environment = {} }: { readonly from: string; readonly to: string; readonly environment?: GitEnvironment },
): Promise<Diff> {
  const read = async (...form: readonly string[]): Promise<string> => {
    const args = ['-c', 'core.quotePath=false', 'diff', ...PLAIN, '--src-prefix=a/', '--dst-prefix=b/', ...form, from, to, '--'];
    const outcome = await runGit(repository, args, { environment });
    if (outcome.code === 0) return outcome.output;
    throw new UsageError(`git cannot compare ${from} with ${to} in ${repository}: ${outcome.problem}`);
  };
  const [diff, names] = await Promise.all([read('--patch'), read('--name-only', '-z')]);
  return { diff, names: names.split('\0').filter((name) => name !== '') };
}

async function hasChanges(repository: string): Promise<boolean> {
  return (await mustAsk(repository, ['status', '--porcelain', '--untracked-files=normal', '--ignore-submodules=all'])) !== '';
}

async function resolveCommit(repository: string, name: string): Promise<string> {
  const commit = name.startsWith('-')
    ? undefined
    : await ask(repository, ['rev-parse', '--verify', '--quiet', `${name}^{commit}`]);
  if (commit !== undefined) return commit;
  throw new UsageError(`there is no commit "${name}" in ${repository}: name a branch, a tag or a commit that "git log" knows`);
}

/** What git answers; `undefined` when it has no answer. */
async function ask(repository: string, args: readonly string[]): Promise<string | undefined> {
  const { code, output } = await runGit(repository, args);
  return code === 0 && output.trim() !== '' ? output.trim() : undefined;
}

async function mustAsk(repository: string, args: readonly string[], environment: GitEnvironment = {}): Promise<string> {
  const { code, output, problem } = await runGit(repository, args, { environment });
  if (code === 0) return output.trim();
  throw new UsageError(`git ${args[0] ?? ''} fails in ${repository}: ${problem}`);
}

/** The variable is a list parted by colons; git reads an entry in C quotes as one path. */
function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

function shortOf(commit: string): string {
  return commit.slice(0, 12);
}
