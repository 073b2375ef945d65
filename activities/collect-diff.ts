import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CollectDiffResult } from '../workflows/activity-interfaces.ts';
import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import { withHeartbeat } from './heartbeat.ts';
import { workspaceDirectory } from './open-workspace.ts';
import type { TaskStore, WorkspaceRecord } from './store/task-store.ts';
import type { CommandSessions } from './tools/command-sessions.ts';
import type { WorkspaceKeeper } from './workspace/workspace-keeper.ts';
import { writeDiff } from './workspace/write-diff.ts';

/** Temporal refuses payloads of 2 MB and warns from 512 KB on; the result holds more than the diff. */
const LARGEST_INLINE_BYTES = 400 * 1024;

export interface CollectDiffDependencies {
  readonly store: TaskStore;
  readonly dataDirectory: string;
  readonly keeper: WorkspaceKeeper;
  readonly sessions: CommandSessions;
}

/** The activity `collectDiff`; a diff too large for a result stays on the host as a file that outlives the workspace. */
export function createCollectDiff({ store, dataDirectory, keeper, sessions }: CollectDiffDependencies) {
  return (): Promise<CollectDiffResult> =>
    withHeartbeat(async () => {
      const taskId = currentTaskId();
      try {
        const workspace = await store.getWorkspace(taskId);
        if (workspace === undefined) return { diff: '' };
        // What a session still writes would be in one half of the diff.
        await sessions.endAll(taskId);
        const to = await keeper.treeNow(taskId, workspace);
        return await takeDiff(workspace, { to, diffPath: join(workspaceDirectory(dataDirectory, taskId), 'result.diff') });
      } catch (error) {
        throw toActivityFailure(error);
      }
    });
}

async function takeDiff(
  { directory, baseTree: from }: WorkspaceRecord,
  { to, diffPath }: { readonly to: string; readonly diffPath: string },
): Promise<CollectDiffResult> {
  // Under another name until it is whole: a worker may be killed while git writes it.
  const draft = `${diffPath}.new`;
  if ((await writeDiff(directory, { from, to, file: draft })) > LARGEST_INLINE_BYTES) {
    await rename(draft, diffPath);
    return { diff: '', diffPath };
  }
  const diff = await readFile(draft, 'utf8');
  await rm(draft);
  return { diff };
}
