import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createSandbox } from '../../activities/sandbox/create-sandbox.ts';
import { probeBubblewrap } from '../../activities/sandbox/probe-sandbox.ts';
import type { WorkspaceRecord } from '../../activities/store/task-store.ts';
import { closeWorkspace } from '../../activities/workspace/close-workspace.ts';
import { openWorkspace } from '../../activities/workspace/open-workspace.ts';
import type { SetUp } from '../../activities/workspace/set-up.ts';
import { createSetUp } from '../../activities/workspace/set-up.ts';
import type { SetUpSettings } from '../../activities/workspace/set-up-plan.ts';
import { git, layOutGitRepository } from '../support/git-repository.ts';
import { put, scratchFolder } from './keeper-scene.ts';

const FILES = { 'lock.json': '{"v":1}', 'setup.log.md': '', '.gitignore': 'installed/\n*.made\n' };
/** Says outside of the tree that it ran, in the only place that all workspaces of a test share. */
const INSTALL =
  'mkdir -p installed/bin && cp lock.json installed/ && : > a.made && ln -s bin installed/link && echo stray > stray.txt';
const RUN = { signal: new AbortController().signal, mayKeep: true };

interface SetUpScene {
  readonly repository: string;
  readonly data: string;
  /** How often a script ran. */
  runs(): number;
  setUp(settings: Partial<SetUpSettings>): SetUp;
  open(sandbox?: WorkspaceRecord['sandbox']): Promise<WorkspaceRecord>;
}

function aSetUpScene(files: Readonly<Record<string, string>> = FILES): SetUpScene {
  const directory = scratchFolder();
  const repository = layOutGitRepository(join(directory, 'repository'), files);
  const data = join(directory, 'data');
  let runs = 0;
  let opened = 0;
  return {
    repository,
    data,
    runs: () => runs,
    setUp: (settings) =>
      createSetUp({
        settings: {
          rules: [{ when: 'lock.json', run: INSTALL }],
          repositoryScript: false,
          cacheMaxBytes: 1024 ** 2,
          ...settings,
        },
        dataDirectory: data,
        sandboxOf: ({ sandbox: name }) => {
          const sandbox = createSandbox(name);
          return { ...sandbox, run: (request) => ((runs += 1), sandbox.run(request)) };
        },
        alert: (message) => expect.unreachable(message),
      }),
    async open(sandbox = 'none') {
      opened += 1;
      const workspace = await openWorkspace({
        repository,
        includeUncommitted: false,
        directory: join(directory, `task-${opened}`),
      });
      return { ...workspace, hostId: 'h', repository, sandbox };
    },
  };
}

describe('the set-up of a workspace', () => {
  test('runs the scripts of the files that are there, and gives the next task what they made', async () => {
    const scene = aSetUpScene();
    const setUp = scene.setUp({
      rules: [
        { when: 'lock.json', run: INSTALL },
        { when: 'Gemfile', run: 'exit 9' },
      ],
    });
    const [first, second] = [await scene.open(), await scene.open()];

    expect(await setUp(first, RUN)).toBe(true);
    expect(await setUp(second, RUN)).toBe(true);

    expect(scene.runs()).toBe(1);
    for (const { directory } of [first, second]) {
      expect(readFileSync(join(directory, 'installed/lock.json'), 'utf8')).toBe('{"v":1}');
      expect(existsSync(join(directory, 'a.made'))).toBe(true);
    }
    expect(existsSync(join(second.directory, 'stray.txt'))).toBe(false);
    expect(existsSync(join(second.directory, 'installed/link/../bin'))).toBe(true);
  });

  test('is made once by two tasks that begin at once', async () => {
    const scene = aSetUpScene();
    const setUp = scene.setUp({});
    const workspaces = await Promise.all([scene.open(), scene.open(), scene.open()]);

    await Promise.all(workspaces.map((workspace) => setUp(workspace, RUN)));

    expect(scene.runs()).toBe(1);
    expect(workspaces.every(({ directory }) => existsSync(join(directory, 'installed/lock.json')))).toBe(true);
  });

  test.each<readonly [what: string, change: (scene: SetUpScene) => Promise<{ setUp: SetUp; workspace: WorkspaceRecord }>]>([
    [
      'what it may reach',
      async (scene) => {
        const network = { tenant: 'acme', allow: [{ host: 'a.example', ports: [443] }] };
        return { setUp: scene.setUp({}), workspace: { ...(await scene.open()), network } };
      },
    ],
    [
      'the lock file',
      async (scene) => {
        put(scene.repository, { 'lock.json': '{"v":2}' });
        git(scene.repository, 'commit', '--quiet', '--all', '--message', 'v2');
        return { setUp: scene.setUp({}), workspace: await scene.open() };
      },
    ],
    [
      'the script',
      async (scene) => ({
        setUp: scene.setUp({ rules: [{ when: 'lock.json', run: `${INSTALL} && true` }] }),
        workspace: await scene.open(),
      }),
    ],
    [
      'the repository',
      async (scene) => ({ setUp: scene.setUp({}), workspace: { ...(await scene.open()), repository: '/other' } }),
    ],
  ])('is made anew for another state of %s', async (_what, change) => {
    const scene = aSetUpScene();
    await scene.setUp({})(await scene.open(), RUN);

    const { setUp, workspace } = await change(scene);
    await setUp(workspace, RUN);

    expect(scene.runs()).toBe(2);
  });

  test('keeps nothing of a tree that a model has changed', async () => {
    const scene = aSetUpScene();
    await scene.setUp({})(await scene.open(), { ...RUN, mayKeep: false });
    await scene.setUp({})(await scene.open(), RUN);

    expect(scene.runs()).toBe(2);
  });

  test('is that of the repository only where the operator allows it', async () => {
    const scene = aSetUpScene({ ...FILES, '.anyport/setup.sh': 'echo own > own.made\n' });
    const [without, withIt] = [await scene.open(), await scene.open()];

    await scene.setUp({})(without, RUN);
    await scene.setUp({ repositoryScript: true })(withIt, RUN);

    const made = ['own.made', 'installed'];
    expect(made.map((name) => existsSync(join(without.directory, name)))).toEqual([false, true]);
    expect(made.map((name) => existsSync(join(withIt.directory, name)))).toEqual([true, false]);
  });

  test('is brought up to date by the maintenance script where it was not made for this task', async () => {
    const scene = aSetUpScene();
    const setUp = scene.setUp({ maintenance: 'echo fresh > fresh.made' });
    const [first, second] = [await scene.open(), await scene.open()];

    await setUp(first, RUN);
    await setUp(second, RUN);

    expect([first, second].map(({ directory }) => existsSync(join(directory, 'fresh.made')))).toEqual([false, true]);
  });

  test('that fails says so with its last lines, and leaves nothing for others', async () => {
    const scene = aSetUpScene();
    const run = 'for i in $(seq 100); do echo line $i; done; echo the registry said no >&2; exit 3';
    const setUp = scene.setUp({ rules: [{ run }] });

    const failure = setUp(await scene.open(), RUN);

    await expect(failure).rejects.toMatchObject({ code: 'set-up-failed' });
    await expect(failure).rejects.toThrow(/ended with code 3; its last lines:\nline 82\n[^]*line 100\nthe registry said no$/);
    expect(existsSync(join(scene.data, 'set-up-cache'))).toBe(false);
  });

  test('is stopped with the task', async () => {
    const scene = aSetUpScene();
    const stop = new AbortController();
    const setUp = scene.setUp({ rules: [{ run: 'echo > started; sleep 600' }] });
    const workspace = await scene.open();
    const running = setUp(workspace, { signal: stop.signal, mayKeep: true });
    await expect.poll(() => existsSync(join(workspace.directory, 'started'))).toBe(true);

    stop.abort(new Error('the task was cancelled'));

    await expect(running).rejects.toThrow('the task was cancelled');
  });

  test('gives up the longest unused result when there are too many, and one that is damaged', async () => {
    const scene = aSetUpScene();
    const cache = join(scene.data, 'set-up-cache');
    const make = async (name: string, cacheMaxBytes: number): Promise<void> =>
      void (await scene.setUp({ rules: [{ run: `head -c 40000 /dev/zero > ${name}.made` }], cacheMaxBytes })(
        await scene.open(),
        RUN,
      ));
    await make('one', 1024 ** 2);
    const [oldest = ''] = readdirSync(cache);
    utimesSync(join(cache, oldest), new Date(0), new Date(0));
    await make('two', 120_000);
    await make('three', 120_000);

    const kept = readdirSync(cache);

    expect(kept).toHaveLength(2);
    expect(kept).not.toContain(oldest);
    for (const name of kept) truncateSync(join(cache, name), statSync(join(cache, name)).size - 30_000);
    await make('two', 120_000);
    expect(scene.runs()).toBe(4);
  });

  const probe = probeBubblewrap();
  test('runs confined where the task is: nothing but the tree can be written', async ({ skip }) => {
    const usable = await probe;
    if (usable.kind !== 'usable') skip(usable.reason);
    const scene = aSetUpScene();
    const outside = join(scene.repository, 'outside');
    const setUp = scene.setUp({ rules: [{ run: `echo x > "${outside}"; echo x > inside.made` }] });
    const workspace = await scene.open('bubblewrap');

    await setUp(workspace, RUN);

    expect(existsSync(outside)).toBe(false);
    expect(existsSync(join(workspace.directory, 'inside.made'))).toBe(true);
    await closeWorkspace(join(workspace.directory, '..'));
    rmSync(scene.data, { recursive: true });
  });
});
