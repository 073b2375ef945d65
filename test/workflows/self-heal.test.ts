import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MODEL } from '../support/builders.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';

const SCRIPT = [
  { when: { inputContains: 'two turns' }, turns: [{ toolCalls: [{ name: 'list_files', input: {} }] }, { text: 'Seen.' }] },
];
const REFUSED_REASONING = {
  kind: 'status',
  status: 400,
  body: { error: { code: 'invalid_encrypted_content', type: 'invalid_request_error', message: 'could not be verified' } },
};

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ script: SCRIPT, endpoints: ['azure-eastus2', 'aws-us-east-1'] });
});
afterAll(() => cluster.stop());

describe('reasoning that its own cloud refuses', () => {
  test('is left out, once, and the turn is answered there', async () => {
    await cluster.setFaults('azure-eastus2', [{ ...REFUSED_REASONING, skip: 1, count: 1 }]);
    const { taskId } = await cluster.tasks.start({ prompt: 'two turns', model: MODEL });

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'completed', output: 'Seen.', suspectedTwice: { count: 0 } });
    expect(result.attempts.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`)).toEqual([
      'azure-eastus2 completed',
      'azure-eastus2 failed',
      'azure-eastus2 completed',
    ]);
  });

  test('moves the turn elsewhere when leaving it out does not help', async () => {
    await cluster.setFaults('azure-eastus2', [{ ...REFUSED_REASONING, skip: 1, count: 2 }]);
    const { taskId } = await cluster.tasks.start({ prompt: 'two turns', model: MODEL });

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'completed', output: 'Seen.' });
    expect(result.attempts.at(-1)).toMatchObject({ endpoint: 'aws-us-east-1', outcome: 'completed' });
  });
});
