import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import { closeWorkspace } from '../../activities/workspace/close-workspace.ts';
import type { Workspace } from '../../activities/workspace/open-workspace.ts';
import { openWorkspace } from '../../activities/workspace/open-workspace.ts';
import { createWorkspaceKeeper } from '../../activities/workspace/workspace-keeper.ts';
import { writeDiff } from '../../activities/workspace/write-diff.ts';
import type { Files } from '../tools/tool-scene.ts';
import { readFiles, scratchFolder, writeFiles } from '../tools/tool-scene.ts';
import { LIMITS, TASK } from './keeper-scene.ts';

function git(directory: string, ...args: string[]): string {
  return execFileSync('git', ['-c', 'safe.directory=*', '-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], {
    cwd: directory,
    encoding: 'utf8',
  });
}

function aRepository(files: Files = { 'a.txt': 'one\r\ntwo\n', 'src/b.txt': 'b\n', '.gitignore': 'out/\n' }): string {
  const root = join(scratchFolder(), 'my repository');
  mkdirSync(root);
  git(root, 'init', '--quiet');
  writeFiles(root, files);
  symlinkSync('a.txt', join(root, 'link'));
  git(root, 'add', '--all');
  git(root, 'commit', '--quiet', '-m', 'first');
  return root;
}

/** Of the state now, as a task's end takes it. */
async function collectDiff(workspace: Workspace): Promise<string> {
  const folder = scratchFolder();
  const store = await openSqliteTaskStore(join(folder, 'a.db'));
  onTestFinished(() => store.close());
  const record = { ...workspace, hostId: 'h', repository: '/nowhere', sandbox: 'none' } as const;
  await store.putWorkspace(TASK, record);
  const keeper = createWorkspaceKeeper({ store, hostId: 'h', dataDirectory: folder, limits: LIMITS });
  const first = await keeper.begin(TASK, record);
  const to = (await keeper.close(TASK, record)) ?? first;
  const file = join(folder, 'result.diff');
  await writeDiff({ folder: join(workspace.directory, '../checkpoints'), baseTree: workspace.baseTree, first, to }, file);
  return readFileSync(file, 'utf8');
}

function open(repository: string, includeUncommitted = false, directory = join(scratchFolder(), 'task')): Promise<Workspace> {
  return openWorkspace({ repository, includeUncommitted, directory });
}

test('opens a copy and leaves the repository untouched', async () => {
  const root = aRepository();
  const before = readFiles(root);

  const workspace = await open(join(root, 'src'));

  expect(readFiles(root)).toEqual(before);
  expect(readFiles(workspace.directory)).toMatchObject({ 'a.txt': 'one\r\ntwo\n', 'src/b.txt': 'b\n' });
  expect(lstatSync(join(workspace.directory, 'link')).isSymbolicLink()).toBe(true);
  expect(workspace.baseCommit).toBe(git(root, 'rev-parse', 'HEAD').trim());
  expect(git(workspace.directory, 'status', '--short')).toBe('');
});

test('gives the same workspace again, with the changes in it, and makes a half-made one anew', async () => {
  const [root, directory] = [aRepository(), join(scratchFolder(), 'task')];
  const first = await open(root, false, directory);
  writeFiles(first.directory, { 'new.txt': 'new\n' });

  expect(await open(root, false, directory)).toEqual(first);
  expect(existsSync(join(first.directory, 'new.txt'))).toBe(true);

  rmSync(join(directory, 'git', 'anyport-workspace.json'));
  expect(await open(root, false, directory)).toEqual(first);
  expect(existsSync(join(first.directory, 'new.txt'))).toBe(false);
});

test('the diff has every change but ignored files, and applies to the repository', async () => {
  const root = aRepository();
  const workspace = await open(root);
  writeFiles(workspace.directory, { 'a.txt': 'one\r\n2\n', 'new file.txt': 'n\n', 'out/x': 'x\n', 'image.bin': '\0\u0001' });
  rmSync(join(workspace.directory, 'src/b.txt'));
  chmodSync(join(workspace.directory, 'new file.txt'), 0o755);
  mkdirSync(join(workspace.directory, 'nested'));
  git(join(workspace.directory, 'nested'), 'init', '--quiet');

  const diff = await collectDiff(workspace);

  execFileSync('git', ['apply', '-'], { cwd: root, input: diff });
  expect(readFiles(root)).toMatchObject({ 'a.txt': 'one\r\n2\n', 'new file.txt': 'n\n', 'image.bin': '\0\u0001' });
  expect(diff).not.toContain('out/x');
  expect(existsSync(join(root, 'src/b.txt'))).toBe(false);
});

test('refuses uncommitted changes, or takes them along', async () => {
  const root = aRepository();
  writeFiles(root, {
    'a.txt': 'changed\n',
    ...Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`new-${index}.txt`, 'x\n'])),
  });
  const before = readFiles(root);

  const refusal = open(root);

  await expect(refusal).rejects.toMatchObject({ code: 'uncommitted-changes' });
  await expect(refusal).rejects.toThrow(/a\.txt.* and 3 more; commit or stash them, or .*--include-uncommitted/);
  const workspace = await open(root, true);
  expect(readFiles(workspace.directory)).toMatchObject({ 'a.txt': 'changed\n', 'new-11.txt': 'x\n' });
  expect(await collectDiff(workspace)).toBe('');
  expect(readFiles(root)).toEqual(before);
});

test('says what is wrong with the repository', async () => {
  const folder = scratchFolder();
  mkdirSync(join(folder, 'plain'));
  git(folder, 'init', '--quiet', '--bare', 'bare');
  git(folder, 'init', '--quiet', 'empty');

  await expect(open(join(folder, 'none'))).rejects.toMatchObject({ code: 'not-found' });
  await expect(open(join(folder, 'plain'))).rejects.toMatchObject({ code: 'not-a-repository' });
  await expect(open(join(folder, 'bare'))).rejects.toMatchObject({ code: 'bare-repository' });
  await expect(open(join(folder, 'empty'))).rejects.toMatchObject({ code: 'no-commit' });
});

test('runs neither hooks nor filters', async () => {
  const root = aRepository({ 'a.txt': 'a\n', '.gitattributes': '*.txt filter=mark\n' });
  const marker = join(scratchFolder(), 'ran');
  git(root, 'config', 'filter.mark.smudge', `touch "${marker}"; cat`);
  writeFiles(root, { '.git/hooks/post-checkout': `#!/bin/sh\ntouch "${marker}"\n` });
  chmodSync(join(root, '.git/hooks/post-checkout'), 0o755);

  await open(root);

  expect(existsSync(marker)).toBe(false);
});

test('closing removes the files and keeps a diff that lies beside them', async () => {
  const [root, directory] = [aRepository(), join(scratchFolder(), 'task')];
  await open(root, false, directory);
  writeFiles(directory, { 'result.diff': 'x' });

  await closeWorkspace(directory);
  await closeWorkspace(directory);

  expect(readFiles(directory)).toEqual({ 'result.diff': 'x' });
});
