import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';

function call(name: string, input: object) {
  return { toolCalls: [{ name, input }] };
}

/** A script is written before a name is known: the emulated cloud puts in what an earlier result said. */
const AGENT = '{{result:Agent ([0-9a-f]{6})}}';

const SCRIPT = [
  {
    when: { inputContains: 'write the other half' },
    turns: [call('exec_command', { cmd: 'cat half.txt; echo other > other.txt' }), { text: 'The other half is there.' }],
  },
  { when: { inputContains: 'work for ever' }, turns: [call('exec_command', { cmd: 'sleep 25' }), { text: 'Never.' }] },
  {
    when: { inputContains: 'share the work' },
    turns: [
      call('exec_command', { cmd: 'echo half > half.txt' }),
      call('spawn_agent', { message: 'write the other half' }),
      call('wait_agent', { agents: [AGENT], timeout_ms: 30_000 }),
      call('merge_agent', { agent: AGENT }),
      call('exec_command', { cmd: 'cat half.txt other.txt > whole.txt' }),
      { text: 'Shared.' },
    ],
  },
  {
    when: { inputContains: 'leave one behind' },
    turns: [call('spawn_agent', { message: 'work for ever' }), { text: 'I do not wait.' }],
  },
  {
    when: { inputContains: 'wait for one' },
    turns: [call('spawn_agent', { message: 'work for ever' }), call('wait_agent', { agents: [AGENT] }), { text: 'Waited.' }],
  },
  {
    when: { inputContains: 'close one' },
    turns: [
      call('spawn_agent', { message: 'work for ever' }),
      call('close_agent', { agents: [AGENT] }),
      call('wait_agent', { agents: ['nobody'] }),
      { text: 'Closed.' },
    ],
  },
];

let cluster: Cluster;
let workspace: string;

beforeAll(async () => {
  cluster = await startCluster({ script: SCRIPT, endpoints: ['azure-eastus2', 'aws-us-east-1'] });
  workspace = layOutGitRepository(join(cluster.directory, 'repository'), { 'readme.txt': 'hello\n' });
});
afterAll(() => cluster.stop());

function start(prompt: string, rest: object = {}) {
  return cluster.tasks.start({ prompt, model: MODEL, workspace, subAgents: true, ...rest });
}

describe('a task that has an agent work for it', () => {
  test('gives it the files as they are, and takes what it changed into its own', async () => {
    const { taskId } = await start('share the work');

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'completed', output: 'Shared.', agents: [{ state: 'completed' }] });
    expect(result.diff).toContain('+++ b/whole.txt\n@@ -0,0 +1,2 @@\n+half\n+other');
    const [agent] = result.agents ?? [];
    expect(await cluster.tasks.result(agent?.taskId ?? '')).toMatchObject({
      state: 'completed',
      output: 'The other half is there.',
    });
  });

  test('gives it a share of its budget, and counts what it cost', async () => {
    const { taskId } = await start('share the work', { budget: { costUsd: 1, toolCalls: 20 } });

    const result = await cluster.tasks.result(taskId);

    const [agent] = result.agents ?? [];
    const { budget } = await cluster.tasks.status(agent?.taskId ?? '');
    expect(budget?.costUsd).toBeLessThan(0.5);
    expect(budget?.costUsd).toBeGreaterThan(0.4);
    expect(budget?.toolCalls).toBe(9);
    expect(agent?.spent).toMatchObject({ toolCalls: 1, usdMicros: expect.any(Number) });
    expect(agent?.spent.usdMicros).toBeGreaterThan(0);
  });

  test('takes it along when it ends before it', async () => {
    const { taskId } = await start('leave one behind');

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'completed', agents: [{ state: 'cancelled' }] });
    const [agent] = result.agents ?? [];
    expect(await cluster.tasks.result(agent?.taskId ?? '')).toMatchObject({ state: 'cancelled' });
  });

  test('closes it, and is told of an agent that there is not', async () => {
    const { taskId } = await start('close one');

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'completed', output: 'Closed.', agents: [{ state: 'cancelled' }] });
    const { events } = await cluster.tasks.status(taskId);
    expect(events).toContainEqual(
      expect.objectContaining({
        kind: 'tool-ended',
        outcome: 'refused',
        why: expect.stringContaining('there is no agent nobody'),
      }),
    );
  });

  test('gets back what an agent that it closes has not used, and counts the rest', async () => {
    const { taskId } = await start('close one', { budget: { costUsd: 1 } });

    const { agents = [] } = await cluster.tasks.result(taskId);

    const [agent] = agents;
    const { paid, suspenseUsdMicros } = await cluster.tasks.result(agent?.taskId ?? '');
    expect(agent).toMatchObject({ state: 'cancelled', spent: { usdMicros: paid.usdMicros + suspenseUsdMicros } });
    expect(agent?.spent.usdMicros).toBeLessThan(400_000);
  });

  test('is cancelled with it', async () => {
    const { taskId } = await start('wait for one');
    const started = await eventually('an agent has begun', async () => {
      const { events } = await cluster.tasks.status(taskId);
      return events.find((event) => event.kind === 'agent-started');
    });
    await cluster.tasks.cancel(taskId);

    await cluster.tasks.result(taskId);

    const agent = started.kind === 'agent-started' ? started.taskId : '';
    expect(await cluster.tasks.standing(agent)).toMatchObject({ standing: 'cancelled' });
  });
});

test('a task that may have no agents is not told of the tools for them', async () => {
  const { taskId } = await start('leave one behind', { subAgents: false });

  await cluster.tasks.result(taskId);

  const { events } = await cluster.tasks.status(taskId);
  expect(events).toContainEqual(
    expect.objectContaining({
      kind: 'tool-ended',
      tool: 'spawn_agent',
      outcome: 'refused',
      why: expect.stringContaining('There is no tool'),
    }),
  );
});
