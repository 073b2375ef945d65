/**
 * `npm run bench -- workspace`: what a checkpoint costs after a step, beside `git add` and `git commit` in the same tree, and what a restore
 * costs, beside `git clone`. Goals are told, not asserted.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import type { WorkspaceRecord } from '../../activities/store/task-store.ts';
import { workspaceDirectory } from '../../activities/workspace/move-workspace.ts';
import { openWorkspace } from '../../activities/workspace/open-workspace.ts';
import { createWorkspaceKeeper } from '../../activities/workspace/workspace-keeper.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import { quantile } from './statistics.ts';
import { tell, time } from './timings.ts';

const FILES = 3_000;
/** Rounds of every variant, one after the other, so that a busy moment hits all of them. The first round warms up. */
const ROUNDS = 21;
const RESTORES = 6;
const GOAL_MS = 100;
const TASK = toTaskId('bench');
const PERSON = ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost', '-c', 'gc.auto=0'];

const directory = mkdtempSync(join(tmpdir(), 'anyport-bench-'));
const files = Array.from({ length: FILES }, (_, index) => `package-${index % 50}/src/folder-${index % 7}/file-${index}.js`);
const textOf = (index: number): string => `export const value = ${index};\n`.repeat(40);
const repository = layOutGitRepository(
  join(directory, 'repository'),
  Object.fromEntries(files.map((file, index) => [file, textOf(index)])),
);
const store = await openSqliteTaskStore(join(directory, 'anyport.db'));
const limits = { base: 'always', maxBaseBytes: 2 ** 28, maxFileBytes: 2 ** 26, maxCheckpointBytes: 2 ** 28 } as const;
const keeperOf = (hostId: string) => createWorkspaceKeeper({ store, hostId, dataDirectory: join(directory, hostId), limits });
try {
  const workspace = await open();
  await benchCheckpoints(workspace);
  await benchRestores(workspace);
} finally {
  await store.close();
  rmSync(directory, { recursive: true });
}

async function open(): Promise<WorkspaceRecord> {
  const keeper = keeperOf('first');
  const root = workspaceDirectory(join(directory, 'first'), TASK);
  const opened = await openWorkspace({ repository, includeUncommitted: false, directory: root });
  const record = { ...opened, ...(await keeper.shipBase(opened)), hostId: 'first', repository, sandbox: 'none' } as const;
  await store.claimWorkspace(TASK, null, record);
  await keeper.begin(TASK, record);
  return record;
}

async function benchCheckpoints(workspace: WorkspaceRecord): Promise<void> {
  const keeper = keeperOf('first');
  const clone = join(directory, 'clone');
  await git(directory, 'clone', '--quiet', repository, clone);
  const [ours, nothing, plain]: [number[], number[], number[]] = [[], [], []];
  for (let round = 1; round <= ROUNDS; round += 1) {
    change(workspace.directory, round);
    const own = await time(() => keeper.checkpoint(TASK, workspace, { turn: round, callId: 'changed' }));
    const idle = await time(() => keeper.checkpoint(TASK, workspace, { turn: round, callId: 'unchanged' }));
    change(clone, round);
    const rival = await time(async () => {
      await git(clone, 'add', '-A');
      await git(clone, 'commit', '--quiet', '--message', `step ${round}`);
    });
    if (round > 1)
      for (const [into, ms] of [
        [ours, own],
        [nothing, idle],
        [plain, rival],
      ] as const)
        into.push(ms);
  }
  const bytes = (await store.listCheckpoints(TASK)).slice(1).map(({ pack }) => pack.bytes);
  tell(`a step that changes 3 of ${FILES} files`, {
    'checkpoint, stored': ours,
    'checkpoint of a step that changed nothing': nothing,
    'git add -A && git commit': plain,
  });
  const p50 = quantile(ours, 0.5);
  console.log(
    `${quantile(bytes, 0.5).toFixed(0)} bytes stored for each; goal: below ${GOAL_MS} ms, ${p50 < GOAL_MS ? 'met' : 'missed'}\n`,
  );
}

/** Three files, as a patch and a command do: one edited, one new, one removed. */
function change(tree: string, round: number): void {
  const created = join(tree, `package-${round % 50}/src/new-${round}.js`);
  mkdirSync(dirname(created), { recursive: true });
  writeFileSync(created, textOf(round));
  writeFileSync(join(tree, files[round] ?? ''), textOf(-round));
  rmSync(join(tree, files[FILES - round] ?? ''));
}

async function benchRestores(workspace: WorkspaceRecord): Promise<void> {
  const [inPlace, rebuilt, moved, cloned]: [number[], number[], number[], number[]] = [[], [], [], []];
  let held = workspace;
  for (let round = 0; round < RESTORES; round += 1) {
    const here = keeperOf(held.hostId);
    change(held.directory, FILES / 2 + round);
    inPlace.push(await time(() => here.restore(TASK, held)));
    rmSync(dirname(held.directory), { recursive: true });
    rebuilt.push(await time(() => here.restore(TASK, held)));
    const next = keeperOf(`heir-${round}`);
    moved.push(await time(async () => (held = await next.moveHere(TASK, held))));
    cloned.push(
      await time(() => git(directory, 'clone', '--quiet', '--no-hardlinks', repository, join(directory, `clone-${round}`))),
    );
  }
  tell(`the state after ${ROUNDS} checkpoints`, {
    'restore in place': inPlace,
    'restore of a lost folder': rebuilt,
    'move to another host': moved,
    'git clone': cloned,
  });
}

function git(cwd: string, ...args: readonly string[]): Promise<unknown> {
  return promisify(execFile)('git', [...PERSON, ...args], { cwd });
}
