import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createCloseWorkspace } from '../../activities/close-workspace.ts';
import type { CollectDiffDependencies } from '../../activities/collect-diff.ts';
import { createCollectDiff } from '../../activities/collect-diff.ts';
import type { MoveWorkspaceDependencies } from '../../activities/move-workspace.ts';
import { createMoveWorkspace } from '../../activities/move-workspace.ts';
import { createOpenWorkspace } from '../../activities/open-workspace.ts';
import { createReportWorkspace } from '../../activities/report-workspace.ts';
import { createSandbox } from '../../activities/sandbox/create-sandbox.ts';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import type { TaskStore, WorkspaceRecord } from '../../activities/store/task-store.ts';
import { createSetUp } from '../../activities/workspace/set-up.ts';
import { CommandSessions } from '../../activities/tools/command-sessions.ts';
import { createWorkspaceKeeper } from '../../activities/workspace/workspace-keeper.ts';
import type { WorkspaceOverview, WorkspaceQuestion } from '../../workflows/domain/workspace-report.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import { LIMITS, put, scratchFolder, step, TASK } from '../workspace/keeper-scene.ts';

const SETTINGS = {
  rules: [{ when: 'lock.json', run: 'mkdir installed && echo "$PWD" > changed.txt' }],
  repositoryScript: false,
  cacheMaxBytes: 0,
};
const UNUSABLE = { kind: 'unusable', reason: 'not here', remedy: 'install it' } as const;

type HostDependencies = MoveWorkspaceDependencies & CollectDiffDependencies;

interface HostOfActivities {
  readonly dependencies: HostDependencies;
  open(includeUncommitted?: boolean): Promise<{ readonly queue: string; readonly baseCommit: string }>;
  move(from: string): Promise<{ readonly queue: string }>;
  collect(): ReturnType<ReturnType<typeof createCollectDiff>>;
  close(): Promise<void>;
  report(question: WorkspaceQuestion): Promise<Buffer>;
  workspace(): Promise<WorkspaceRecord>;
}

async function aCluster(files: Readonly<Record<string, string>> = { 'a.txt': 'one\n', '.gitignore': 'installed\n' }) {
  const directory = scratchFolder();
  const repository = layOutGitRepository(join(directory, 'repository'), files);
  const store = await openSqliteTaskStore(join(directory, 'a.db'));
  onTestFinished(() => store.close());
  return {
    directory,
    repository,
    store,
    host: (hostId: string, overrides: Partial<HostDependencies> = {}) =>
      aHost({ directory, repository, store }, { hostId, ...overrides }),
  };
}

function aHost(
  { directory, repository, store }: { directory: string; repository: string; store: TaskStore },
  overrides: { readonly hostId: string } & Partial<HostDependencies>,
): HostOfActivities {
  const { hostId } = overrides;
  const dataDirectory = join(directory, hostId);
  const dependencies: HostDependencies = {
    store,
    dataDirectory,
    sandboxPolicy: 'optional',
    sandboxProbe: UNUSABLE,
    allowedFor: () => [],
    keeper: createWorkspaceKeeper({ store, hostId, dataDirectory, limits: LIMITS }),
    setUp: createSetUp({
      settings: SETTINGS,
      dataDirectory,
      sandboxOf: ({ sandbox }) => createSandbox(sandbox),
      alert: () => undefined,
    }),
    sessions: new CommandSessions(),
    // The hosts these workspaces are moved from are gone.
    hostBeats: { isAlive: () => Promise.resolve(false), stop: () => undefined },
    ...overrides,
  };
  const report = createReportWorkspace(dependencies);
  return {
    dependencies,
    open: (includeUncommitted = false) =>
      inTask(() => createOpenWorkspace(dependencies)({ repository, includeUncommitted, sandbox: 'none' })),
    move: (from) => inTask(() => createMoveWorkspace(dependencies)({ from })),
    collect: () => inTask(createCollectDiff(dependencies)),
    close: () => inTask(createCloseWorkspace(dependencies)),
    async report(question) {
      const parts: Buffer[] = [];
      for (let offset = 0, total = 1; offset < total;) {
        const part = await inTask(() => report({ taskId: TASK, question, offset }));
        const bytes = Buffer.from(part.base64, 'base64');
        expect(part.base64.length).toBeLessThanOrEqual(400_000);
        parts.push(bytes);
        offset += bytes.length;
        total = part.totalBytes;
      }
      return Buffer.concat(parts);
    },
    async workspace() {
      const workspace = await store.getWorkspace(TASK);
      if (workspace === undefined) throw new Error('the task has no workspace');
      return workspace;
    },
  };
}

function inTask<Result>(activity: () => Promise<Result>): Promise<Result> {
  const workflowExecution = { workflowId: `agent-task/${TASK}`, runId: 'run' };
  // Failures are what some of these tests are about; a worker would warn of each.
  const environment = new MockActivityEnvironment({ workflowExecution }, { logger: new DefaultLogger('ERROR') });
  return environment.run<[], Result, () => Promise<Result>>(activity);
}

describe('openWorkspace', () => {
  test('gives the same workspace again, with checkpoint 0, and elsewhere the queue of its host', async () => {
    const { host, store } = await aCluster();
    const first = await host('first').open();

    expect(first).toEqual({ queue: 'hosts/first', baseCommit: expect.stringMatching(/^[0-9a-f]{40}$/) });
    expect(await host('first').open()).toEqual(first);
    expect(await host('second').open()).toEqual(first);
    expect(await store.listCheckpoints(TASK)).toHaveLength(1);
  });

  test('sets the workspace up once, and keeps of it what is ignored and no more', async () => {
    const { host } = await aCluster({ 'lock.json': '{}', '.gitignore': 'installed\n' });
    await host('first').open();
    const { directory } = await host('first').workspace();

    expect(existsSync(join(directory, 'installed'))).toBe(true);
    expect(existsSync(join(directory, 'changed.txt'))).toBe(false);
    // A second time `mkdir` would fail.
    await host('first').open();
    expect((await host('first').collect()).diff).toBe('');
  });

  test('that cannot be set up fails for good, and leaves nothing on the disk', async () => {
    const { host } = await aCluster({ 'lock.json': '{}', installed: 'in the way of its folder' });

    await expect(host('first').open()).rejects.toMatchObject({
      type: 'Workspace.SetUpFailed',
      nonRetryable: true,
      message: expect.stringContaining('installed'),
    });
    expect(readdirSync(join(host('first').dependencies.dataDirectory, 'workspaces'))).toEqual([]);
  });
});

describe('moveWorkspace', () => {
  test('restores the last checkpoint, sets the workspace up again, and tells the queue', async () => {
    const { host } = await aCluster({ 'lock.json': '{}', '.gitignore': 'installed\n' });
    const [lost, heir] = [host('lost'), host('heir')];
    await lost.open();
    const workspace = await lost.workspace();
    put(workspace.directory, { 'a.txt': 'two\n' });
    await lost.dependencies.keeper.checkpoint(TASK, workspace, step(1));
    put(workspace.directory, { 'a.txt': 'cut off\n' });

    expect(await heir.move('hosts/lost')).toEqual({ queue: 'hosts/heir' });

    const { directory } = await heir.workspace();
    expect(readFileSync(join(directory, 'a.txt'), 'utf8')).toBe('two\n');
    expect(existsSync(join(directory, 'installed'))).toBe(true);
    expect(existsSync(join(directory, 'changed.txt'))).toBe(false);
    expect(await host('third').move('hosts/lost')).toMatchObject({ queue: 'hosts/heir' });
  });

  test('does nothing on the host that was thought lost, unless its files are', async () => {
    const { host } = await aCluster();
    const only = host('only');
    await only.open();
    const { directory } = await only.workspace();
    put(directory, { 'a.txt': 'on its way\n' });

    expect(await only.move('hosts/only')).toMatchObject({ queue: 'hosts/only' });
    expect(readFileSync(join(directory, 'a.txt'), 'utf8')).toBe('on its way\n');
    rmSync(join(directory, '..'), { recursive: true });
    await only.move('hosts/only');
    expect(readFileSync(join(directory, 'a.txt'), 'utf8')).toBe('one\n');
  });

  test('leaves to other hosts what it cannot do: no repository here, or no such sandbox', async () => {
    const { host, repository } = await aCluster();
    await host('lost').open();

    await expect(host('strict', { sandboxPolicy: 'required' }).move('hosts/lost')).rejects.toMatchObject({
      type: 'SandboxRefused',
      nonRetryable: false,
    });
    rmSync(repository, { recursive: true });
    await expect(host('heir').move('hosts/lost')).rejects.toMatchObject({ type: 'Workspace.BaseMissing', nonRetryable: false });
  });
});

describe('collectDiff', () => {
  test('tells what is there at the end, though no step has ended with it, and keeps it beyond the workspace', async () => {
    const { host } = await aCluster();
    const first = host('first');
    await first.open();
    const { directory } = await first.workspace();
    put(directory, { 'half.txt': 'of a step that was cancelled\n' });

    const { diff } = await first.collect();
    await first.close();

    expect(diff).toContain('+of a step that was cancelled');
    expect(existsSync(directory)).toBe(false);
    const overview = JSON.parse((await first.report({ kind: 'overview' })).toString()) as WorkspaceOverview;
    expect(overview.checkpoints.map(({ sequence, turn, tool }) => [sequence, turn, tool])).toEqual([
      [0, 0, null],
      [1, -1, null],
    ]);
    expect((await first.report({ kind: 'diff', from: 0, to: 1, form: 'patch' })).toString()).toBe(diff);
  });

  test('tells the last checkpoint when the whole workspace is gone', async () => {
    const { host } = await aCluster();
    const first = host('first');
    await first.open();
    const workspace = await first.workspace();
    put(workspace.directory, { 'a.txt': 'two\n' });
    await first.dependencies.keeper.checkpoint(TASK, workspace, step(1));
    rmSync(join(workspace.directory, '..'), { recursive: true });

    expect((await first.collect()).diff).toContain('+two');
  });

  test('tells of an emptied tree that everything is gone', async () => {
    const { host } = await aCluster();
    const first = host('first');
    await first.open();
    const { directory } = await first.workspace();
    for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true });

    expect(await first.collect()).toMatchObject({
      diff: expect.stringContaining('deleted file mode 100644'),
      diffStat: { files: 2, insertions: 0, deletions: 2 },
    });
  });

  test('names files that are too large for it, and puts one that is no UTF-8 into a file', async () => {
    const { host } = await aCluster();
    const first = host('first');
    await first.open();
    const { directory } = await first.workspace();
    put(directory, { 'huge é.bin': Buffer.alloc(LIMITS.maxFileBytes + 1), 'latin1.txt': Buffer.from([0xe9, 0x0a]) });

    const { diff, diffStat, diffPath = '', leftOut } = await first.collect();

    expect(leftOut).toEqual(['huge é.bin']);
    expect(diff).toBe('');
    expect(diffStat).toEqual({ files: 1, insertions: 1, deletions: 0 });
    expect(readFileSync(diffPath).includes(Buffer.from([0x2b, 0xe9, 0x0a]))).toBe(true);
  });
});

describe('reportWorkspace', () => {
  test('gives a diff of any size in parts, on any host', async () => {
    const { host } = await aCluster();
    const [first, other] = [host('first'), host('other')];
    await first.open();
    const workspace = await first.workspace();
    const lines = Array.from({ length: 1_200 }, (_, index) => `${index} ${'x'.repeat(40)}\n`).join('');
    for (const turn of [1, 2]) {
      for (let file = 0; file < 10; file += 1) put(workspace.directory, { [`f${file}.txt`]: `${turn}\n${lines}` });
      await first.dependencies.keeper.checkpoint(TASK, workspace, step(turn));
    }

    const whole = await first.report({ kind: 'diff', from: 0, to: 1, form: 'patch' });

    expect(whole.length).toBeGreaterThan(500_000);
    expect(whole.toString().match(/^\+1199 x/gm)).toHaveLength(10);
    expect(await other.report({ kind: 'diff', from: 0, to: 1, form: 'patch' })).toEqual(whole);
    expect((await other.report({ kind: 'diff', from: 1, to: 2, form: 'stat' })).toString()).toContain(
      '10 files changed, 10 insertions(+), 10 deletions(-)',
    );
    expect(readdirSync(join(other.dependencies.dataDirectory, 'workspace-reports.scratch'))).toEqual([]);
  });

  test('tells the commit that the task began at from the changes that were taken along', async () => {
    const { host, repository } = await aCluster();
    put(repository, { 'mine.txt': 'mine\n' });
    const first = host('first');
    await first.open(true);

    expect((await first.report({ kind: 'diff', from: 0, to: 0, form: 'patch' })).toString()).toBe('');
    expect((await first.report({ kind: 'diff', from: 'commit', to: 0, form: 'patch' })).toString()).toContain('+mine');
  });

  test('says which checkpoints there are, and that there is no workspace', async () => {
    const { host } = await aCluster();
    const first = host('first');
    await expect(first.report({ kind: 'overview' })).rejects.toMatchObject({ type: 'Workspace.NoWorkspace', nonRetryable: true });
    await first.open();

    const missing = first.report({ kind: 'tree', checkpoint: 5 });

    await expect(missing).rejects.toMatchObject({
      type: 'Workspace.NoCheckpoint',
      message: 'the task has no checkpoint 5; it has 0 to 0',
    });
  });
});
