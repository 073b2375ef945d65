import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { closeWorkspace } from '../../activities/workspace/close-workspace.ts';
import { createWorkspaceKeeper } from '../../activities/workspace/workspace-keeper.ts';
import { toText } from '../../activities/workspace/byte-path.ts';
import { git } from '../support/git-repository.ts';
import { aScene, LIMITS, listing, put, step, TASK } from './keeper-scene.ts';

/** On all systems that have one. */
const NOBODY = 65_534;

describe('a checkpoint', () => {
  test('is taken after a step that changed something, and after no other', async () => {
    const scene = await aScene();
    const host = scene.host('first');
    const workspace = await scene.open(host);

    expect(await host.keeper.checkpoint(TASK, workspace, step(1))).toBeUndefined();
    put(workspace.directory, { 'a.txt': 'two\n', 'new file.txt': 'new\n' });
    const taken = await host.keeper.checkpoint(TASK, workspace, step(2));
    expect(await host.keeper.checkpoint(TASK, workspace, step(3))).toBeUndefined();

    expect(taken).toMatchObject({ sequence: 1, turn: 2, callId: 'call', changedFiles: 2, leftOut: [], emptyFolders: [] });
    expect((await scene.store.listCheckpoints(TASK)).map(({ sequence }) => sequence)).toEqual([0, 1]);
    expect(taken?.pack.bytes).toBeLessThan(1_000);
  });

  test('is the same when it is asked for again, also by another process that knows nothing of the first time', async () => {
    const scene = await aScene();
    const host = scene.host('first');
    const workspace = await scene.open(host);
    put(workspace.directory, { 'a.txt': 'two\n' });
    const first = await host.keeper.checkpoint(TASK, workspace, step(1));

    const again = await scene.host('first').keeper.checkpoint(TASK, workspace, step(1));

    expect(again).toEqual(first);
  });

  test('has the same commit when the store forgot it: it is made of the files, the step and the checkpoint before', async () => {
    const [one, other] = [await aScene(), await aScene()];
    const commits: unknown[] = [];
    for (const scene of [one, other]) {
      const host = scene.host('first');
      const workspace = await scene.open(host);
      put(workspace.directory, { 'a.txt': 'two\n' });
      mkdirSync(join(workspace.directory, 'empty'));
      commits.push((await host.keeper.checkpoint(TASK, workspace, step(1)))?.commit);
    }

    expect(commits[0]).toMatch(/^[0-9a-f]{40}$/);
    expect(commits[0]).toBe(commits[1]);
  });

  test('touches neither the repository nor what git says in the tree', async () => {
    const scene = await aScene();
    const host = scene.host('first');
    const workspace = await scene.open(host);
    put(workspace.directory, { 'a.txt': 'two\n', 'new.txt': 'n\n' });
    git(workspace.directory, 'add', 'new.txt');
    const state = (): string[] => [
      git(workspace.directory, 'status', '--short'),
      git(workspace.directory, 'rev-parse', 'HEAD'),
      git(workspace.directory, 'for-each-ref'),
      listing(join(scene.repository, '.git')).join('\n'),
    ];
    const before = state();

    await host.keeper.checkpoint(TASK, workspace, step(1));

    expect(state()).toEqual(before);
    expect(before[0]).toBe(' M a.txt\nA  new.txt\n');
    expect(before[2]).not.toContain('anyport');
  });

  test('begins with uncommitted changes that were taken along, which are no part of the diff', async () => {
    const scene = await aScene();
    put(scene.repository, { 'a.txt': 'mine\n', 'mine.txt': 'mine\n' });
    const host = scene.host('first');
    const workspace = await scene.open(host, { includeUncommitted: true });
    put(workspace.directory, { 'b.txt': 'task\n' });
    await host.keeper.checkpoint(TASK, workspace, step(1));

    const diff = await scene.diff(host);

    expect(diff).toContain('+task');
    expect(diff).not.toContain('mine');
    expect((await host.keeper.restore(TASK, workspace, 0))?.tree).toBe((await scene.store.listCheckpoints(TASK))[0]?.tree);
    expect(readFileSync(join(workspace.directory, 'a.txt'), 'utf8')).toBe('mine\n');
  });

  test('leaves out a file that is too large, says so, and takes it in when it is small again', async () => {
    const scene = await aScene();
    const host = scene.host('first');
    const workspace = await scene.open(host);
    put(workspace.directory, { 'huge.bin': Buffer.alloc(LIMITS.maxFileBytes + 1), 'a.txt': 'x'.repeat(LIMITS.maxFileBytes + 1) });

    const without = await host.keeper.checkpoint(TASK, workspace, step(1));
    put(workspace.directory, { 'huge.bin': 'small' });
    const taken = await host.keeper.checkpoint(TASK, workspace, step(2));

    const bytes = LIMITS.maxFileBytes + 1;
    expect(without?.leftOut).toEqual([
      { path: 'a.txt', bytes, reason: 'too-large' },
      { path: 'huge.bin', bytes, reason: 'too-large' },
    ]);
    expect(taken?.leftOut.map(({ path }) => path)).toEqual(['a.txt']);
    await host.keeper.restore(TASK, workspace);
    expect(readFileSync(join(workspace.directory, 'a.txt'))).toHaveLength(bytes);
  });

  test('leaves out the largest files of a step that adds more than a checkpoint may', async () => {
    const scene = await aScene();
    const host = scene.host('first', { maxCheckpointBytes: 100_000 });
    const workspace = await scene.open(host);
    put(workspace.directory, { 'l.bin': Buffer.alloc(60_000), 'm.bin': Buffer.alloc(50_000), 's.bin': Buffer.alloc(40_000) });

    const taken = await host.keeper.checkpoint(TASK, workspace, step(1));

    expect(taken?.leftOut.map(({ path }) => path)).toEqual(['l.bin']);
    expect(taken?.changedFiles).toBe(2);
  });

  test('is refused when another host has the workspace by now', async () => {
    const scene = await aScene();
    const [lost, heir] = [scene.host('lost'), scene.host('heir')];
    const workspace = await scene.open(lost);
    await heir.keeper.moveHere(TASK, workspace);
    put(workspace.directory, { 'a.txt': 'zombie\n' });

    await expect(lost.keeper.checkpoint(TASK, workspace, step(9))).rejects.toMatchObject({ code: 'moved' });
    expect(await scene.store.listCheckpoints(TASK)).toHaveLength(1);
  });

  test('is taken of side by side steps one after the other', async () => {
    const scene = await aScene();
    const host = scene.host('first');
    const workspace = await scene.open(host);
    const names = Array.from({ length: 6 }, (_, index) => `call-${index}`);

    await Promise.all(
      names.map(async (callId) => {
        put(workspace.directory, { [`${callId}.txt`]: callId });
        await host.keeper.checkpoint(TASK, workspace, step(1, callId));
      }),
    );

    const checkpoints = await scene.store.listCheckpoints(TASK);
    expect(checkpoints.map(({ sequence }) => sequence)).toEqual(checkpoints.map((_, index) => index));
    rmSync(join(workspace.directory, 'call-0.txt'));
    await host.keeper.restore(TASK, workspace);
    expect(names.every((name) => existsSync(join(workspace.directory, `${name}.txt`)))).toBe(true);
  });
});

describe('a restore', () => {
  test('brings back every file of a strange tree, byte for byte', async () => {
    const scene = await aScene({
      'a.txt': 'a\r\nb\n',
      '.gitattributes': '* text=auto\n*.bat eol=crlf\n*.id ident\n',
      'run.bat': 'x\n',
      'k.id': '$Id$\n',
      '.gitignore': '*.log\n',
    });
    const host = scene.host('first');
    const workspace = await scene.open(host);
    makeStrange(workspace.directory);
    await host.keeper.checkpoint(TASK, workspace, step(1));
    const before = listing(workspace.directory).filter((line) => !isSpecial(line));

    sh(workspace.directory, 'rm -rf ./* .[!.]*');
    put(workspace.directory, { 'other/x': 'x', 'a.txt/is a folder': 'x' });
    await host.keeper.restore(TASK, workspace);

    expect(listing(workspace.directory)).toEqual(before);
    expect(git(workspace.directory, 'rev-parse', 'HEAD').trim()).toBe(workspace.baseCommit);
  });

  test.each<readonly [what: string, damage: (tree: string) => void]>([
    ['rm -rf . with the .git file', (tree) => sh(tree, 'rm -rf ./* .[!.]*')],
    ['git clean -fdx', (tree) => sh(tree, 'git clean -ffdxq')],
    ['git reset', (tree) => sh(tree, 'git reset --hard --quiet')],
    ['git gc', (tree) => sh(tree, 'git gc --quiet --prune=now')],
    ['a .git of its own', (tree) => sh(tree, 'rm .git && git init --quiet && git add --all')],
    ['a commit on a branch of its own', (tree) => sh(tree, 'git checkout -q -b mine && git commit -qam mine')],
    ['the loss of its git folder', (tree) => sh(tree, 'rm -r ../git')],
    ['the loss of its checkpoints', (tree) => sh(tree, 'rm -r ../checkpoints')],
    ['the loss of everything', (tree) => sh(tree, 'rm -r ../tree ../git ../checkpoints')],
    ['a lock that a killed git left', (tree) => sh(tree, ': > ../checkpoints/index.lock')],
    ['an index that is broken', (tree) => sh(tree, 'echo "DIRC broken" > ../checkpoints/index')],
    ['a tree that is a link', (tree) => sh(tree, 'mv ../tree ../moved && ln -s /nonexistent ../tree')],
    ['files in place of folders, and folders and links in place of files', swapKinds],
    [
      'pipes and read-only folders',
      (tree) => sh(tree, 'mkfifo pipe src/pipe && mkdir locked && : > locked/x && chmod 500 locked'),
    ],
  ])('survives %s', async (_what, damage) => {
    const scene = await aScene();
    const host = scene.host('first');
    const workspace = await scene.open(host);
    put(workspace.directory, { 'a.txt': 'two\n', 'new/x.txt': 'x\n' });
    mkdirSync(join(workspace.directory, 'empty/inner'), { recursive: true });
    const taken = await host.keeper.checkpoint(TASK, workspace, step(1));
    const before = listing(workspace.directory);

    damage(workspace.directory);
    const restored = await host.keeper.restore(TASK, workspace);

    expect(restored).toEqual(taken);
    expect(listing(workspace.directory)).toEqual(before);
    expect(git(workspace.directory, 'rev-parse', '--git-dir').trim()).toBe(join(workspace.directory, '../git'));
    put(workspace.directory, { 'a.txt': 'three\n' });
    expect(await host.keeper.checkpoint(TASK, workspace, step(2))).toMatchObject({ sequence: 2, changedFiles: 1 });
  });

  test('as an ordinary user survives folders and files that its owner may not read or write', async () => {
    asOrdinaryUser();
    const scene = await aScene();
    const host = scene.host('first');
    const workspace = await scene.open(host);
    put(workspace.directory, { secret: 's', 'closed/x': 'x', 'src/b.txt': 'b\n' });
    chmodSync(join(workspace.directory, 'secret'), 0);
    chmodSync(join(workspace.directory, 'closed'), 0);

    const taken = await host.keeper.checkpoint(TASK, workspace, step(1));
    put(workspace.directory, { 'src/b.txt': 'changed', 'new/locked/x': 'x' });
    for (const name of ['src', 'new/locked']) chmodSync(join(workspace.directory, name), 0o500);
    await host.keeper.restore(TASK, workspace);

    expect(taken?.leftOut.map(({ path, reason }) => `${path} ${reason}`)).toEqual(['secret unreadable', 'closed unreadable']);
    expect(readFileSync(join(workspace.directory, 'src/b.txt'), 'utf8')).toBe('b\n');
    expect(['secret', 'closed', 'new'].map((name) => existsSync(join(workspace.directory, name)))).toEqual([true, true, false]);
    await closeWorkspace(join(workspace.directory, '..'));
    expect(existsSync(workspace.directory)).toBe(false);
  });

  test('leaves ignored files alone, and what a checkpoint left out', async () => {
    const scene = await aScene();
    const host = scene.host('first');
    const workspace = await scene.open(host);
    put(workspace.directory, { 'out/build.js': 'b', 'src/x.log': 'log', 'src/huge.bin': Buffer.alloc(LIMITS.maxFileBytes + 1) });
    await host.keeper.checkpoint(TASK, workspace, step(1));
    put(workspace.directory, { 'src/stray.txt': 's', 'src/other.log': 'log' });

    await host.keeper.restore(TASK, workspace);

    const kept = ['out/build.js', 'src/x.log', 'src/other.log', 'src/huge.bin', 'src/stray.txt'];
    expect(kept.map((name) => existsSync(join(workspace.directory, name)))).toEqual([true, true, true, true, false]);
  });

  test('to an older checkpoint holds: a later restore does not undo it', async () => {
    const scene = await aScene();
    const host = scene.host('first');
    const workspace = await scene.open(host);
    for (const turn of [1, 2, 3]) {
      put(workspace.directory, { 'a.txt': `${turn}\n` });
      await host.keeper.checkpoint(TASK, workspace, step(turn));
    }

    const restored = await host.keeper.restore(TASK, workspace, 1);
    put(workspace.directory, { 'a.txt': 'cut off\n' });
    await host.keeper.restore(TASK, workspace);

    expect(readFileSync(join(workspace.directory, 'a.txt'), 'utf8')).toBe('1\n');
    expect(restored).toMatchObject({ sequence: 4, turn: 1 });
    expect(await host.keeper.restore(TASK, workspace, 1)).toEqual(restored);
    put(workspace.directory, { 'a.txt': 'again\n' });
    expect(await host.keeper.checkpoint(TASK, workspace, step(3))).toMatchObject({ sequence: 5, turn: 3 });
  });

  test('says which checkpoints there are when there is no such one', async () => {
    const scene = await aScene();
    const host = scene.host('first');
    const workspace = await scene.open(host);

    await expect(host.keeper.restore(TASK, workspace, 7)).rejects.toThrow('no checkpoint 7; it has 0 to 0');
  });

  test('of a task without checkpoints touches nothing', async () => {
    const scene = await aScene();
    const host = scene.host('first');
    const workspace = { ...(await scene.open(scene.host('other'))), hostId: 'first' };
    const { store } = await aScene();
    const keeper = createWorkspaceKeeper({ ...host, store, limits: LIMITS });
    put(workspace.directory, { 'a.txt': 'x' });

    expect(await keeper.restore(TASK, workspace)).toBeUndefined();
    expect(readFileSync(join(workspace.directory, 'a.txt'), 'utf8')).toBe('x');
  });
});

/** root may read everything, which would hide what this is about. */
function asOrdinaryUser(): void {
  if (process.geteuid?.() !== 0) return;
  // git looks for its configuration there, and may not look into root's.
  vi.stubEnv('HOME', '/nonexistent');
  process.seteuid?.(NOBODY);
  onTestFinished(() => {
    process.seteuid?.(0);
    vi.unstubAllEnvs();
  });
}

function isSpecial(line: string): boolean {
  return line.startsWith('o ') || line.includes('x.log');
}

/** What tests of programs, and models, leave behind. */
function makeStrange(tree: string): void {
  put(tree, {
    'a.txt': 'a\r\nb\nmixed\r\n',
    'new.bat': 'only\nnewlines\n',
    'new.id': '$Id: kept $\n',
    'line\nbreak\t"quoted" \\ back.txt': 'n',
    ' blank ': 'b',
    'Case.txt': 'upper',
    'case.txt': 'lower',
    'git~1': 'short name',
    ':(top)x': 'magic',
    '-n': 'option',
    'nested/inner/f.txt': 'in a repository of its own',
    'nested/x.log': 'ignored from above',
    'binary.bin': Buffer.from(Array.from({ length: 256 }, (_, index) => index)),
    'empty file': '',
    'run.sh': '#!/bin/sh\n',
  });
  writeFileSync(Buffer.concat([Buffer.from(`${tree}/not utf8 `), Buffer.from([0xff, 0xfe])]), 'raw');
  mkdirSync(Buffer.concat([Buffer.from(`${tree}/empty `), Buffer.from([0xe9])]));
  chmodSync(join(tree, 'run.sh'), 0o755);
  git(join(tree, 'nested'), 'init', '--quiet');
  git(join(tree, 'nested'), 'add', '--all');
  git(join(tree, 'nested'), 'commit', '--quiet', '--message', 'own');
  mkdirSync(join(tree, 'never committed'));
  git(join(tree, 'never committed'), 'init', '--quiet');
  mkdirSync(join(tree, 'empty/of/folders'), { recursive: true });
  symlinkSync('/etc/passwd', join(tree, 'outside'));
  symlinkSync('nowhere', join(tree, 'dangling'));
  symlinkSync('src', join(tree, 'to a folder'));
  execFileSync('mkfifo', [join(tree, 'pipe')]);
  const server = createServer().listen(join(tree, 'socket'));
  onTestFinished(() => void server.close());
}

function swapKinds(tree: string): void {
  rmSync(join(tree, 'src'), { recursive: true });
  symlinkSync('/etc', join(tree, 'src'));
  rmSync(join(tree, 'new/x.txt'));
  put(tree, { 'new/x.txt/inner/y.txt': 'y' });
  git(join(tree, 'new/x.txt'), 'init', '--quiet');
  rmSync(join(tree, 'empty'), { recursive: true });
  put(tree, { empty: 'a file' });
}

/** As somebody with a name, whose git it is. */
function sh(directory: string, script: string): void {
  const person = {
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@localhost',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@localhost',
    // As a command without a sandbox has it from its worker.
    ...{ GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' },
  };
  execFileSync('sh', ['-c', script], { cwd: directory, env: { ...process.env, ...person } });
}

test('a name that is no UTF-8 is told to people as far as it can be', () => {
  expect(toText('caf\u00c3\u00a9 \u00ff')).toBe('café \ufffd');
});
