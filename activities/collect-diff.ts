import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CollectDiffResult } from '../workflows/activity-interfaces.ts';
import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import { withHeartbeat } from './heartbeat.ts';
import { workspaceDirectory } from './open-workspace.ts';
import type { TaskStore, WorkspaceRecord } from './store/task-store.ts';
import { writeDiff } from './workspace/write-diff.ts';

/** Temporal refuses payloads of 2 MB and warns from 512 KB on; the result holds more than the diff. */
const LARGEST_INLINE_BYTES = 400 * 1024;

/** The activity `collectDiff`; a diff too large for a result stays on the host as a file that outlives the workspace. */
export function createCollectDiff({ store, dataDirectory }: { store: TaskStore; dataDirectory: string }) {
  return (): Promise<CollectDiffResult> =>
    withHeartbeat(async () => {
      const taskId = currentTaskId();
      try {
        const workspace = await store.getWorkspace(taskId);
        if (workspace === undefined) return { diff: '' };
        return await takeDiff(workspace, join(workspaceDirectory(dataDirectory, taskId), 'result.diff'));
      } catch (error) {
        throw toActivityFailure(error);
      }
    });
}

async function takeDiff(workspace: WorkspaceRecord, diffPath: string): Promise<CollectDiffResult> {
  // Under another name until it is whole: a worker may be killed while git writes it.
  const draft = `${diffPath}.new`;
  if ((await writeDiff(workspace, draft)) > LARGEST_INLINE_BYTES) {
    await rename(draft, diffPath);
    return { diff: '', diffPath };
  }
  const diff = await readFile(draft, 'utf8');
  await rm(draft);
  return { diff };
}
