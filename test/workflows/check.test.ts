import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';

const SCRIPT = [
  {
    when: { inputContains: 'write it' },
    turns: [{ toolCalls: [{ name: 'exec_command', input: { cmd: 'echo good > work.txt' } }] }, { text: 'Written.' }],
  },
];

let cluster: Cluster;
let workspace: string;

beforeAll(async () => {
  cluster = await startCluster({ script: SCRIPT, endpoints: ['azure-eastus2'] });
  workspace = layOutGitRepository(join(cluster.directory, 'repository'), { 'readme.txt': 'hello\n', '.gitignore': 'log\n' });
});
afterAll(() => cluster.stop());

function start(command: string, taskId: string) {
  return cluster.tasks.start({ prompt: 'write it', model: MODEL, workspace, check: { command } }, { taskId });
}

test('a task is checked when its work is done, and what the check changes is no part of its diff', async () => {
  await start('grep good work.txt && echo spoilt > work.txt && touch other.txt', 'passes');

  const result = await cluster.tasks.result('passes');

  expect(result).toMatchObject({
    state: 'completed',
    check: { outcome: 'passed', exitCode: 0 },
    diffStat: { files: 1, insertions: 1, deletions: 0 },
  });
  expect(result.diff).toContain('+good');
  const { events } = await cluster.tasks.status('passes');
  expect(events.map(({ kind }) => kind).slice(-4)).toEqual(['finishing', 'check-started', 'check-ended', 'task-ended']);
  const { checkpoints } = await cluster.tasks.workspace('passes');
  expect(checkpoints).toHaveLength(2);
});

test('a task whose check fails has completed all the same, and says so', async () => {
  await start('echo "1 failing"; exit 3', 'fails');

  expect(await cluster.tasks.result('fails')).toMatchObject({
    state: 'completed',
    check: { outcome: 'failed', exitCode: 3, excerpt: '1 failing' },
  });
});

/** Its workspace, while it has one. */
function treeOf(taskId: string): string {
  return join(cluster.hostFolder('data'), 'workspaces', taskId, 'tree');
}

test('a check ends with the task that is cancelled, whose work is kept', async () => {
  await start('touch begun; sleep 50', 'cancelled');
  await eventually('the check runs', async () => (existsSync(join(treeOf('cancelled'), 'begun')) ? true : undefined));

  await cluster.tasks.cancel('cancelled');

  const result = await cluster.tasks.result('cancelled');
  expect(result).toMatchObject({ state: 'completed', check: { outcome: 'not-run', reason: 'the task was cancelled' } });
  expect(result.diff).toContain('+good');
});

test('a check is run again, on the same files, when its worker died', async () => {
  // What git ignores stays between the two.
  await start('echo >> log; echo spoilt >> work.txt; test $(wc -l < log) -gt 1 || sleep 50; cat log work.txt', 'killed');
  await eventually('the check runs', async () => (existsSync(join(treeOf('killed'), 'log')) ? true : undefined));
  const worker = cluster.worker();
  worker.kill();
  await worker.exited;
  await cluster.startWorker();

  const { check, diffStat } = await cluster.tasks.result('killed');

  expect(check).toMatchObject({ outcome: 'passed' });
  expect(diffStat).toEqual({ files: 1, insertions: 1, deletions: 0 });
  const store = await openSqliteTaskStore(cluster.store);
  const output = await store.getItem(toTaskId('killed'), check?.output ?? '');
  await store.close();
  expect(output).toMatchObject({ output: '\n\ngood\nspoilt\n' });
});
