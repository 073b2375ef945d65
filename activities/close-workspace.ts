import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import { withHeartbeat } from './heartbeat.ts';
import { closeWorkspace } from './workspace/close-workspace.ts';
import { workspaceDirectory } from './workspace/move-workspace.ts';

/** The activity `closeWorkspace`: gives the disk back; a large diff kept as a file stays, and the checkpoints in the task store do. */
export function createCloseWorkspace({ dataDirectory }: { dataDirectory: string }) {
  return (): Promise<void> =>
    withHeartbeat(async () => {
      try {
        await closeWorkspace(workspaceDirectory(dataDirectory, currentTaskId()));
      } catch (error) {
        throw toActivityFailure(error);
      }
    });
}
