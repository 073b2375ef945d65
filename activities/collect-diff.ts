import { isUtf8 } from 'node:buffer';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CollectDiffResult } from '../workflows/activity-interfaces.ts';
import type { DiffStat } from '../workflows/domain/task-result.ts';
import type { TaskId } from '../workflows/domain/ids.ts';
import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { TaskStore, WorkspaceRecord } from './store/task-store.ts';
import type { CommandSessions } from './tools/command-sessions.ts';
import { borrowCheckpoints } from './workspace/borrow-checkpoints.ts';
import { toText } from './workspace/byte-path.ts';
import { workspaceDirectory } from './workspace/move-workspace.ts';
import type { WorkspaceKeeper } from './workspace/workspace-keeper.ts';
import { writeCountedDiff } from './workspace/write-diff.ts';

export interface CollectDiffDependencies {
  readonly store: TaskStore;
  readonly hostId: string;
  readonly dataDirectory: string;
  readonly keeper: WorkspaceKeeper;
  readonly sessions: CommandSessions;
}

/** Temporal refuses payloads of 2 MB and warns from 512 KB on; the result holds more than the diff. */
const LARGEST_INLINE_BYTES = 400 * 1024;
/** Named in a result; more than these are a mistake that a few names show. */
const MAX_NAMED_FILES = 20;

/**
 * The activity `collectDiff`: of the last state, which becomes a checkpoint, so that it is kept beyond the workspace. A diff that a result
 * cannot hold, being too large or no text of UTF-8, stays on the host as a file that outlives the workspace.
 */
export function createCollectDiff(dependencies: CollectDiffDependencies) {
  return (): Promise<CollectDiffResult> =>
    withHeartbeat(async () => {
      const taskId = currentTaskId();
      try {
        const workspace = await dependencies.store.getWorkspace(taskId);
        return workspace === undefined ? { diff: '' } : await collect(dependencies, taskId, workspace);
      } catch (error) {
        throw toActivityFailure(error);
      }
    });
}

async function collect(
  { store, hostId, dataDirectory, keeper, sessions }: CollectDiffDependencies,
  taskId: TaskId,
  workspace: WorkspaceRecord,
): Promise<CollectDiffResult> {
  // What a session still writes would be in one half of the diff.
  await sessions.endAll(taskId);
  await keeper.close(taskId, workspace);
  const checkpoints = await store.listCheckpoints(taskId);
  const [first, last] = [checkpoints[0], checkpoints.at(-1)];
  if (first === undefined || last === undefined) return { diff: '' };
  const directory = workspaceDirectory(dataDirectory, taskId);
  await mkdir(directory, { recursive: true });
  const result = await borrowCheckpoints({ store, hostId, workspace, checkpoints, scratch: directory }, (folder) =>
    takeDiff(join(directory, 'result.diff'), (draft) =>
      writeCountedDiff({ folder, baseTree: workspace.baseTree, first, to: last }, draft),
    ),
  );
  const leftOut = last.leftOut.slice(0, MAX_NAMED_FILES).map(({ path }) => toText(path));
  return { ...result, tree: last.tree, ...(leftOut.length === 0 ? {} : { leftOut }) };
}

interface WrittenDiff {
  readonly bytes: number;
  readonly stat: DiffStat;
}

async function takeDiff(diffPath: string, write: (draft: string) => Promise<WrittenDiff>): Promise<CollectDiffResult> {
  // Under another name until it is whole: a worker may be killed while git writes it.
  const draft = `${diffPath}.new`;
  const { bytes: length, stat: diffStat } = await write(draft);
  const bytes = length > LARGEST_INLINE_BYTES ? undefined : await readFile(draft);
  if (bytes === undefined || !isUtf8(bytes)) {
    await rename(draft, diffPath);
    return { diff: '', diffStat, diffPath };
  }
  await rm(draft);
  return { diff: bytes.toString('utf8'), diffStat };
}
