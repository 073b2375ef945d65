import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ContestOptions } from '../../client/index.ts';
import { taskWorkflowId, toTaskId } from '../../workflows/domain/ids.ts';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';

const AZURE = 'azure-eastus2';
const IDENTITY = ['-c', 'user.name=test', '-c', 'user.email=test@example.invalid'];
const FILTERED = { kind: 'status', reason: 'content-filter' };

/** All contenders are told the same; what differs between them is the folder that they work in, which ends with `<id>-<n>/tree`. */
function inEach(cases: string) {
  return { toolCalls: [{ name: 'exec_command', input: { cmd: `case "$PWD" in ${cases} esac` } }] };
}

const SCRIPT = [
  {
    when: { inputContains: 'differ in quality' },
    turns: [
      inEach('*-1/tree) echo bad > work.txt;; *-2/tree) printf "good\\nlong\\n" > work.txt;; *) echo good > work.txt;;'),
      { text: 'Written.' },
    ],
  },
  {
    when: { inputContains: 'end alike' },
    turns: [inEach('*-1/tree) echo x > x.txt;; *) printf "a\\nb\\nc\\n" > y.txt;;'), { text: 'Done.' }],
  },
  { when: { inputContains: 'wait in the last' }, turns: [inEach('*-2/tree) sleep 50;; *) true;;'), { text: 'Waited.' }] },
  {
    when: { inputContains: 'begin slowly' },
    turns: [{ toolCalls: [{ name: 'exec_command', input: { cmd: 'sleep 6; echo slow >> slow.txt' } }] }, { text: 'Done.' }],
  },
  {
    when: { inputContains: 'begin alike' },
    turns: [{ toolCalls: [{ name: 'exec_command', input: { cmd: 'cat *.txt > all.txt' } }] }, { text: 'Copied.' }],
  },
  {
    when: { inputContains: 'write much' },
    turns: [
      { toolCalls: [{ name: 'exec_command', input: { cmd: 'seq 1 60000 > much.txt' } }] },
      { text: 'Much. '.repeat(5_000) },
    ],
  },
  { when: { inputContains: 'answer' }, turns: [{ text: 'An answer.' }] },
];

let cluster: Cluster;
let workspace: string;

beforeAll(async () => {
  cluster = await startCluster({ script: SCRIPT, endpoints: [AZURE], tenants: { thrifty: { budget: { toolCalls: 9 } } } });
  workspace = layOutGitRepository(join(cluster.directory, 'repository'), { 'readme.txt': 'hello\n' });
});
afterAll(() => cluster.stop());

function start(prompt: string, options: ContestOptions, rest: object = {}) {
  return cluster.tasks.startContest({ prompt, model: MODEL, workspace, ...rest }, options);
}

describe('a contest', () => {
  test('is won by the contender whose check passes with the least change, and says why each has its place', async () => {
    const { taskId } = await start('differ in quality', { contenders: 3 }, { check: { command: 'grep -q good work.txt' } });

    const result = await cluster.tasks.contestResult(taskId);

    expect(result).toMatchObject({ state: 'completed', winner: { number: 3, taskId: `${taskId}-3` }, output: 'Written.' });
    expect(result.diff).toContain('+good');
    expect(result.contenders.map(({ number, because }) => `${number}: ${because}`)).toEqual([
      '3: its check passed, 1 line less than 2',
      '2: its check passed, 1 line more than 3',
      '1: its check failed (exit code 1), that of 2 passed',
    ]);
    const [winner] = result.contenders;
    expect(winner).toMatchObject({ diffStat: { files: 1, insertions: 1, deletions: 0 }, turns: 2, toolCalls: 1 });
    expect(result.costUsdMicros).toBe(result.contenders.reduce((sum, each) => sum + each.costUsdMicros, 0));
    expect(result.costUsdMicros).toBeGreaterThan(2 * (winner?.costUsdMicros ?? 0));
  });

  test('is won by what most contenders came to, though another one changed less', async () => {
    const { taskId } = await start('end alike', { contenders: 3 });

    const { contenders } = await cluster.tasks.contestResult(taskId);

    expect(contenders.map(({ number }) => number).at(-1)).toBe(1);
    expect(contenders[0]?.because).toContain('2 of 3 ended in the same tree');
    expect(contenders[0]?.tree).toBe(contenders[1]?.tree);
  });

  test('has contenders that are tasks of their own, with their diffs', async () => {
    const { taskId } = await start('end alike', { contenders: 2 });
    await cluster.tasks.contestResult(taskId);

    const contender = await cluster.tasks.result(`${taskId}-1`);

    expect(contender).toMatchObject({ state: 'completed', output: 'Done.' });
    expect(contender.diff).toContain('+++ b/x.txt');
    const { checkpoints } = await cluster.tasks.workspace(`${taskId}-1`);
    expect(checkpoints).toHaveLength(2);
  });

  test('goes on when one of them fails, and fails when all do, with their reasons', async () => {
    await cluster.setFaults(AZURE, [{ ...FILTERED, count: 1 }]);
    const one = await start('answer', { contenders: 2, atOnce: 1 });
    const oneFailed = await cluster.tasks.contestResult(one.taskId);
    await cluster.setFaults(AZURE, [FILTERED]);
    const both = await start('answer', { contenders: 2 });

    const allFailed = await cluster.tasks.contestResult(both.taskId);

    await cluster.clearFaults(AZURE);
    expect(oneFailed).toMatchObject({ state: 'completed', winner: { number: 2 }, output: 'An answer.' });
    expect(oneFailed.contenders[1]?.because).toMatch(/^it failed: .*filter/);
    expect(allFailed).toMatchObject({ state: 'failed', output: '', diff: '' });
    expect(allFailed.reason).toMatch(new RegExp(`^none of the 2 contenders completed: ${both.taskId}-1 says: .*filter`));
    expect(allFailed).not.toHaveProperty('winner');
    expect(await cluster.tasks.standing(both.taskId)).toMatchObject({ standing: 'failed', isContest: true });
  });

  test('that nobody may serve fails before any contender begins', async () => {
    const { taskId } = await start('answer', { contenders: 2 }, { model: 'gpt-none' });

    const result = await cluster.tasks.contestResult(taskId);

    expect(result).toMatchObject({ state: 'failed', reason: expect.stringContaining('gpt-none'), costUsdMicros: 0 });
    await expect(cluster.tasks.standing(`${taskId}-1`)).rejects.toMatchObject({ problem: 'not-found' });
  });

  test('has all of them stop when it is cancelled, and tells what they have', async () => {
    const { taskId } = await start('wait in the last', { contenders: 3, atOnce: 2 });
    await eventually('the first has ended, and the others run', async () => {
      const { contenders } = await cluster.tasks.contestStatus(taskId);
      const second = await cluster.tasks.status(`${taskId}-2`).catch(() => undefined);
      return contenders[0]?.state === 'completed' && second?.state === 'running-tools' ? true : undefined;
    });

    await cluster.tasks.cancel(taskId);

    const result = await cluster.tasks.contestResult(taskId);
    expect(result).toMatchObject({ state: 'cancelled', diff: '' });
    expect(result).not.toHaveProperty('winner');
    expect(result.contenders.find(({ number }) => number === 2)).toMatchObject({ state: 'cancelled', hasResult: true });
    const { paid } = await cluster.tasks.result(`${taskId}-2`);
    expect(result.contenders.find(({ number }) => number === 2)?.costUsdMicros).toBe(paid.usdMicros);
    expect(paid.usdMicros).toBeGreaterThan(0);
    expect((await cluster.tasks.standing(`${taskId}-2`)).standing).toBe('cancelled');
    expect(await cluster.tasks.contestStatus(taskId)).toMatchObject({ state: 'cancelled', atOnce: 2 });
  });

  test('goes on without a contender that is cancelled alone, or ended by an operator', async () => {
    const { taskId } = await start('wait in the last', { contenders: 3 });
    await running(`${taskId}-2`);
    await cluster.tasks.cancel(`${taskId}-2`);
    const other = await start('wait in the last', { contenders: 2 });
    await running(`${other.taskId}-2`);
    await cluster.temporal.workflow.getHandle(taskWorkflowId(toTaskId(`${other.taskId}-2`))).terminate();

    const [result, without] = await Promise.all([taskId, other.taskId].map((id) => cluster.tasks.contestResult(id)));

    expect(result).toMatchObject({ state: 'completed', winner: { number: 1 } });
    expect(result?.contenders.at(-1)).toMatchObject({ number: 2, state: 'cancelled' });
    expect(without?.contenders.at(-1)?.because).toBe('it failed: it was ended from outside, without a result');
  });

  test('goes on when its worker is killed in the middle, with the same contenders', async () => {
    const { taskId } = await start('begin slowly', { contenders: 2 });
    await Promise.all([running(`${taskId}-1`), running(`${taskId}-2`)]);
    const worker = cluster.worker();
    worker.kill();
    await worker.exited;
    await cluster.startWorker();

    const result = await cluster.tasks.contestResult(taskId);

    expect(result).toMatchObject({ state: 'completed', winner: { number: 1 } });
    expect(result.contenders.map(({ state, turns }) => [state, turns])).toEqual([
      ['completed', 2],
      ['completed', 2],
    ]);
    expect(result.contenders[0]?.because).toContain('2 of 2 ended in the same tree');
    expect(result.diff).toContain('+++ b/slow.txt');
  });

  test('gives all of them the same files, though the repository goes on meanwhile', async () => {
    const moving = layOutGitRepository(join(cluster.directory, 'moving'), { 'a.txt': 'one\n' });
    writeFileSync(join(moving, 'b.txt'), 'not committed\n');
    const { taskId } = await start('begin alike', { contenders: 2, atOnce: 1 }, { workspace: moving, includeUncommitted: true });
    await eventually('the first runs', async () => {
      const { contenders } = await cluster.tasks.contestStatus(taskId);
      return contenders[0]?.state === 'to-start' ? undefined : true;
    });
    writeFileSync(join(moving, 'b.txt'), 'changed since\n');
    execFileSync('git', ['-C', moving, ...IDENTITY, 'commit', '--quiet', '--allow-empty', '--message', 'since']);

    const { contenders, diff } = await cluster.tasks.contestResult(taskId);

    expect(contenders.map(({ state }) => state)).toEqual(['completed', 'completed']);
    expect(contenders[0]?.tree).toBe(contenders[1]?.tree);
    expect(diff).toContain('+one\n+not committed\n');
  });

  test('shares out its budget, which is the tenant’s where it has none', async () => {
    const own = await start('end alike', { contenders: 2, atOnce: 1 }, { budget: { turns: 8 } });
    const tenants = await start('end alike', { contenders: 2 }, { tenant: 'thrifty' });
    await Promise.all([own, tenants].map(({ taskId }) => cluster.tasks.contestResult(taskId)));

    const budgets = await Promise.all(
      [own, tenants].flatMap(({ taskId }) =>
        [1, 2].map(async (number) => (await cluster.tasks.status(`${taskId}-${number}`)).budget),
      ),
    );

    // The first has used 2 of its 4 turns, so 6 are left for the second.
    expect(budgets).toEqual([{ turns: 4 }, { turns: 6 }, { toolCalls: 4 }, { toolCalls: 5 }]);
  });

  test('has room for long requests, answers and diffs of all its contenders', async () => {
    // Together more than Temporal takes in one message (4 MB), each less than it takes in one payload (2 MB).
    const { taskId } = await start(`write much ${'really '.repeat(100_000)}`, { contenders: 7 });

    const result = await cluster.tasks.contestResult(taskId);

    expect(result.contenders.map(({ state }) => state)).toEqual(Array.from({ length: 7 }, () => 'completed'));
    expect(result.diff.length).toBeGreaterThan(350_000);
    expect(JSON.stringify(result).length).toBeLessThan(600_000);
  });

  test('with a budget too small to share begins nothing', async () => {
    const { taskId } = await start('answer', { contenders: 3 }, { budget: { turns: 2 } });

    const { state, reason, contenders } = await cluster.tasks.contestResult(taskId);

    expect([state, reason]).toEqual([
      'failed',
      'the budget is 2 turns: an even share for each of 3 contenders is too little for anything',
    ]);
    expect(contenders.map(({ because }) => because)).toContain('it was cancelled: before it began');
  });
});

describe('the id of a contest', () => {
  test('started twice is one contest, and has ended then', async () => {
    const options = { contenders: 2, taskId: 'twice' };
    const started = [await start('answer', options), await start('something else', options)];

    const result = await cluster.tasks.contestResult('twice');

    expect(started).toEqual([{ taskId: 'twice' }, { taskId: 'twice' }]);
    expect(result.output).toBe('An answer.');
    await expect(start('answer', options)).rejects.toMatchObject({ problem: 'already-ended' });
    await expect(cluster.tasks.result('twice')).rejects.toMatchObject({ problem: 'refused' });
  });

  test('is not that of a task that runs', async () => {
    await cluster.tasks.start({ prompt: 'begin slowly', model: MODEL, workspace }, { taskId: 'a-task' });

    await expect(start('answer', { contenders: 2, taskId: 'a-task' })).rejects.toMatchObject({ problem: 'refused' });
    await cluster.tasks.cancel('a-task');
  });

  test('costs it a contender whose own id is taken, and leaves the other task alone', async () => {
    await cluster.tasks.start({ prompt: 'answer', model: MODEL }, { taskId: 'mine-2' });
    const mine = await cluster.tasks.result('mine-2');

    await start('answer', { contenders: 2, taskId: 'mine' });

    const { winner, contenders } = await cluster.tasks.contestResult('mine');
    expect(winner?.number).toBe(1);
    expect(contenders[1]?.because).toBe('it failed: there has been a task of this id before: choose another id');
    expect(await cluster.tasks.result('mine-2')).toEqual(mine);
  });
});

test.each([
  ['one contender', { contenders: 1 }, 'contenders is 1: write a whole number from 2 to 8'],
  ['nine contenders', { contenders: 9 }, 'contenders is 9: write a whole number from 2 to 8'],
  ['half a contender', { contenders: 2.5 }, 'contenders is 2.5: write a whole number from 2 to 8'],
  ['none at once', { contenders: 2, atOnce: 0 }, 'atOnce is 0: write a whole number from 1 to 2'],
  ['more at once than there are', { contenders: 2, atOnce: 3 }, 'atOnce is 3: write a whole number from 1 to 2'],
])('a contest of %s is refused', async (_, options, words) => {
  await expect(start('answer', options)).rejects.toThrow(words);
});

test('a contest without files, or without words, is refused', async () => {
  const request = { prompt: 'answer', model: MODEL };

  await expect(cluster.tasks.startContest(request, { contenders: 2 })).rejects.toThrow('workspace is missing');
  await expect(start(' ', { contenders: 2 })).rejects.toThrow('prompt is " "');
});

async function running(taskId: string): Promise<void> {
  await eventually(`${taskId} runs a command`, async () => {
    const status = await cluster.tasks.status(taskId).catch(() => undefined);
    return status?.state === 'running-tools' ? true : undefined;
  });
}
