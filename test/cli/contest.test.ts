import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';
import { jsonLines, runAnyport } from './support/run-anyport.ts';

// Each command is a process of its own, beside a cluster's.
vi.setConfig({ testTimeout: 60_000 });

/** The folder of the n-th contender ends with `<id>-<n>/tree`: the first one makes something else. */
const WRITE = 'case "$PWD" in *-1/tree) echo bad > work.txt;; *) echo good > work.txt;; esac';
const SCRIPT = [
  {
    when: { inputContains: 'write it' },
    turns: [{ toolCalls: [{ name: 'exec_command', input: { cmd: WRITE } }] }, { text: 'Written.' }],
  },
  {
    when: { inputContains: 'take long' },
    turns: [{ toolCalls: [{ name: 'exec_command', input: { cmd: 'sleep 50' } }] }, { text: 'At last.' }],
  },
];

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ script: SCRIPT, endpoints: ['azure-eastus2'] });
});
afterAll(() => cluster.stop());

function aRepository(name: string): string {
  return layOutGitRepository(join(cluster.directory, name), { 'readme.txt': 'hello\n' });
}

/** Whose commits they are; a machine need not say so. */
const IDENTITY = {
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@localhost',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@localhost',
};

function anyport(...args: readonly string[]) {
  return runAnyport([...args, '--temporal', cluster.address], { environment: IDENTITY });
}

describe('anyport run --attempts', () => {
  test('tells what each contender does, who won and why, and applies what the winner made', async () => {
    const workspace = aRepository('applied');
    const flags = ['--attempts', '2', '--check', 'grep good work.txt', '--apply', '--task-id', 'applied'];

    const { code, stdout } = await anyport('run', 'write it', '--workspace', workspace, ...flags);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^1 │ turn 1 +azure-eastus2 is asked$/m);
    expect(stdout).toMatch(/^2 │ check +passed$/m);
    expect(stdout).toMatch(/│ 1 +│ applied-2 │ completed │ passed +│ 1 file \+1 -0 │ 2 +│ \$0\.0/);
    expect(stdout).toContain('1. applied-2: its check passed, that of 1 failed (exit code 1)\n');
    expect(stdout).toContain('contest applied completed: contender 2 of 2 won');
    expect(await readFile(join(workspace, 'work.txt'), 'utf8')).toBe('good\n');
  });

  test('applies nothing that no check lets pass, and ends its JSON lines with the result', async () => {
    const workspace = aRepository('refused');
    const flags = ['--attempts', '2', '--at-once', '1', '--check', 'false', '--apply', '--json'];

    const { code, stdout, stderr } = await anyport('run', 'write it', '--workspace', workspace, ...flags);

    const lines = jsonLines(stdout);
    expect(code).toBe(1);
    expect(lines[0]).toMatchObject({ kind: 'contest-started', contenders: 2 });
    expect(lines).toContainEqual(expect.objectContaining({ contender: 2, kind: 'task-ended', state: 'completed' }));
    const taskId = String(lines[0]?.['taskId']);
    expect(lines.at(-1)).toMatchObject({ taskId, state: 'completed', winner: { taskId: `${taskId}-1` } });
    expect(stderr).toContain(`the check failed (exit code 1); take it over all the same with "anyport tasks apply ${taskId}-1"`);
    expect(existsSync(join(workspace, 'work.txt'))).toBe(false);
  });

  test('leaves a contest running on Ctrl-C, which "tasks cancel" ends with all its contenders', async () => {
    const args = ['run', 'take long', '--workspace', aRepository('left'), '--attempts', '2', '--task-id', 'left'];
    const { code, stderr } = await runAnyport([...args, '--temporal', cluster.address], {
      onOutput: (text, interrupt) => {
        if (/1 │ .*sleep 50[^]*2 │ .*sleep 50|2 │ .*sleep 50[^]*1 │ .*sleep 50/.test(text)) interrupt();
      },
    });

    expect(code).toBe(130);
    expect(stderr).toContain('anyport tasks watch left');
    expect((await anyport('tasks', 'show', 'left')).stdout).toMatch(/left-1 +│ running/);
    await anyport('tasks', 'cancel', 'left');
    expect((await anyport('tasks', 'watch', 'left')).code).toBe(3);
    expect((await cluster.tasks.standing('left-2')).standing).toBe('cancelled');
  });

  test('a single task is not applied either when its check fails', async () => {
    const workspace = aRepository('single');

    const { code, stdout, stderr } = await anyport('run', 'write it', '--workspace', workspace, '--check', 'false', '--apply');

    expect(code).toBe(1);
    expect(stdout).toContain('\ncheck: failed (exit code 1)\n');
    expect(stderr).toContain('the check failed (exit code 1)');
    expect(existsSync(join(workspace, 'work.txt'))).toBe(false);
  });

  const inRepository = ['--workspace', '.', '--include-uncommitted'];
  test.each([
    ['one contender', ['--attempts', '1', ...inRepository], '"1" is not a whole number from 2 to 8'],
    ['nine contenders', ['--attempts', '9', ...inRepository], '"9" is not a whole number from 2 to 8'],
    ['contenders without files', ['--attempts', '2'], '--attempts needs a --workspace'],
    ['a check without files', ['--check', 'true'], '--check needs a --workspace'],
    ['--at-once without contenders', ['--at-once', '2', ...inRepository], '--at-once is about the contenders of --attempts'],
    ['more at once than there are', ['--attempts', '2', '--at-once', '3', ...inRepository], 'there are 2 contenders'],
    ['an id too long for contenders', ['--attempts', '2', '--task-id', 'x'.repeat(119), ...inRepository], 'is not a task id'],
  ])('refuses %s with exit code 2', async (_, flags, words) => {
    const { code, stderr } = await anyport('run', 'write it', ...flags);

    expect(stderr).toContain(words);
    expect(code).toBe(2);
  });
});

describe('anyport tasks', () => {
  let workspace: string;

  beforeAll(async () => {
    workspace = aRepository('shown');
    const check = { command: 'grep good work.txt' };
    await cluster.tasks.startContest({ prompt: 'write it', model: MODEL, workspace, check }, { contenders: 2, taskId: 'shown' });
    await cluster.tasks.contestResult('shown');
  });

  test('show tells a contest by place, as text and as JSON', async () => {
    const [text, json] = await Promise.all([anyport('tasks', 'show', 'shown'), anyport('tasks', 'show', 'shown', '--json')]);

    expect(text.stdout).toContain('2. shown-1: its check failed (exit code 1), that of 2 passed');
    expect(jsonLines(json.stdout)[0]).toMatchObject({ isContest: true, state: 'completed', result: { winner: { number: 2 } } });
  });

  test('list has the contest and its contenders', async () => {
    await eventually('Temporal lists them', async () => {
      const ids = (await cluster.tasks.list()).map(({ taskId }) => taskId);
      return ['shown', 'shown-1', 'shown-2'].every((id) => ids.includes(id)) ? true : undefined;
    });

    const { stdout } = await anyport('tasks', 'list');

    expect(stdout).toMatch(/│ shown \(contest\) +│ completed/);
    expect(stdout).toMatch(/│ shown-1 +│ completed/);
  });

  test('diff, apply and branch take any contender by its id, and the winner by that of the contest', async () => {
    const diffs = await Promise.all([anyport('tasks', 'diff', 'shown-1'), anyport('tasks', 'diff', 'shown')]);
    expect(diffs.map(({ stdout }) => /^\+\w+$/m.exec(stdout)?.[0])).toEqual(['+bad', '+good']);

    const [applied, branched] = [await anyport('tasks', 'apply', 'shown-1'), await anyport('tasks', 'branch', 'shown', 'won')];

    expect([applied.code, branched.code]).toEqual([0, 0]);
    expect(await readFile(join(workspace, 'work.txt'), 'utf8')).toBe('bad\n');
    expect(execFileSync('git', ['-C', workspace, 'show', 'won:work.txt'], { encoding: 'utf8' })).toBe('good\n');
  });

  test.each([
    ['send', ['shown', 'hello']],
    ['raise-budget', ['shown', '--usd', '5']],
  ])('%s names the contenders to whom it can be said', async (command, args) => {
    // One that has ended would go on under another type of workflow.
    const { code, stderr } = await anyport('tasks', command, ...args);

    expect(stderr).toContain('shown is a contest: say it to one of its contenders, such as shown-1');
    expect(code).toBe(1);
  });
});
