import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { TaskEvent } from '../../client/index.ts';
import { TaskClient } from '../../client/index.ts';
import type { ScriptedWorker } from './support/scripted-worker.ts';
import { SCRIPTED_DIFF, startScriptedWorker } from './support/scripted-worker.ts';

const MODEL = 'gpt-6.1-sol';

// Processes and a bundle of the workflows are started; on a busy machine that takes seconds.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

let worker: ScriptedWorker;
let client: TaskClient;

beforeAll(async () => {
  worker = await startScriptedWorker();
  client = await TaskClient.connect({ address: worker.address, environment: {} });
});

afterAll(async () => {
  await client.close();
  await worker.stop();
});

describe('TaskClient', () => {
  it('gives the result of a task that completed', async () => {
    const { taskId } = await client.start({ prompt: 'say hello', model: MODEL });

    const result = await client.result(taskId);

    expect(result).toMatchObject({ taskId, state: 'completed', output: 'answer to say hello', turns: 1 });
    expect((await client.standing(taskId)).standing).toBe('completed');
  });

  it('gives the result of a task that failed, with the reason', async () => {
    const { taskId } = await client.start({ prompt: 'refuse', model: MODEL });

    const result = await client.result(taskId);

    expect(result).toMatchObject({ taskId, state: 'failed', reason: expect.stringContaining('content filter') });
  });

  it('gives the result of a task that nobody may serve', async () => {
    const { taskId } = await client.start({ prompt: 'say hello', model: 'gpt-unknown' });

    const result = await client.result(taskId);

    expect(result).toMatchObject({ state: 'failed', reason: 'no deployment serves "gpt-unknown"', turns: 0 });
  });

  it('gives the result of a task that was cancelled, also when asked again later', async () => {
    const { taskId } = await client.start({ prompt: 'wait', model: MODEL });
    await firstEvent(taskId, 'attempt-started');

    await client.cancel(taskId);

    await expect(client.result(taskId)).resolves.toMatchObject({ taskId, state: 'cancelled' });
    await expect(client.result(taskId)).resolves.toMatchObject({ taskId, state: 'cancelled' });
    await expect(client.cancel(taskId)).rejects.toMatchObject({ problem: 'already-ended' });
  });

  it('tells the story of a task once, in order, to its end', async () => {
    const { taskId } = await client.start({ prompt: 'tools', model: MODEL, workspace: '/srv/any' });

    const events: TaskEvent[] = [];
    for await (const event of client.follow(taskId)) events.push(event);

    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
    expect(events.map(({ kind }) => kind)).toEqual([
      'route-planned',
      'workspace-opened',
      'attempt-started',
      'turn-answered',
      'tool-started',
      'tool-ended',
      'attempt-started',
      'turn-answered',
      'finishing',
      'task-ended',
    ]);
    expect((await client.result(taskId)).diff).toBe(SCRIPTED_DIFF);
    expect(await client.status(taskId)).toMatchObject({ taskId, state: 'completed', turn: 2 });
  });

  it('stops following when told to, while the task goes on', async () => {
    const { taskId } = await client.start({ prompt: 'wait', model: MODEL });
    const leaving = new AbortController();

    for await (const event of client.follow(taskId, { signal: leaving.signal })) {
      if (event.kind === 'attempt-started') leaving.abort();
    }

    expect((await client.standing(taskId)).standing).toBe('running');
    await client.cancel(taskId);
    await client.result(taskId);
  });

  it('joins the running task of the same id and refuses an ended one', async () => {
    const taskId = `mine-${randomUUID()}`;
    const first = await client.start({ prompt: 'wait', model: MODEL }, { taskId });

    await expect(client.start({ prompt: 'wait', model: MODEL }, { taskId })).resolves.toEqual(first);

    await client.cancel(taskId);
    await client.result(taskId);
    await expect(client.start({ prompt: 'wait', model: MODEL }, { taskId })).rejects.toMatchObject({
      problem: 'already-ended',
    });
  });

  it('says that there is no such task', async () => {
    const problem = { problem: 'not-found', message: expect.stringContaining('task nobody') };

    await expect(client.status('nobody')).rejects.toMatchObject(problem);
    await expect(client.result('nobody')).rejects.toMatchObject(problem);
    await expect(client.cancel('nobody')).rejects.toMatchObject(problem);
    await expect(firstEvent('nobody', 'task-ended')).rejects.toMatchObject(problem);
  });

  it('refuses what is no task id before asking anybody', async () => {
    await expect(client.start({ prompt: 'x', model: MODEL }, { taskId: 'no/slash' })).rejects.toThrow(
      '"no/slash" is not a task id',
    );
  });

  it('lists the tasks of a state', async () => {
    const { taskId } = await client.start({ prompt: 'refuse', model: MODEL });
    await client.result(taskId);

    await expect.poll(async () => (await client.list({ standing: 'failed' })).map((task) => task.taskId)).toContain(taskId);
    expect((await client.list({ standing: 'completed' })).map((task) => task.taskId)).not.toContain(taskId);
    expect(await client.list({ limit: 1 })).toHaveLength(1);
  });
});

async function firstEvent(taskId: string, kind: TaskEvent['kind']): Promise<void> {
  for await (const event of client.follow(taskId)) {
    if (event.kind === kind) return;
  }
}
