import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createRunCheck } from '../../activities/run-check.ts';
import { createSandbox } from '../../activities/sandbox/create-sandbox.ts';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import type { TaskStore } from '../../activities/store/task-store.ts';
import { openWorkspace } from '../../activities/workspace/open-workspace.ts';
import { createWorkspaceKeeper } from '../../activities/workspace/workspace-keeper.ts';
import type { CheckReport } from '../../workflows/domain/task-check.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import { LIMITS, put, scratchFolder, step, TASK } from '../workspace/keeper-scene.ts';

interface Scene {
  readonly tree: string;
  readonly store: TaskStore;
  check(command: string, timeoutMs?: number): Promise<CheckReport>;
  cancelled(command: string, after: () => boolean): Promise<CheckReport>;
  outputOf(report: CheckReport): Promise<string>;
}

/** A workspace in which a task has changed one file and installed something that git ignores. */
async function aWorkspace(): Promise<Scene> {
  const directory = scratchFolder();
  const repository = layOutGitRepository(join(directory, 'repository'), { 'a.txt': 'one\n', '.gitignore': 'installed\n' });
  const store = await openSqliteTaskStore(join(directory, 'a.db'));
  onTestFinished(() => store.close());
  const opened = await openWorkspace({ repository, includeUncommitted: false, directory: join(directory, 'workspaces', TASK) });
  const workspace = { ...opened, hostId: 'h', repository, sandbox: 'none' } as const;
  await store.putWorkspace(TASK, workspace);
  const keeper = createWorkspaceKeeper({ store, hostId: 'h', dataDirectory: directory, limits: LIMITS });
  await keeper.begin(TASK, workspace);
  put(opened.directory, { 'a.txt': 'two\n', installed: 'here\n' });
  await keeper.checkpoint(TASK, workspace, step(1));
  const runCheck = createRunCheck({ store, hostId: 'h', keeper, sandboxOf: ({ sandbox }) => createSandbox(sandbox) });
  const environment = () =>
    new MockActivityEnvironment(
      { workflowExecution: { workflowId: `agent-task/${TASK}`, runId: 'run' } },
      { logger: new DefaultLogger('ERROR') },
    );
  return {
    tree: opened.directory,
    store,
    check: (command, timeoutMs = 60_000) =>
      environment().run<[], CheckReport, () => Promise<CheckReport>>(() => runCheck({ command, timeoutMs })),
    async cancelled(command, after) {
      const running = environment();
      const timer = setInterval(() => after() && running.cancel('CANCELLED', { cancelRequested: true } as never), 20);
      return running
        .run<[], CheckReport, () => Promise<CheckReport>>(() => runCheck({ command, timeoutMs: 60_000 }))
        .finally(() => clearInterval(timer));
    },
    async outputOf({ output = '' }) {
      const item = await store.getItem(TASK, output);
      return item.kind === 'tool-result' ? item.output : '';
    },
  };
}

test('passes by exit code 0, on what the task left and what is ignored beside it', async () => {
  const { check, outputOf } = await aWorkspace();

  const report = await check('cat a.txt installed');

  expect(report).toMatchObject({ outcome: 'passed', exitCode: 0, excerpt: 'here', wallTimeMs: expect.any(Number) });
  expect(await outputOf(report)).toBe('two\nhere\n');
});

test('fails by any other exit code, and by a signal', async () => {
  const { check } = await aWorkspace();

  expect(await check('echo "2 of 3 tests failed"; exit 7')).toMatchObject({
    outcome: 'failed',
    exitCode: 7,
    excerpt: '2 of 3 tests failed',
  });
  expect(await check('kill -9 $$')).toMatchObject({ outcome: 'failed' });
});

test('leaves the files as they were, whatever it does to them', async () => {
  const { tree, check } = await aWorkspace();

  const report = await check('rm a.txt; mkdir made; echo x > made/b.txt; echo more >> installed; exit 1');

  expect(report.outcome).toBe('failed');
  expect(readFileSync(join(tree, 'a.txt'), 'utf8')).toBe('two\n');
  expect(existsSync(join(tree, 'made'))).toBe(false);
});

test('begins with the task’s own files after a worker died in the middle of a check', async () => {
  const { tree, check } = await aWorkspace();
  put(tree, { 'a.txt': 'of the check that was cut short\n', 'left.txt': 'behind\n' });

  const report = await check('test "$(cat a.txt)" = two && test ! -e left.txt');

  expect(report.outcome).toBe('passed');
});

test('makes files again that are gone whole', async () => {
  const { tree, check } = await aWorkspace();
  rmSync(tree, { recursive: true });

  expect((await check('grep two a.txt')).outcome).toBe('passed');
});

test('is ended when its time is over', async () => {
  const { check } = await aWorkspace();

  expect(await check('echo begun; sleep 30', 300)).toMatchObject({ outcome: 'timed-out', excerpt: 'begun' });
});

test('keeps the head and the tail of a long output', async () => {
  const { check, outputOf } = await aWorkspace();

  const report = await check('echo first; head -c 3000000 /dev/zero | tr "\\0" x; echo; echo last');

  const output = await outputOf(report);
  expect(output.length).toBeLessThan(201_000);
  expect(output).toMatch(/^first\n.*\nlast\n$/s);
});

test('shows no control characters of its last line', async () => {
  const { check } = await aWorkspace();

  expect((await check(String.raw`printf 'a\033[31m\342\200\256b'`)).excerpt).toBe('a [31m b');
});

test('is stopped with the task, and its files are put back', async () => {
  const { tree, cancelled } = await aWorkspace();
  const begun = join(tree, 'begun');

  await expect(cancelled('echo > begun; sleep 30', () => existsSync(begun))).rejects.toThrow(/cancel/i);

  expect(existsSync(begun)).toBe(false);
});

test('waits for one that Temporal has given up and that still runs: both would put back the same files', async () => {
  const { check } = await aWorkspace();
  const alone = 'mkdir here && sleep 0.5 && rmdir here';

  const [first, second] = await Promise.all([check(alone), check(alone)]);

  expect([first.outcome, second.outcome]).toEqual(['passed', 'passed']);
});
