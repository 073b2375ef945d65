import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';

function command(cmd: string, rest: object = {}) {
  return { toolCalls: [{ name: 'exec_command', input: { cmd, ...rest } }] };
}

const SCRIPT = [
  {
    when: { inputContains: 'build' },
    turns: [
      command('echo first > first.txt'),
      command('echo begun >> second.txt; touch started; sleep 5; echo whole >> second.txt'),
      command('cat first.txt second.txt > third.txt'),
      { text: 'Built.' },
    ],
  },
  {
    when: { inputContains: 'serve' },
    turns: [
      command('echo up > up.txt; sleep 100', { yield_time_ms: 300 }),
      command('touch started; sleep 4'),
      { toolCalls: [{ name: 'write_stdin', input: { session_id: '{{number:session ID (\\d+)}}', chars: '' } }] },
      { text: 'Served.' },
    ],
  },
];

let cluster: Cluster;
let workspace: string;

beforeAll(async () => {
  cluster = await startCluster({ script: SCRIPT, endpoints: ['azure-eastus2'], sharedStore: true });
  workspace = layOutGitRepository(join(cluster.directory, 'repository'), { 'readme.txt': 'hello\n' });
});
afterAll(() => cluster.stop());

async function begun(host: string, taskId: string, file: string): Promise<void> {
  const path = join(cluster.hostFolder(host), 'workspaces', taskId, 'tree', file);
  await eventually(`${file} is there`, async () => (existsSync(path) ? true : undefined));
}

describe('when the host of a workspace is gone, its folder with it', () => {
  test('another host makes the workspace again and goes on, and the files are as if nothing had happened', async () => {
    const { taskId } = await cluster.tasks.start({ prompt: 'build', model: MODEL, workspace });
    await begun('data', taskId, 'started');
    const lost = cluster.worker();
    lost.kill();
    await lost.exited;
    await rm(cluster.hostFolder('data'), { recursive: true });
    await cluster.startWorker([], 'other');

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'completed', output: 'Built.', toolEffectsTwice: 0 });
    expect(result.diff.match(/^\+(?:first|begun|whole)$/gm)).toEqual([
      '+first',
      '+begun',
      '+whole',
      '+first',
      '+begun',
      '+whole',
    ]);
    const { events } = await cluster.tasks.status(taskId);
    expect(events).toContainEqual(expect.objectContaining({ kind: 'workspace-moved' }));
  }, 120_000);

  test('a session of the lost host is told to the model as lost', async () => {
    const { taskId } = await cluster.tasks.start({ prompt: 'serve', model: MODEL, workspace });
    await begun('other', taskId, 'started');
    const lost = cluster.worker();
    lost.kill();
    await lost.exited;
    await cluster.startWorker([], 'third');

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'completed', output: 'Served.' });
    expect(result.diff).toContain('+up');
    const { events } = await cluster.tasks.status(taskId);
    expect(events).toContainEqual(expect.objectContaining({ kind: 'workspace-moved' }));
    expect(events).toContainEqual(expect.objectContaining({ kind: 'tool-ended', tool: 'write_stdin', outcome: 'failed' }));
  }, 120_000);
});

test('a host that is only busy keeps its workspaces', async () => {
  const tasks = await Promise.all(
    Array.from({ length: 6 }, () => cluster.tasks.start({ prompt: 'build', model: MODEL, workspace })),
  );

  const results = await Promise.all(tasks.map(({ taskId }) => cluster.tasks.result(taskId)));

  expect(results.map(({ state }) => state)).toEqual(tasks.map(() => 'completed'));
  const stories = await Promise.all(tasks.map(({ taskId }) => cluster.tasks.status(taskId)));
  expect(stories.flatMap(({ events }) => events).some(({ kind }) => kind === 'workspace-moved')).toBe(false);
}, 120_000);
