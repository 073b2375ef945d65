/** A repository, a task store, and hosts whose keepers share it: everything real. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import type { TaskStore, WorkspaceRecord } from '../../activities/store/task-store.ts';
import { borrowCheckpoints } from '../../activities/workspace/borrow-checkpoints.ts';
import { workspaceDirectory } from '../../activities/workspace/move-workspace.ts';
import { openWorkspace } from '../../activities/workspace/open-workspace.ts';
import type { WorkspaceKeeper, WorkspaceLimits } from '../../activities/workspace/workspace-keeper.ts';
import { createWorkspaceKeeper } from '../../activities/workspace/workspace-keeper.ts';
import { writeDiff } from '../../activities/workspace/write-diff.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import { layOutGitRepository } from '../support/git-repository.ts';

export const TASK = toTaskId('task-1');
export const LIMITS: WorkspaceLimits = {
  maxFileBytes: 64 * 1024,
  maxCheckpointBytes: 1024 * 1024,
  base: 'auto',
  maxBaseBytes: 1024 * 1024,
};

export interface Host {
  readonly keeper: WorkspaceKeeper;
  readonly hostId: string;
  readonly dataDirectory: string;
}

export interface Scene {
  readonly directory: string;
  readonly repository: string;
  readonly store: TaskStore;
  host(hostId: string, limits?: Partial<WorkspaceLimits>): Host;
  /** Opens the workspace there, with its checkpoint 0. */
  open(host: Host, options?: { readonly includeUncommitted?: boolean }): Promise<WorkspaceRecord>;
  /** The diff of the task so far, up to its last checkpoint. */
  diff(host: Host): Promise<string>;
}

export function scratchFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'anyport workspace-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

const FILES = { 'a.txt': 'one\n', 'src/b.txt': 'b\n', 'src/deep/c.txt': 'c\n', '.gitignore': 'out/\n*.log\n' };

export async function aScene(files: Readonly<Record<string, string>> = FILES): Promise<Scene> {
  const directory = scratchFolder();
  const repository = layOutGitRepository(join(directory, 'my repository'), files);
  const store = await openSqliteTaskStore(join(directory, 'anyport.db'));
  onTestFinished(() => store.close());
  const scene: Scene = {
    directory,
    repository,
    store,
    host(hostId, limits = {}) {
      const dataDirectory = join(directory, hostId);
      const keeper = createWorkspaceKeeper({ store, hostId, dataDirectory, limits: { ...LIMITS, ...limits } });
      return { keeper, hostId, dataDirectory };
    },
    async open({ keeper, hostId, dataDirectory }, { includeUncommitted = false } = {}) {
      const opened = await openWorkspace({ repository, includeUncommitted, directory: workspaceDirectory(dataDirectory, TASK) });
      const record: WorkspaceRecord = { ...opened, ...(await keeper.shipBase(opened)), hostId, repository, sandbox: 'none' };
      const claimed = await store.claimWorkspace(TASK, null, record);
      await keeper.begin(TASK, claimed);
      return claimed;
    },
    async diff({ hostId }) {
      const workspace = await store.getWorkspace(TASK);
      const checkpoints = await store.listCheckpoints(TASK);
      const [first, to] = [checkpoints[0], checkpoints.at(-1)];
      if (workspace === undefined || first === undefined || to === undefined) throw new Error('the task has no checkpoint');
      const { baseTree } = workspace;
      const file = join(scratchFolder(), 'diff');
      const scratch = join(directory, 'scratch');
      await borrowCheckpoints({ store, hostId, workspace, checkpoints, scratch }, (folder) =>
        writeDiff({ folder, baseTree, first, to }, file),
      );
      return execFileSync('cat', [file], { encoding: 'latin1' });
    },
  };
  return scene;
}

export function put(folder: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** Everything below a folder but `.git` at its top: kind, whether it may be run, name, content or target; sorted. Names may be any bytes. */
export function listing(folder: string): readonly string[] {
  const script =
    "find . -mindepth 1 -name .git -prune -o -type d -printf 'd %P\\0' -o -type l -printf 'l %P -> %l\\0' -o -type f -perm /u+x -printf 'x %P %s\\0' " +
    "-o -type f -printf 'f %P %s\\0' -o -printf 'o %P\\0'; find . -name .git -prune -o -type f -print0 | sort -z | xargs -0 -r sha256sum -z";
  const list = execFileSync('sh', ['-c', script], { cwd: folder, encoding: 'latin1', maxBuffer: 256 * 1024 * 1024 });
  return list
    .split('\0')
    .filter((line) => line !== '')
    .toSorted();
}

export function step(turn: number, callId = 'call'): { readonly turn: number; readonly callId: string } {
  return { turn, callId };
}
