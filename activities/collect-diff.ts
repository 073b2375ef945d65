import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CollectDiffResult } from '../workflows/activity-interfaces.ts';
import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import { withHeartbeat } from './heartbeat.ts';
import { workspaceDirectory } from './open-workspace.ts';
import type { TaskStore } from './store/task-store.ts';
import { collectDiff } from './workspace/collect-diff.ts';

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
        const diff = await collectDiff(workspace);
        if (Buffer.byteLength(diff) <= LARGEST_INLINE_BYTES) return { diff };
        const diffPath = join(workspaceDirectory(dataDirectory, taskId), 'result.diff');
        await writeFile(diffPath, diff);
        return { diff: '', diffPath };
      } catch (error) {
        throw toActivityFailure(error);
      }
    });
}
