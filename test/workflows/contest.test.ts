import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ContestOptions } from '../../client/index.ts';
import { MODEL } from '../support/builders.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';

const AZURE = 'azure-eastus2';

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
    when: { inputContains: 'begin alike' },
    turns: [{ toolCalls: [{ name: 'exec_command', input: { cmd: 'cat *.txt > all.txt' } }] }, { text: 'Copied.' }],
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
});
