import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TaskEvent } from '../../workflows/domain/task-status.ts';
import { runAnyport } from '../cli/support/run-anyport.ts';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';

function command(cmd: string) {
  return { toolCalls: [{ name: 'exec_command', input: { cmd } }] };
}

/** The latest message decides what is said; a conversation's turn is counted from it. */
const SCRIPT = [
  { when: { inputContains: 'and then the other' }, turns: [command('echo other > other.txt'), { text: 'Both are done.' }] },
  { when: { inputContains: 'stop that' }, turns: [command('cat log.txt; echo quick > quick.txt'), { text: 'Stopped.' }] },
  { when: { inputContains: 'go back' }, turns: [command('ls > listed.txt; cat listed.txt'), { text: 'Back.' }] },
  {
    when: { inputContains: 'one thing' },
    turns: [command('echo one > one.txt'), command('echo two > two.txt'), { text: 'One is done.' }],
  },
  { when: { inputContains: 'short' }, turns: [command('touch started; sleep 2')] },
  {
    when: { inputContains: 'long' },
    turns: [command('echo begun > log.txt; touch started; sleep 9; echo ended >> log.txt'), { text: 'Slept.' }],
  },
];

let cluster: Cluster;
let workspace: string;

beforeAll(async () => {
  cluster = await startCluster({ script: SCRIPT, endpoints: ['azure-eastus2', 'aws-us-east-1'] });
  workspace = layOutGitRepository(join(cluster.directory, 'repository'), { 'readme.txt': 'hello\n' });
});
afterAll(() => cluster.stop());

function start(prompt: string) {
  return cluster.tasks.start({ prompt, model: MODEL, workspace });
}

async function kindsOf(taskId: string): Promise<readonly TaskEvent['kind'][]> {
  const { events } = await cluster.tasks.status(taskId);
  return events.map(({ kind }) => kind);
}

function treeOf(taskId: string): string {
  return join(cluster.directory, 'data', 'workspaces', taskId, 'tree');
}

async function begun(taskId: string): Promise<void> {
  await eventually('the command has begun', async () => (existsSync(join(treeOf(taskId), 'started')) ? true : undefined));
}

describe('a message to a running task', () => {
  test('waits for the end of its work, and is one message however often it is sent', async () => {
    const { taskId } = await start('do a long piece of work');
    await begun(taskId);
    const message = { text: 'and then the other', mode: 'enqueue', requestId: 'r-1' } as const;
    const first = await cluster.tasks.send(taskId, message);
    const again = await cluster.tasks.send(taskId, message);

    const result = await cluster.tasks.result(taskId);

    expect([first.isRepeated, again.requestId]).toEqual([false, 'r-1']);
    expect(result).toMatchObject({ state: 'completed', output: 'Both are done.' });
    expect(result.diff).toContain('+ended');
    expect(result.diff).toContain('+other');
    expect((await kindsOf(taskId)).filter((kind) => kind === 'message-received')).toHaveLength(1);
  });

  test('interrupts a command at once, and the model is told that it may have run in part', async () => {
    const { taskId } = await start('do a long piece of work');
    await begun(taskId);
    const sent = await runAnyport(['tasks', 'send', taskId, 'stop that', '--mode', 'interrupt', '--temporal', cluster.address]);

    const result = await cluster.tasks.result(taskId);

    expect(sent.code).toBe(0);
    expect(result).toMatchObject({ state: 'completed', output: 'Stopped.' });
    expect(result.diff).toContain('+begun');
    expect(result.diff).not.toContain('+ended');
    expect(result.diff).toContain('+quick');
    const { events } = await cluster.tasks.status(taskId);
    expect(events).toContainEqual(expect.objectContaining({ kind: 'tool-ended', outcome: 'unknown' }));
    expect(events).toContainEqual(expect.objectContaining({ kind: 'interrupted' }));
  });

  test('interrupts an answer that is being generated, and the next turn reads it', async () => {
    await cluster.setFaults('azure-eastus2', [{ kind: 'slow-stream', eventDelayMs: 2_000, count: 1 }]);
    const { taskId } = await start('one thing');
    await eventually('the cloud generates', async () => {
      const requests = await cluster.ledger('azure-eastus2');
      return (
        requests.some(({ metadata, responseId }) => metadata?.['task'] === taskId && typeof responseId === 'string') || undefined
      );
    });
    await cluster.tasks.send(taskId, { text: 'stop that', mode: 'interrupt' });

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'completed', output: 'Stopped.' });
    expect(result.attempts[0]).toMatchObject({ turn: 1, outcome: 'cancelled' });
    expect(result.attempts.slice(1).every(({ turn }) => turn > 1)).toBe(true);
    expect(result.diff).not.toContain('+one');
  });

  test('is refused by mode "reject" while the task is at work', async () => {
    const { taskId } = await start('do a long piece of work');
    await begun(taskId);

    await expect(cluster.tasks.send(taskId, { text: 'and then the other', mode: 'reject' })).rejects.toMatchObject({
      problem: 'refused',
      message: expect.stringContaining('the task is at work'),
    });
    await cluster.tasks.cancel(taskId);
  });

  test.each([
    [{ text: '', mode: 'steer' }, 'text says what the task is to do'],
    [{ text: 'x', mode: 'rollback', toTurn: 99 }, 'toTurn is the last turn to keep: a whole number from 0 to '],
    [{ text: 'x', mode: 'steer', requestId: 'a b' }, 'requestId is 1 to 64'],
    [{ text: 'x', mode: 'steer', toTurn: 1 }, 'toTurn is for mode "rollback" alone'],
  ] as const)('that is none is refused with words: %j', async (message, words) => {
    const { taskId } = await start('do a long piece of work');

    await expect(cluster.tasks.send(taskId, message)).rejects.toMatchObject({ message: expect.stringContaining(words) });
    await cluster.tasks.cancel(taskId);
  });
});

describe('a message to a task that has ended', () => {
  test('lets it go on where it was, with its files and what was said, under the same id', async () => {
    const { taskId } = await start('one thing');
    const before = await cluster.tasks.result(taskId);
    await cluster.tasks.send(taskId, { text: 'and then the other', mode: 'reject' });

    const result = await cluster.tasks.result(taskId);

    expect(before.diff).not.toContain('other');
    expect(result).toMatchObject({ state: 'completed', output: 'Both are done.', turns: 5 });
    expect(result.diff).toContain('+one');
    expect(result.diff).toContain('+other');
    expect(existsSync(treeOf(taskId))).toBe(false);
  });

  test('lets it go on after a cancel in the middle of a call, whose end the model is told as unknown', async () => {
    const { taskId } = await start('do a long piece of work');
    await begun(taskId);
    await cluster.tasks.send(taskId, { text: 'and then the other', mode: 'enqueue' });
    await cluster.tasks.cancel(taskId);
    expect((await cluster.tasks.result(taskId)).state).toBe('cancelled');

    await cluster.tasks.send(taskId, { text: 'go on', mode: 'enqueue' });

    expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'completed', output: 'Both are done.' });
  });

  test('is read after those that a failed task did not come to read', async () => {
    const { taskId } = await cluster.tasks.start({ prompt: 'do a short piece of work', model: MODEL, workspace, maxTurns: 1 });
    await begun(taskId);
    await cluster.tasks.send(taskId, { text: 'and then the other', mode: 'enqueue' });
    expect((await cluster.tasks.result(taskId)).state).toBe('failed');

    await cluster.tasks.send(taskId, { text: 'go on', mode: 'enqueue' });

    expect((await cluster.tasks.result(taskId)).diff).toContain('+other');
  });

  test('that had come before its end changes nothing', async () => {
    const { taskId } = await start('do a long piece of work');
    await begun(taskId);
    const message = { text: 'and then the other', mode: 'enqueue', requestId: 'r-2' } as const;
    const first = await cluster.tasks.send(taskId, message);
    const before = await cluster.tasks.result(taskId);

    expect(await cluster.tasks.send(taskId, message)).toEqual(first);
    const after = await cluster.tasks.result(taskId);

    expect(after).toMatchObject({ state: 'completed', output: before.output, turns: before.turns });
    expect(after.diff).toBe(before.diff);
  });

  test('rolls it back to the end of a turn, files and conversation alike, and it goes on from there', async () => {
    const { taskId } = await start('one thing');
    await cluster.tasks.result(taskId);
    await cluster.tasks.send(taskId, { text: 'go back', mode: 'rollback', toTurn: 1 });

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'completed', output: 'Back.' });
    expect(result.diff).toContain('+++ b/one.txt');
    expect(result.diff).not.toContain('two.txt');
    expect(await kindsOf(taskId)).toContain('rolled-back');
    expect(readFileSync(join(workspace, 'readme.txt'), 'utf8')).toBe('hello\n');
  });

  test('is refused when there never was such a task', async () => {
    await expect(cluster.tasks.send('nobody', { text: 'x', mode: 'enqueue' })).rejects.toMatchObject({ problem: 'not-found' });
  });
});
