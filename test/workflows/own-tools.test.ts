/** A user's own tools in a real worker: loaded by the configuration, and given by a program. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { defineTool, runWorker } from '../../workers/index.ts';
import { MODEL } from '../support/builders.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';
import { toolResultsOf } from '../support/tool-results.ts';

const EXAMPLE = fileURLToPath(new URL('../../docs/examples/order-tools.ts', import.meta.url));

function call(name: string, input: object) {
  return { name, input };
}

const SCRIPT = [
  {
    when: { inputContains: 'cancel what is not shipped' },
    turns: [
      {
        toolCalls: [
          call('find_order', { number: 'A1' }),
          call('find_order', { number: 'A2' }),
          call('find_order', { number: 'A3' }),
        ],
      },
      {
        toolCalls: [call('cancel_order', { number: 'A1', reason: 'asked' }), call('cancel_order', { number: 'a1', reason: '' })],
      },
      { text: 'Cancelled.' },
    ],
  },
  { when: { inputContains: 'weigh it' }, turns: [{ toolCalls: [call('weigh', { what: 'a feather' })] }, { text: 'Weighed.' }] },
];

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ script: SCRIPT, endpoints: ['azure-eastus2'], configuration: { tools: [EXAMPLE] } });
});
afterAll(() => cluster.stop());

async function answers(taskId: string): Promise<readonly string[]> {
  return (await toolResultsOf(cluster.store, taskId)).map(({ output }) => output).toSorted();
}

test('a task without a workspace works by tools of the configuration', async () => {
  const { taskId } = await cluster.tasks.start({ prompt: 'cancel what is not shipped', model: MODEL });

  expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'completed', output: 'Cancelled.', toolCalls: 5 });
  expect(await answers(taskId)).toEqual([
    'A1 is cancelled.',
    expect.stringContaining('The arguments of cancel_order are not as it needs them: number: is no number of an order'),
    'There is no order A3.',
    '{"number":"A1","customer":"Ada","shipped":false}',
    '{"number":"A2","customer":"Grace","shipped":true}',
  ]);
});

test('a program runs a worker with tools of its own, and those of the configuration', async () => {
  await cluster.worker().stop();
  const weigh = defineTool({
    name: 'weigh',
    description: 'Weighs something.',
    parameters: z.object({ what: z.string() }),
    run: ({ what }) => `${what} weighs nothing`,
  });
  const end = new AbortController();
  const running = runWorker({
    tools: [weigh],
    config: cluster.config,
    dataDirectory: join(cluster.directory, 'program'),
    store: cluster.store,
    temporal: cluster.address,
    namespace: 'default',
    environment: { ...process.env, ...cluster.credentials },
    signal: end.signal,
  });

  const { taskId } = await cluster.tasks.start({ prompt: 'weigh it', model: MODEL });

  expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'completed', output: 'Weighed.' });
  expect(await answers(taskId)).toEqual(['a feather weighs nothing']);
  end.abort();
  await running;
});
