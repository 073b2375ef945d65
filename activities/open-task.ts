import type { OpenTaskInput, OpenTaskResult } from '../workflows/activity-interfaces.ts';
import { EMPTY_TRANSCRIPT } from '../workflows/domain/transcript.ts';
import { currentTaskId } from './current-task.ts';
import { taskEligibilityOf } from './eligibility/need-of.ts';
import { toActivityFailure } from './failures.ts';
import { instructionsFor } from './instructions.ts';
import type { TaskStore } from './store/task-store.ts';

export interface OpenTaskDependencies {
  readonly store: TaskStore;
  /** The tools that a task with a workspace is told of. */
  readonly workspaceTools: readonly string[];
}

/** The activity `openTask`. Everything it writes is addressed by content or overwritten by the same: repeating it is safe. */
export function createOpenTask({ store, workspaceTools }: OpenTaskDependencies) {
  return async ({ request }: OpenTaskInput): Promise<OpenTaskResult> => {
    const taskId = currentTaskId();
    const tools = request.workspace === undefined ? [] : workspaceTools;
    try {
      await store.putSettings(taskId, {
        instructions: instructionsFor({ hasTools: tools.length > 0, own: request.instructions }),
        tools,
        eligibility: taskEligibilityOf(request),
        ...(request.maxOutputTokens === undefined ? {} : { maxOutputTokens: request.maxOutputTokens }),
      });
      const items = await store.putItems(taskId, [{ kind: 'user-message', text: request.prompt }]);
      return { head: await store.appendToTranscript(taskId, EMPTY_TRANSCRIPT, items) };
    } catch (error) {
      throw toActivityFailure(error);
    }
  };
}
