import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { WorkspaceRecord } from '../../activities/store/task-store.ts';
import { restoreBefore, restoreNewest } from '../../activities/workspace/restore-step.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import type { Host, Scene } from './keeper-scene.ts';
import { aScene, listing, put, step, TASK } from './keeper-scene.ts';

const AGENT = toTaskId(`${TASK}.a1`);

async function fork({ store }: Scene, { keeper, hostId }: Host): Promise<WorkspaceRecord> {
  const forked = await keeper.fork(AGENT, TASK);
  const claimed = await store.claimWorkspace(AGENT, null, { ...forked, hostId });
  await keeper.begin(AGENT, claimed);
  return claimed;
}

describe('a step that runs again', () => {
  test('begins with the files as they were before it, also when it had left a checkpoint', async () => {
    const scene = await aScene();
    const { keeper } = scene.host('h1');
    const workspace = await scene.open(scene.host('h1'));
    put(workspace.directory, { 'one.txt': '1' });
    await keeper.checkpoint(TASK, workspace, step(1));
    const before = listing(workspace.directory);
    put(workspace.directory, { 'two.txt': '2' });
    await keeper.checkpoint(TASK, workspace, step(2));
    put(workspace.directory, { 'half.txt': 'h' });

    await restoreBefore({ store: scene.store, keeper }, { taskId: TASK, workspace }, step(2));

    expect(listing(workspace.directory)).toEqual(before);
    put(workspace.directory, { 'two.txt': 'other' });
    expect(await keeper.checkpoint(TASK, workspace, step(2))).toMatchObject({ turn: 2 });
    await restoreBefore({ store: scene.store, keeper }, { taskId: TASK, workspace }, step(3));
    expect(readFileSync(join(workspace.directory, 'two.txt'), 'utf8')).toBe('other');
  });

  test('begins with the opening when no other step counts', async () => {
    const scene = await aScene();
    const { keeper } = scene.host('h1');
    const workspace = await scene.open(scene.host('h1'));
    const before = listing(workspace.directory);
    put(workspace.directory, { 'one.txt': '1' });
    await keeper.checkpoint(TASK, workspace, step(1));

    await restoreNewest({ store: scene.store, keeper }, { taskId: TASK, workspace }, () => false);

    expect(listing(workspace.directory)).toEqual(before);
  });
});

describe('an agent of a task', () => {
  test('begins with the files of the task as they are, and its diff is of what it changed', async () => {
    const scene = await aScene();
    const host = scene.host('h1');
    const workspace = await scene.open(host);
    put(workspace.directory, { 'task.txt': 't' });
    await host.keeper.checkpoint(TASK, workspace, step(1));

    const forked = await fork(scene, scene.host('h2'));

    expect(listing(forked.directory)).toEqual(listing(workspace.directory));
    const [first] = await scene.store.listCheckpoints(AGENT);
    expect(first?.tree).toBe(forked.baseTree);
  });

  test('has what it changed merged into the files of the task, which has gone on', async () => {
    const scene = await aScene();
    const host = scene.host('h1');
    const workspace = await scene.open(host);
    const forked = await fork(scene, scene.host('h2'));
    put(forked.directory, { 'agent.txt': 'a', 'src/b.txt': 'changed\n' });
    rmSync(join(forked.directory, 'a.txt'));
    await scene.host('h2').keeper.checkpoint(AGENT, forked, step(1));
    put(workspace.directory, { 'task.txt': 't' });

    const merged = await host.keeper.merge(workspace.directory, AGENT);

    expect(merged).toEqual({ files: ['a.txt', 'agent.txt', 'src/b.txt'], isClean: true });
    const files = listing(workspace.directory).filter((line) => line.startsWith('f '));
    expect(files.map((line) => line.split(' ')[1])).toEqual(expect.arrayContaining(['agent.txt', 'task.txt', 'src/b.txt']));
    expect(files.map((line) => line.split(' ')[1])).not.toContain('a.txt');
  });

  test('leaves both versions where both changed the same lines, and the next checkpoint takes them as they are', async () => {
    const scene = await aScene();
    const host = scene.host('h1');
    const workspace = await scene.open(host);
    const forked = await fork(scene, scene.host('h2'));
    put(forked.directory, { 'a.txt': "the agent's\n" });
    await scene.host('h2').keeper.checkpoint(AGENT, forked, step(1));
    put(workspace.directory, { 'a.txt': "the task's\n" });
    await host.keeper.checkpoint(TASK, workspace, step(1));

    const merged = await host.keeper.merge(workspace.directory, AGENT);

    expect(merged).toEqual({ files: ['a.txt'], isClean: false });
    expect(readFileSync(join(workspace.directory, 'a.txt'), 'utf8')).toMatch(
      /<<<<<<< .*\nthe task's\n=======\nthe agent's\n>>>>>>> /,
    );
    expect(await host.keeper.checkpoint(TASK, workspace, step(2))).toMatchObject({ changedFiles: 1 });
  });

  test('that there is not has nothing to merge', async () => {
    const scene = await aScene();
    const host = scene.host('h1');
    const workspace = await scene.open(host);

    expect(await host.keeper.merge(workspace.directory, AGENT)).toBeUndefined();
  });
});
