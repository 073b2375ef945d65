import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TaskStore } from '../../activities/store/task-store.ts';
import { createWorkspaceKeeper } from '../../activities/workspace/workspace-keeper.ts';
import { git } from '../support/git-repository.ts';
import type { Host, Scene } from './keeper-scene.ts';
import { aScene, LIMITS, listing, put, step, TASK } from './keeper-scene.ts';

async function aLostHost(scene: Scene, limits: Partial<typeof LIMITS> = {}) {
  const lost = scene.host('lost', limits);
  const workspace = await scene.open(lost);
  for (const turn of [1, 2]) {
    put(workspace.directory, { 'a.txt': `turn ${turn}\n`, [`new-${turn}/x.txt`]: 'x\n' });
    mkdirSync(join(workspace.directory, `empty-${turn}`));
    await lost.keeper.checkpoint(TASK, workspace, step(turn));
  }
  const files = listing(workspace.directory);
  put(workspace.directory, { 'a.txt': 'cut off in the middle of turn 3\n' });
  return { workspace, files };
}

describe('a workspace whose host is lost', () => {
  test('goes on elsewhere from its last checkpoint, with the history of the repository', async () => {
    const scene = await aScene();
    const { workspace, files } = await aLostHost(scene);
    const heir = scene.host('heir');

    const moved = await heir.keeper.moveHere(TASK, workspace);

    expect(moved).toMatchObject({ hostId: 'heir', baseCommit: workspace.baseCommit });
    expect(moved.directory.startsWith(heir.dataDirectory)).toBe(true);
    expect(await scene.store.getWorkspace(TASK)).toEqual(moved);
    expect(listing(moved.directory)).toEqual(files);
    expect(git(moved.directory, 'log', '--format=%s').trim()).toBe('Begin');
    expect(git(moved.directory, 'status', '--short')).toBe(' M a.txt\n?? new-1/\n?? new-2/\n');
    put(moved.directory, { 'a.txt': 'turn 3\n' });
    expect(await heir.keeper.checkpoint(TASK, moved, step(3))).toMatchObject({ sequence: 3, changedFiles: 1 });
  });

  test('goes on without the repository where the base was shipped, and so does its diff', async () => {
    const scene = await aScene();
    const { workspace, files } = await aLostHost(scene, { base: 'always' });
    const before = await scene.diff(scene.host('lost'));
    rmSync(scene.repository, { recursive: true });
    rmSync(join(scene.directory, 'lost'), { recursive: true });
    const heir = scene.host('heir');

    const moved = await heir.keeper.moveHere(TASK, workspace);

    expect(listing(moved.directory)).toEqual(files);
    expect(git(moved.directory, 'status', '--short')).toBe(' M a.txt\n?? new-1/\n?? new-2/\n');
    expect(await scene.diff(heir)).toBe(before);
    expect(await scene.diff(scene.host('a third one'))).toBe(before);
  });

  test('takes along what it began with besides the base: uncommitted changes, as they were converted and as they are told', async () => {
    const scene = await aScene({ 'run.bat': 'one\r\n', '.gitattributes': '*.bat text eol=crlf\n' });
    put(scene.repository, { 'run.bat': 'mine\r\n', 'mine.bat': 'mine\r\n' });
    const lost = scene.host('lost', { base: 'always' });
    const workspace = await scene.open(lost, { includeUncommitted: true });
    put(workspace.directory, { 'run.bat': 'task\r\n' });
    await lost.keeper.checkpoint(TASK, workspace, step(1));
    const before = await scene.diff(lost);
    rmSync(scene.repository, { recursive: true });
    rmSync(join(scene.directory, 'lost'), { recursive: true });
    const heir = scene.host('heir');

    const moved = await heir.keeper.moveHere(TASK, workspace);

    expect(before).toContain('-mine\n+task\n');
    expect(await scene.diff(heir)).toBe(before);
    expect(readFileSync(join(moved.directory, 'mine.bat'), 'utf8')).toBe('mine\r\n');
    expect(git(moved.directory, 'status', '--short')).toContain('run.bat');
  });

  test('cannot go on without repository and base, and says what to do', async () => {
    const scene = await aScene();
    const { workspace } = await aLostHost(scene);
    rmSync(scene.repository, { recursive: true });

    const refusal = scene.host('heir').keeper.moveHere(TASK, workspace);

    await expect(refusal).rejects.toMatchObject({ code: 'base-missing' });
    await expect(refusal).rejects.toThrow(`${scene.repository} with the commit ${workspace.baseCommit} is not on this host`);
    await expect(refusal).rejects.toThrow('workspaces.base to always');
    expect(await scene.store.getWorkspace(TASK)).toEqual(workspace);
  });

  test('is taken over by one of several hosts that try at once, and the others clear up', async () => {
    const scene = await aScene();
    const { workspace, files } = await aLostHost(scene);
    const heirs = ['one', 'two', 'three'].map((hostId) => scene.host(hostId));

    const records = await Promise.all(heirs.map(({ keeper }) => keeper.moveHere(TASK, workspace)));

    const held = await scene.store.getWorkspace(TASK);
    expect(records).toEqual([held, held, held]);
    expect(listing(held?.directory ?? '')).toEqual(files);
    const trees = execFileSync('find', [scene.directory, '-name', 'tree', '-type', 'd', '-path', '*task-1*'], {
      encoding: 'utf8',
    });
    expect(new Set(trees.trim().split('\n'))).toEqual(new Set([workspace.directory, held?.directory]));
  });

  test('is not claimed when its files cannot be prepared', async () => {
    const scene = await aScene();
    const { workspace } = await aLostHost(scene);
    const prepare = () => Promise.reject(new Error('npm ci failed'));

    await expect(scene.host('heir').keeper.moveHere(TASK, workspace, prepare)).rejects.toThrow('npm ci failed');

    expect(await scene.store.getWorkspace(TASK)).toEqual(workspace);
  });

  test('that was only being opened begins again at the base', async () => {
    const scene = await aScene();
    const lost = scene.host('lost');
    const opened = await scene.open(lost);
    const { store } = await aScene();
    await store.putWorkspace(TASK, opened);
    const heir = createWorkspaceKeeper({ ...scene.host('heir'), store, limits: LIMITS });

    const moved = await heir.moveHere(TASK, opened);

    expect(readFileSync(join(moved.directory, 'a.txt'), 'utf8')).toBe('one\n');
    expect(await heir.begin(TASK, moved)).toMatchObject({ sequence: 0, tree: opened.baseTree });
  });
});

describe('the base of a task', () => {
  test('is shipped by itself where the store reaches hosts that may not have the repository', async () => {
    const scene = await aScene();
    const far = { ...scene.store, reach: 'network' } satisfies TaskStore;
    const [near, remote] = [scene.host('near'), scene.host('remote')];
    const workspace = await scene.open(near);
    const keeper = createWorkspaceKeeper({ ...remote, store: far, limits: LIMITS });

    expect(await near.keeper.shipBase(workspace)).toEqual({});
    const shipped = await keeper.shipBase(workspace);

    expect(shipped.base?.pack.bytes).toBeGreaterThan(100);
    expect(await keeper.shipBase(workspace)).toEqual(shipped);
  });

  test('that is too large is refused where it must be shipped, and left out where it may be', async () => {
    const scene = await aScene();
    const far = { ...scene.store, reach: 'network' } satisfies TaskStore;
    const host = scene.host('first');
    const workspace = await scene.open(host);
    const keeperOf = (base: 'auto' | 'always') =>
      createWorkspaceKeeper({ ...host, store: far, limits: { ...LIMITS, base, maxBaseBytes: 100 } });

    await expect(keeperOf('always').shipBase(workspace)).rejects.toMatchObject({ code: 'base-too-large' });
    await expect(keeperOf('always').shipBase(workspace)).rejects.toThrow('raise workspaces.maxBaseMiB');
    expect(await keeperOf('auto').shipBase(workspace)).toEqual({});
  });
});

describe('a diff', () => {
  test('fits a repository whose .gitattributes convert files', async () => {
    const files = { 'run.bat': 'one\r\ntwo\r\n', 'same.bat': 'x\r\n', 'a.txt': 'a\n', '.gitattributes': '*.bat text eol=crlf\n' };
    const scene = await aScene(files);
    const host = scene.host('first');
    const workspace = await scene.open(host);
    expect(readFileSync(join(workspace.directory, 'run.bat'), 'utf8')).toBe('one\r\ntwo\r\n');
    put(workspace.directory, { 'run.bat': 'one\r\n2\r\n', 'new.bat': 'new\r\n', 'a.txt': 'b\n' });
    await host.keeper.checkpoint(TASK, workspace, step(1));

    const diff = await scene.diff(host);

    expect(diff).not.toContain('same.bat');
    expect(diff).toContain('-two\n+2\n');
    git(scene.repository, 'stash', '--quiet', '--all');
    execFileSync('git', ['apply', '--index'], { cwd: scene.repository, input: Buffer.from(diff, 'latin1') });
    git(scene.repository, 'commit', '--quiet', '--message', 'applied');
    expect(git(scene.repository, 'show', 'HEAD:new.bat')).toBe('new\n');
    expect(readFileSync(join(scene.repository, 'run.bat'), 'utf8')).toBe('one\r\n2\r\n');
  });

  test('keeps bytes that are no UTF-8, and tells files of repositories that the task made', async () => {
    const scene = await aScene();
    const host: Host = scene.host('first');
    const workspace = await scene.open(host);
    put(workspace.directory, { 'latin1.txt': Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x0a]), 'own/f.txt': 'mine\n' });
    git(join(workspace.directory, 'own'), 'init', '--quiet');
    await host.keeper.checkpoint(TASK, workspace, step(1));

    execFileSync('git', ['apply'], { cwd: scene.repository, input: Buffer.from(await scene.diff(host), 'latin1') });

    expect(readFileSync(join(scene.repository, 'latin1.txt'))).toEqual(Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x0a]));
    expect(readFileSync(join(scene.repository, 'own/f.txt'), 'utf8')).toBe('mine\n');
  });

  test('of a repository with a submodule leaves it as it is', async () => {
    const scene = await aScene();
    const inner = await aScene();
    git(scene.repository, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.repository, 'lib');
    git(scene.repository, 'commit', '--quiet', '--message', 'lib');
    const host = scene.host('first');
    const workspace = await scene.open(host);
    put(workspace.directory, { 'lib/mine.txt': 'in its folder\n', 'a.txt': 'two\n' });
    const taken = await host.keeper.checkpoint(TASK, workspace, step(1));
    rmSync(join(workspace.directory, 'lib'), { recursive: true });

    await host.keeper.restore(TASK, workspace);

    expect(taken?.changedFiles).toBe(2);
    expect(readFileSync(join(workspace.directory, 'lib/mine.txt'), 'utf8')).toBe('in its folder\n');
    const diff = await scene.diff(host);
    expect(diff).toContain('+two');
    expect(diff).not.toContain('lib');
  });
});
