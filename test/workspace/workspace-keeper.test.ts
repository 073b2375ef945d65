import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import type { TaskStore, WorkspaceRecord } from '../../activities/store/task-store.ts';
import { openWorkspace } from '../../activities/workspace/open-workspace.ts';
import type { WorkspaceKeeper } from '../../activities/workspace/workspace-keeper.ts';
import { createWorkspaceKeeper } from '../../activities/workspace/workspace-keeper.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import { git, layOutGitRepository } from '../support/git-repository.ts';
import { readFiles, scratchFolder, writeFiles } from '../tools/tool-scene.ts';

const TASK = toTaskId('t');
const LIMIT = 100_000;
const FILES = { 'a.txt': 'one\r\ntwo\n', 'src/b.txt': 'b\n', 'src/c.txt': 'c\n', '.gitignore': 'out/\n' };

let root: string;
let repository: string;
let store: TaskStore;

beforeEach(async () => {
  root = scratchFolder();
  repository = layOutGitRepository(join(root, 'repository'), FILES);
  store = await openSqliteTaskStore(join(root, 'store', 'anyport.db'));
  onTestFinished(() => store.close());
});

function keeperOf(hostId: string, keepBase: { largestBytes: number } | null = null): WorkspaceKeeper {
  return createWorkspaceKeeper({ store, hostId, dataDirectory: join(root, hostId), largestFileBytes: LIMIT, keepBase });
}

async function open(keeper = keeperOf('h1'), includeUncommitted = false): Promise<WorkspaceRecord> {
  const directory = join(root, 'h1', 'workspaces', TASK);
  const workspace = await openWorkspace({ repository, includeUncommitted, directory });
  const record: WorkspaceRecord = { ...workspace, hostId: 'h1', repository, sandbox: 'none' };
  await store.putWorkspace(TASK, record);
  await keeper.open(TASK, record);
  return record;
}

function step(turn: number, callId = 'call') {
  return { turn, callId };
}

/** Without the pointer to the git folder, which lies elsewhere on each host. */
function filesOf({ directory }: WorkspaceRecord): Readonly<Record<string, string>> {
  const { '.git': _pointer, ...files } = readFiles(directory);
  return files;
}

describe('a checkpoint', () => {
  test('is taken after a step that changed files, and not after one that did not', async () => {
    const keeper = keeperOf('h1');
    const workspace = await open(keeper);

    expect(await keeper.checkpoint(TASK, workspace, step(1))).toBeUndefined();
    writeFiles(workspace.directory, { 'new.txt': 'n\n', 'src/b.txt': 'changed\n' });
    const taken = await keeper.checkpoint(TASK, workspace, step(2));

    expect(taken).toMatchObject({ sequence: 1, turn: 2, callId: 'call', filesChanged: 2, left: [] });
    expect((await store.listCheckpoints(TASK)).map(({ sequence }) => sequence)).toEqual([0, 1]);
  });

  test('is the same commit wherever the same step is taken again', async () => {
    const keeper = keeperOf('h1');
    const workspace = await open(keeper);
    writeFiles(workspace.directory, { 'new.txt': 'n\n' });
    const first = await keeper.checkpoint(TASK, workspace, step(1));
    await keeper.restore(TASK, workspace, { before: step(1) });
    writeFiles(workspace.directory, { 'new.txt': 'n\n' });

    const again = await keeper.checkpoint(TASK, workspace, step(1));

    expect(again?.commit).toBe(first?.commit);
  });

  test("touches neither the user's repository nor the task's own index, branch or HEAD", async () => {
    const keeper = keeperOf('h1');
    const workspace = await open(keeper);
    const before = [readFiles(repository), git(workspace.directory, 'status', '--porcelain')];
    writeFiles(workspace.directory, { 'staged.txt': 's\n', 'other.txt': 'o\n' });
    await keeper.checkpoint(TASK, workspace, step(1));

    expect(readFiles(repository)).toEqual(before[0]);
    expect(git(workspace.directory, 'status', '--porcelain').trim().split('\n')).toEqual(['?? other.txt', '?? staged.txt']);
    expect(git(workspace.directory, 'rev-parse', 'HEAD').trim()).toBe(workspace.baseCommit);
  });

  test('takes uncommitted changes along from the beginning', async () => {
    writeFiles(repository, { 'uncommitted.txt': 'u\n' });
    const keeper = keeperOf('h1');
    const workspace = await open(keeper, true);
    rmSync(join(workspace.directory, 'uncommitted.txt'));

    await keeper.restore(TASK, workspace);

    expect(filesOf(workspace)).toHaveProperty('uncommitted.txt', 'u\n');
  });

  test('leaves out a file that is too large, and says so', async () => {
    const keeper = keeperOf('h1');
    const workspace = await open(keeper);
    writeFileSync(join(workspace.directory, 'large.bin'), Buffer.alloc(LIMIT + 1));
    writeFiles(workspace.directory, { 'small.txt': 's\n' });

    const taken = await keeper.checkpoint(TASK, workspace, step(1));

    expect(taken).toMatchObject({ filesChanged: 1, left: [{ path: 'large.bin', why: 'too-large', bytes: LIMIT + 1 }] });
    expect(taken?.bundleBytes).toBeLessThan(2_000);
  });

  test('of a host that no longer has the workspace is refused, and changes nothing', async () => {
    const keeper = keeperOf('h1');
    const workspace = await open(keeper);
    await keeperOf('h2').moveHere(TASK, workspace);
    writeFiles(workspace.directory, { 'late.txt': 'l\n' });

    await expect(keeper.checkpoint(TASK, workspace, step(1))).rejects.toMatchObject({ code: 'moved' });
    expect(await store.listCheckpoints(TASK)).toHaveLength(1);
  });
});

describe('what a task does to its tree', () => {
  async function damaged(damage: (tree: string) => void): Promise<void> {
    const keeper = keeperOf('h1');
    const workspace = await open(keeper);
    writeFiles(workspace.directory, { 'work/new.txt': 'n\n' });
    mkdirSync(join(workspace.directory, 'empty', 'within'), { recursive: true });
    symlinkSync('a.txt', join(workspace.directory, 'link'));
    chmodSync(join(workspace.directory, 'src/c.txt'), 0o755);
    await keeper.checkpoint(TASK, workspace, step(1));
    const before = [filesOf(workspace), namesOf(workspace.directory)];

    damage(workspace.directory);
    await keeper.ensure(TASK, workspace);
    await keeper.restore(TASK, workspace);

    expect([filesOf(workspace), namesOf(workspace.directory)]).toEqual(before);
    expect(lstatSync(join(workspace.directory, 'src/c.txt')).mode & 0o777).toBe(0o755);
    expect(git(workspace.directory, 'rev-parse', 'HEAD').trim()).toBe(workspace.baseCommit);
  }

  function namesOf(tree: string): readonly string[] {
    return readdirSync(tree, { recursive: true, encoding: 'utf8' }).sort();
  }

  const run = (tree: string, script: string): void => {
    execFileSync('bash', ['-c', script], { cwd: tree, stdio: 'ignore' });
  };

  test.each([
    ['removes everything', 'rm -rf ./* ./.g* ./.[a-f]* || true'],
    ['removes its .git', 'rm -f .git'],
    [
      'makes a repository of its own',
      'rm -f .git && git init -q . && git add -A && git -c user.name=x -c user.email=x@x commit -qm x',
    ],
    ['cleans', 'git clean -fdxq || true'],
    ['puts a folder in the place of a file', 'rm a.txt && mkdir -p a.txt/b && touch a.txt/b/c'],
    ['puts a file in the place of a folder', 'rm -rf src && echo file > src'],
    ['ignores what it makes', 'echo "*" > .gitignore && echo hidden > hidden.txt'],
    ['makes a repository within', 'mkdir nested && git init -q nested && echo x > nested/x'],
    ['makes a FIFO and odd names', "mkfifo pipe; echo x > $'odd\\nname'; echo y > $'latin-\\xe9'"],
    ['leaves a lock', 'touch ../git/checkpoint-index.lock ../git/index.lock'],
    ['takes rights away', 'chmod 000 a.txt src/b.txt'],
    ['loses the whole tree', 'cd .. && rm -rf tree'],
    ['loses the whole workspace', 'cd .. && rm -rf tree git'],
  ])('%s, and everything is as it was', (_what, script) => damaged((tree) => run(tree, script)));

  test('leaves ignored files alone when it is put back', async () => {
    const keeper = keeperOf('h1');
    const workspace = await open(keeper);
    writeFiles(workspace.directory, { 'out/cache.bin': 'c' });

    await keeper.restore(TASK, workspace);

    expect(existsSync(join(workspace.directory, 'out/cache.bin'))).toBe(true);
  });
});

describe('a checkpoint that is put back', () => {
  test('is the one before a step, or the newest of the turns that count', async () => {
    const keeper = keeperOf('h1');
    const workspace = await open(keeper);
    for (const turn of [1, 2, 3]) {
      writeFiles(workspace.directory, { 'count.txt': `${turn}\n` });
      await keeper.checkpoint(TASK, workspace, step(turn));
    }
    const count = () => readFileSync(join(workspace.directory, 'count.txt'), 'utf8');

    await keeper.restore(TASK, workspace, { before: step(3) });
    expect(count()).toBe('2\n');
    await keeper.restore(TASK, workspace, { keep: ({ turn }) => turn <= 1 });
    expect(count()).toBe('1\n');
    await keeper.restore(TASK, workspace, { keep: () => false });
    expect(filesOf(workspace)).toEqual(FILES);
  });

  test('is what the next one builds on', async () => {
    const keeper = keeperOf('h1');
    const workspace = await open(keeper);
    writeFiles(workspace.directory, { 'one.txt': '1\n' });
    const first = await keeper.checkpoint(TASK, workspace, step(1));
    writeFiles(workspace.directory, { 'two.txt': '2\n' });
    await keeper.checkpoint(TASK, workspace, step(2));
    await keeper.restore(TASK, workspace, { before: step(2) });
    writeFiles(workspace.directory, { 'three.txt': '3\n' });

    expect(await keeper.checkpoint(TASK, workspace, step(3))).toMatchObject({ sequence: 3, parent: first?.commit });
  });
});

describe('on another host', () => {
  async function worked(keepBase: { largestBytes: number } | null = null): Promise<WorkspaceRecord> {
    const keeper = keeperOf('h1', keepBase);
    const workspace = await open(keeper);
    writeFiles(workspace.directory, { 'new.txt': 'n\n' });
    await keeper.checkpoint(TASK, workspace, step(1));
    rmSync(join(workspace.directory, 'src'), { recursive: true });
    mkdirSync(join(workspace.directory, 'empty'));
    await keeper.checkpoint(TASK, workspace, step(2));
    return workspace;
  }

  test('the same files are made again when the first one is lost, and work goes on there', async () => {
    const workspace = await worked();
    const before = filesOf(workspace);
    rmSync(join(root, 'h1'), { recursive: true });
    const other = keeperOf('h2');

    const moved = await other.moveHere(TASK, workspace);

    expect(moved).toMatchObject({ hostId: 'h2', directory: join(root, 'h2', 'workspaces', TASK, 'tree') });
    expect(await store.getWorkspace(TASK)).toEqual(moved);
    expect(filesOf(moved)).toEqual(before);
    expect(existsSync(join(moved.directory, 'empty'))).toBe(true);
    writeFiles(moved.directory, { 'more.txt': 'm\n' });
    expect(await other.checkpoint(TASK, moved, step(3))).toMatchObject({ sequence: 3 });
  });

  test('the repository is not needed when the base is kept, too', async () => {
    const workspace = await worked({ largestBytes: 1_000_000 });
    const before = filesOf(workspace);
    rmSync(join(root, 'h1'), { recursive: true });
    rmSync(repository, { recursive: true });

    const moved = await keeperOf('h2').moveHere(TASK, workspace);

    expect(filesOf(moved)).toEqual(before);
  });

  test('without the repository and the base it says what is missing and what to do', async () => {
    const workspace = await worked();
    rmSync(repository, { recursive: true });

    await expect(keeperOf('h2').moveHere(TASK, workspace)).rejects.toThrow(
      /is not on this host, or no longer has the commit .*base: always/,
    );
  });

  test('of two that try at once, one has it, and both are told which', async () => {
    const workspace = await worked();

    const [left, right] = await Promise.all(['h2', 'h3'].map((host) => keeperOf(host).moveHere(TASK, workspace)));

    expect(left?.hostId).toBe(right?.hostId);
    expect(await store.getWorkspace(TASK)).toEqual(left);
  });

  test('a base that is too large for the store fails the opening with what to do', async () => {
    await expect(open(keeperOf('h1', { largestBytes: 10 }))).rejects.toThrow(/keeps at most 10 of a task's base; raise/);
  });
});
