import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster, EmulatedEndpoint, LedgerRequest } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';

const SCRIPT = [
  { when: { inputContains: 'talk' }, turns: [{ text: 'A rather long answer that takes its time.' }] },
  {
    when: { inputContains: 'write' },
    turns: [
      {
        toolCalls: [
          { name: 'exec_command', input: { cmd: 'echo once >> log.txt; touch started; sleep 4; echo whole >> log.txt' } },
        ],
      },
      { toolCalls: [{ name: 'exec_command', input: { cmd: 'cat log.txt' } }] },
      { text: 'Seen.' },
    ],
  },
];
const SLOW = { kind: 'slow-stream', eventDelayMs: 250, count: 1 };

/** Moves one request on, and says nothing against the deployment to those after it. */
const REFUSES_ONCE = { kind: 'status', status: 400, body: { error: { code: 'unsupported_parameter' } }, count: 1 };

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({
    script: SCRIPT,
    endpoints: ['azure-eastus2', 'aws-us-east-1'],
    background: ['aws-us-east-1'],
  });
});
afterAll(() => cluster.stop());

describe('when the worker is killed with kill -9', () => {
  test('in a background answer, the next worker picks the same answer up, and it is paid once', async () => {
    await cluster.setFaults('azure-eastus2', [REFUSES_ONCE]);
    await cluster.setFaults('aws-us-east-1', [SLOW]);
    const { taskId } = await cluster.tasks.start({ prompt: 'talk', model: MODEL });
    await submitted(taskId, 'aws-us-east-1');
    await killAndRestart();

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'completed', suspectedTwice: { count: 0 } });
    const posts = await postsOf(taskId, 'aws-us-east-1');
    expect(posts).toHaveLength(1);
    expect(posts[0]?.billedUsage).not.toBeNull();
  });

  test('in an answer that dies with its connection, the turn is sent once more, and that is told', async () => {
    await cluster.setFaults('azure-eastus2', [SLOW]);
    const { taskId } = await cluster.tasks.start({ prompt: 'talk', model: MODEL });
    await submitted(taskId, 'azure-eastus2');
    await killAndRestart();

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'completed', suspectedTwice: { count: 1 } });
    expect(result.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'completed']);
    expect(await postsOf(taskId, 'azure-eastus2')).toHaveLength(2);
  });

  test('in a command of the sandbox, the files are put back and it runs again: the tree is as if nothing had happened', async () => {
    const { taskId } = await startWriting('log-repository');
    await killAndRestart();

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'completed', turns: 3, toolEffectsTwice: 0 });
    expect(result.diff.match(/^\+(?:once|whole)$/gm)).toEqual(['+once', '+whole']);
    expect(await outcomesOf(taskId)).toEqual(['ok', 'ok']);
  });

  test('in a command without a sandbox, it never runs again, and the model is told that its end is unknown', async () => {
    const { taskId } = await startWriting('loose-repository', 'none');
    await killAndRestart();

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'completed', turns: 3, toolEffectsTwice: 0 });
    expect(result.diff.match(/^\+(?:once|whole)$/gm)).toEqual(['+once']);
    expect(await outcomesOf(taskId)).toEqual(['unknown', 'ok']);
  });
});

/** A task whose command has begun, and not ended. */
async function startWriting(name: string, sandbox: 'bubblewrap' | 'none' = 'bubblewrap') {
  const workspace = layOutGitRepository(join(cluster.directory, name), { 'readme.txt': 'a log\n' });
  const started = await cluster.tasks.start({ prompt: 'write', model: MODEL, workspace, sandbox });
  const tree = join(cluster.directory, 'data', 'workspaces', started.taskId, 'tree');
  await eventually('the command has started', async () => (existsSync(join(tree, 'started')) ? true : undefined));
  return started;
}

async function outcomesOf(taskId: string): Promise<readonly string[]> {
  const { events } = await cluster.tasks.status(taskId);
  return events.flatMap((event) => (event.kind === 'tool-ended' ? [event.outcome] : []));
}

async function killAndRestart(): Promise<void> {
  const worker = cluster.worker();
  worker.kill();
  await worker.exited;
  await cluster.startWorker();
}

async function postsOf(taskId: string, endpoint: EmulatedEndpoint): Promise<readonly LedgerRequest[]> {
  const requests = await cluster.ledger(endpoint);
  return requests.filter(({ method, metadata }) => method === 'POST' && metadata?.['task'] === taskId);
}

/** Until the cloud has named its response and the worker's journal has had a moment to hold the name. */
async function submitted(taskId: string, endpoint: EmulatedEndpoint): Promise<void> {
  await eventually('the response has a name', async () =>
    (await postsOf(taskId, endpoint)).find(({ responseId }) => typeof responseId === 'string'),
  );
  await new Promise((resolve) => setTimeout(resolve, 300));
}
