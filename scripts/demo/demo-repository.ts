/** The repository that the demo's task mends: copied out, put under git, and tested before and after. */
import { execFile, spawnSync } from 'node:child_process';
import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TEMPLATE = fileURLToPath(new URL('repository/', import.meta.url));
/** The demo must not depend on who runs it, nor write into their git configuration. */
const GIT_ENVIRONMENT = {
  ...process.env,
  GIT_AUTHOR_NAME: 'demo',
  GIT_AUTHOR_EMAIL: 'demo@localhost',
  GIT_COMMITTER_NAME: 'demo',
  GIT_COMMITTER_EMAIL: 'demo@localhost',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
};

/** A fresh clone of the demo's repository under git; gives its path. */
export async function layOutRepository(): Promise<string> {
  const directory = join(await mkdtemp(join(tmpdir(), 'anyport-demo-')), 'tide-times');
  await cp(TEMPLATE, directory, { recursive: true });
  const git = (...args: readonly string[]) => run('git', args, { cwd: directory, env: GIT_ENVIRONMENT });
  await git('init', '--quiet', '--initial-branch', 'main');
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'Read and write durations');
  return directory;
}

export interface TestRun {
  readonly verdict: 'passed' | 'failed';
  /** `1 of 4 tests pass`. */
  readonly summary: string;
}

/** Runs the repository's own tests, as a person would. */
export function runTests(directory: string): TestRun {
  const { status, stdout } = spawnSync(process.execPath, ['--test', '--test-reporter=tap'], {
    cwd: directory,
    encoding: 'utf8',
    // Within another test run Node would report to that one instead of printing.
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  const count = (name: string): string => new RegExp(`^# ${name} (\\d+)$`, 'm').exec(stdout)?.[1] ?? '?';
  return { verdict: status === 0 ? 'passed' : 'failed', summary: `${count('pass')} of ${count('tests')} tests pass` };
}

/** Takes the task's diff over, as `--apply` does. */
export async function applyDiff(directory: string, diff: string): Promise<void> {
  const child = run('git', ['apply', '--whitespace=nowarn', '-'], { cwd: directory, env: GIT_ENVIRONMENT });
  child.child.stdin?.end(diff);
  await child;
}
