import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import { withHeartbeat } from './heartbeat.ts';
import { workspaceDirectory } from './open-workspace.ts';
import { closeWorkspace } from './workspace/close-workspace.ts';

/** The activity `closeWorkspace`: gives the disk back; a large diff kept as a file stays. */
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
