import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MODEL } from '../support/builders.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';

const LONG = 'x'.repeat(40_000);
const READ = { toolCalls: [{ name: 'exec_command', input: { cmd: 'cat long.txt', max_output_tokens: 20_000 } }] };
const SCRIPT = [
  {
    when: { inputContains: 'replaced by this hand-off' },
    turns: [{ toolCalls: [{ name: 'list_files', input: {} }] }, { text: 'All read.' }],
  },
  { when: { inputContains: 'hand-off for the model that takes over' }, turns: [{ text: 'I read a file of x.' }] },
  { when: { inputContains: 'read it all' }, turns: [READ, READ, READ, READ, { text: 'never so far' }] },
  { when: { inputContains: 'never fits' }, turns: [{ text: 'never' }] },
];
const TOO_LONG = {
  kind: 'status',
  status: 400,
  body: { error: { code: 'context_length_exceeded', type: 'invalid_request_error', message: 'too long' } },
};

let cluster: Cluster;
let workspace: string;

beforeAll(async () => {
  cluster = await startCluster({ script: SCRIPT, endpoints: ['azure-eastus2', 'aws-us-east-1'] });
  workspace = layOutGitRepository(join(cluster.directory, 'repository'), { 'long.txt': LONG, 'AGENTS.md': 'Be thorough.\n' });
});
afterAll(() => cluster.stop());

interface Sent {
  readonly body: string;
}

async function sentFor(taskId: string): Promise<readonly Sent[]> {
  const requests = await cluster.ledger('azure-eastus2');
  return requests
    .filter(({ method, metadata }) => method === 'POST' && metadata?.['task'] === taskId)
    .map((request) => ({ body: JSON.stringify(request) }));
}

describe('a conversation that a cloud calls too long', () => {
  test('is summed up in a turn of its own, and the task goes on from the summary at the same place', async () => {
    await cluster.setFaults('azure-eastus2', [{ ...TOO_LONG, skip: 2, count: 1 }]);
    const { taskId } = await cluster.tasks.start({ prompt: 'read it all', model: MODEL, workspace });

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'completed', output: 'All read.' });
    const { events, turnsAnswered } = await cluster.tasks.status(taskId);
    const compacted = events.findIndex(({ kind }) => kind === 'compacted');
    expect(events[compacted]).toMatchObject({ turn: 4, deployment: 'azure-eastus2/gpt-6.1-sol' });
    expect(events.slice(compacted + 1).filter(({ kind }) => kind === 'attempt-failed')).toEqual([]);
    expect(turnsAnswered).toBe(5);
    // The attempt that was refused, two answers before it, the summary, and two after it.
    expect(await sentFor(taskId)).toHaveLength(6);
    expect(result.attempts.map(({ outcome }) => outcome)).toEqual([
      'completed',
      'completed',
      'failed',
      'completed',
      'completed',
      'completed',
    ]);
  });

  test('fails the task with words when not even a summary can be had', async () => {
    await cluster.setFaults('azure-eastus2', [{ ...TOO_LONG, count: 9 }]);
    await cluster.setFaults('aws-us-east-1', [{ ...TOO_LONG, count: 9 }]);
    const { taskId } = await cluster.tasks.start({ prompt: 'never fits', model: MODEL });

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'failed', reason: expect.stringContaining('it could not be summed up') });
    await Promise.all([cluster.clearFaults('azure-eastus2'), cluster.clearFaults('aws-us-east-1')]);
  });
});
