import { afterAll, beforeAll, expect, test } from 'vitest';
import { MODEL } from '../support/builders.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({
    script: [{ when: { inputContains: 'talk' }, turns: [{ text: 'Answered.' }] }],
    endpoints: ['azure-eastus2', 'aws-us-east-1'],
    without: ['EMULATED_AWS_ACCESS_KEY_ID', 'EMULATED_AWS_SECRET_ACCESS_KEY'],
  });
  await cluster.startWorker(['EMULATED_AZURE_API_KEY']);
});
afterAll(() => cluster.stop());

test('two workers with the credentials of one cloud each take a task from one cloud to the other', async () => {
  await cluster.setFaults('azure-eastus2', [{ kind: 'status', status: 404, count: 1 }]);
  const { taskId } = await cluster.tasks.start({ prompt: 'talk', model: MODEL });

  const result = await cluster.tasks.result(taskId);

  expect(result).toMatchObject({ state: 'completed', output: 'Answered.' });
  expect(result.attempts.map(({ endpoint, outcome }) => [endpoint, outcome])).toEqual([
    ['azure-eastus2', 'failed'],
    ['aws-us-east-1', 'completed'],
  ]);
});
