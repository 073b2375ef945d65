/** The commands about files against a worker that answers from a real store, about workspaces of real repositories. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createReportWorkspace } from '../../activities/report-workspace.ts';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import type { TaskStore } from '../../activities/store/task-store.ts';
import { openWorkspace } from '../../activities/workspace/open-workspace.ts';
import { createWorkspaceKeeper } from '../../activities/workspace/workspace-keeper.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import { git, layOutGitRepository } from '../support/git-repository.ts';
import { LIMITS, put } from '../workspace/keeper-scene.ts';
import { jsonLines, runAnyport } from './support/run-anyport.ts';
import type { ScriptedWorker } from './support/scripted-worker.ts';
import { startScriptedWorker } from './support/scripted-worker.ts';

const PERSON = {
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@localhost',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@localhost',
};

let worker: ScriptedWorker;
let store: TaskStore;
let directory: string;
let repository: string;
let tasks = 0;
let taskId: string;
let tree: string;
/** Changes its files once more. */
let goOn: (change: () => void) => Promise<unknown>;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'anyport-checkpoints-'));
  store = await openSqliteTaskStore(join(directory, 'a.db'));
  const reportWorkspace = createReportWorkspace({ store, hostId: 'h', dataDirectory: join(directory, 'data') });
  worker = await startScriptedWorker({ reportWorkspace });
});

afterAll(async () => {
  await worker.stop();
  await store.close();
  rmSync(directory, { recursive: true });
});

/** A task that has done three things to its files; Temporal has forgotten it already, as it does with ended ones. */
beforeEach(async () => {
  tasks += 1;
  taskId = `task-${tasks}`;
  repository = layOutGitRepository(join(directory, `repository-${tasks}`), { 'a.txt': 'one\n', 'run.sh': '#!/bin/sh\n' });
  const root = join(directory, taskId);
  const opened = await openWorkspace({ repository, includeUncommitted: false, directory: root });
  const workspace = { ...opened, hostId: 'h', repository, sandbox: 'none' } as const;
  const task = toTaskId(taskId);
  await store.putWorkspace(task, workspace);
  const keeper = createWorkspaceKeeper({ store, hostId: 'h', dataDirectory: directory, limits: LIMITS });
  await keeper.begin(task, workspace);
  tree = opened.directory;
  let turn = 0;
  goOn = async (change) => {
    change();
    turn += 1;
    const key = { taskId: task, turn, callId: 'c' };
    await store.startToolCall(key, turn === 1 ? 'apply_patch' : 'exec_command', 'workspace');
    await keeper.checkpoint(task, workspace, key);
  };
  for (const change of [addFile, editFile, addOddities]) await goOn(change);
});

const addFile = (): void => put(tree, { 'src/new.txt': 'new\n' });
const editFile = (): void => put(tree, { 'a.txt': 'two\n' });
const addOddities = (): void => {
  put(tree, { 'latin1.txt': Buffer.from([0xe9, 0x0a]), 'huge.bin': Buffer.alloc(LIMITS.maxFileBytes + 1) });
  execFileSync('sh', ['-c', 'mkdir -p empty/inner && chmod +x run.sh'], { cwd: tree });
  symlinkSync('a.txt', join(tree, 'link'));
};

const anyport = (...args: readonly string[]) =>
  runAnyport(['tasks', ...args, '--temporal', worker.address], { environment: PERSON });

describe('anyport tasks checkpoints', () => {
  test('lists every state that is kept, by what it was taken after, and names what is left out', async () => {
    const { code, stdout, stderr } = await anyport('checkpoints', taskId);

    expect(code).toBe(0);
    const rows = stdout.split('\n').filter((line) => /^│ +\d/.test(line));
    expect(
      rows.map((row) =>
        row
          .split('│')
          .slice(1, 4)
          .map((cell) => cell.trim()),
      ),
    ).toEqual([
      ['0', '', 'opening'],
      ['1', '1', 'apply_patch'],
      ['2', '2', 'exec_command'],
      ['3', '3', 'exec_command'],
    ]);
    expect(stderr).toContain('huge.bin (65537 bytes), too large');
    expect(jsonLines((await anyport('checkpoints', taskId, '--json')).stdout)[3]).toMatchObject({
      sequence: 3,
      tool: 'exec_command',
      emptyFolders: ['empty/inner'],
      leftOut: [{ path: 'huge.bin', reason: 'too-large' }],
    });
  });

  test('tells a task that nobody knows from one without a workspace', async () => {
    const nobody = await anyport('checkpoints', 'nobody');
    const started = await runAnyport(['run', 'hello', '--task-id', `plain-${tasks}`, '--temporal', worker.address]);
    const plain = await anyport('checkpoints', `plain-${tasks}`);

    expect([nobody.code, started.code, plain.code]).toEqual([1, 0, 1]);
    expect(nobody.stderr).toContain('there is no task nobody');
    expect(plain.stderr).toContain(`task plain-${tasks} has no workspace`);
  });
});

describe('anyport tasks diff', () => {
  test('gives a patch that git applies, of the whole task or between two checkpoints', async () => {
    const { stdout } = await anyport('diff', taskId, '--to', '2');
    execFileSync('git', ['apply'], { cwd: repository, input: stdout });

    expect(readFileSync(join(repository, 'a.txt'), 'utf8')).toBe('two\n');
    expect(readFileSync(join(repository, 'src/new.txt'), 'utf8')).toBe('new\n');
    const between = (await anyport('diff', taskId, '--from', '1', '--to', '2')).stdout;
    expect(between).toContain('+two');
    expect(between).not.toContain('src/new.txt');
    expect((await anyport('diff', taskId, '--from', '1', '--to', '2', '--stat')).stdout).toContain('1 file changed');
  });

  test.each([
    [['--to', '9'], 1, 'no checkpoint 9; it has 0 to 3'],
    [['--from', '-1'], 2, 'is no checkpoint: use a whole number'],
  ])('with %j says what is wrong', async (flags, code, words) => {
    const outcome = await anyport('diff', taskId, ...flags);

    expect(outcome.code).toBe(code);
    expect(outcome.stderr).toContain(words);
  });
});

describe('anyport tasks restore', () => {
  test('writes every file of a checkpoint into a new folder, and nothing of git', async () => {
    const folder = join(directory, `restored-${tasks}`);

    const { code, stdout } = await anyport('restore', taskId, '--to', folder);

    expect(code).toBe(0);
    expect(stdout).toContain(`checkpoint 3 of task ${taskId} is in ${folder}`);
    expect(readFileSync(join(folder, 'latin1.txt'))).toEqual(Buffer.from([0xe9, 0x0a]));
    expect(readlinkSync(join(folder, 'link'))).toBe('a.txt');
    expect(lstatSync(join(folder, 'run.sh')).mode & 0o100).toBe(0o100);
    expect(lstatSync(join(folder, 'empty/inner')).isDirectory()).toBe(true);
    expect(['.git', 'huge.bin'].map((name) => existsSync(join(folder, name)))).toEqual([false, false]);
  });

  test('of an older checkpoint has its files, also when the workspace is gone', async () => {
    const folder = join(directory, `restored-${tasks}`);
    rmSync(join(directory, taskId), { recursive: true });

    await anyport('restore', taskId, '--checkpoint', '1', '--to', folder);

    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('one\n');
    expect(existsSync(join(folder, 'latin1.txt'))).toBe(false);
  });

  test('brings files of any size, in as many parts as that takes', async () => {
    const contents = Array.from({ length: 12 }, () => randomBytes(60_000));
    await goOn(() => contents.forEach((content, index) => put(tree, { [`random-${index}.bin`]: content })));
    const folder = join(directory, `restored-${tasks}`);

    await anyport('restore', taskId, '--to', folder);

    expect(contents.map((_, index) => readFileSync(join(folder, `random-${index}.bin`)))).toEqual(contents);
  });

  test('touches no folder in which something is', async () => {
    const { code, stderr } = await anyport('restore', taskId, '--to', repository);

    expect(code).toBe(2);
    expect(stderr).toContain(`${repository} is not empty`);
  });
});

describe('anyport tasks apply', () => {
  test('takes the changes over into the task’s repository, not staged', async () => {
    const { code, stdout } = await anyport('apply', taskId);

    expect(code).toBe(0);
    expect(stdout).toContain(`applied to ${repository}`);
    expect(git(repository, 'status', '--short')).toBe(' M a.txt\n M run.sh\n?? latin1.txt\n?? link\n?? src/\n');
    expect(readFileSync(join(repository, 'latin1.txt'))).toEqual(Buffer.from([0xe9, 0x0a]));
  });

  test('applies all or nothing to a checkout that has changed, and keeps the changes in a file', async () => {
    writeFileSync(join(repository, 'a.txt'), 'other\n');

    const { code, stderr } = await anyport('apply', taskId, '--workspace', repository);

    const saved = /they are in (\S+):/.exec(stderr)?.[1] ?? '';
    expect(code).toBe(1);
    expect(readFileSync(saved).includes(Buffer.from([0x2b, 0xe9, 0x0a]))).toBe(true);
    expect(existsSync(join(repository, 'src/new.txt'))).toBe(false);
    rmSync(saved);
  });
});

describe('anyport tasks branch', () => {
  test('makes a branch of one commit by the person, beside what is checked out', async () => {
    writeFileSync(join(repository, 'a.txt'), 'in the middle of something\n');
    git(repository, 'add', 'a.txt');
    const state = (): string => git(repository, 'status', '--short', '--branch') + git(repository, 'diff', '--cached');
    const before = state();

    const { code, stdout } = await anyport('branch', taskId, 'from/task', '--checkpoint', '2');

    expect(code).toBe(0);
    expect(stdout).toContain(`branch from/task is at ${git(repository, 'rev-parse', 'from/task').trim()}`);
    expect(state()).toBe(before);
    expect(git(repository, 'log', '--format=%an %s', 'from/task')).toBe(`Ada Changes of task ${taskId}\ntest Begin\n`);
    expect(git(repository, 'show', '--stat', '--format=', 'from/task')).toContain('2 files changed');
    expect(git(repository, 'show', 'from/task:a.txt')).toBe('two\n');
  });

  test.each([
    ['main', [], 'there is a branch "main"'],
    ['a..b', [], '"a..b" is no name of a branch'],
    ['new', ['--workspace', 'other'], 'at which the task began, is not in'],
  ])('refuses %s with %j: %s', async (name, flags, words) => {
    const other = layOutGitRepository(join(directory, `other-${tasks}`), { 'b.txt': 'b\n' });

    const { code, stderr } = await anyport('branch', taskId, name, ...flags.map((flag) => (flag === 'other' ? other : flag)));

    expect(code).toBe(2);
    expect(stderr).toContain(words);
  });
});

test('without a worker every one of them says so', async () => {
  const idle = await startScriptedWorker();
  await idle.stopWorkers();
  try {
    const { code, stderr } = await runAnyport(['tasks', 'checkpoints', 'any', '--temporal', idle.address]);

    expect(code).toBe(1);
    expect(stderr).toContain('no worker answers for the workspace of task any');
  } finally {
    await idle.stop();
  }
});
