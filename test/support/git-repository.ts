import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A git repository with these files, committed; gives its path. */
export function layOutGitRepository(directory: string, files: Readonly<Record<string, string>>): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  git(directory, 'init', '--quiet', '--initial-branch', 'main');
  git(directory, 'add', '--all');
  git(directory, 'commit', '--quiet', '--message', 'Begin');
  return directory;
}

// A workspace's files belong to its commands, who may be another user than the one who tests.
const SETTINGS = ['user.name=test', 'user.email=test@localhost', 'safe.directory=*'].flatMap((setting) => ['-c', setting]);

/** Runs git there, with nobody's configuration but its own; gives what it printed. */
export function git(directory: string, ...args: readonly string[]): string {
  return execFileSync('git', [...SETTINGS, ...args], {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
  });
}
