/**
 * The host that holds a task's workspace: what must run there does, and when it is gone another host makes the workspace again from its
 * last checkpoint and is the one from then on.
 */
import { ActivityFailure, proxyActivities, TimeoutFailure } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type { HostActivities, OpenWorkspaceActivities } from './activity-interfaces.ts';
import { WORKSPACE_ACTIVITY } from './activity-options.ts';
import { TASKS_QUEUE } from './domain/task-queues.ts';
import type { TaskEventBody } from './domain/task-status.ts';

export interface WorkspaceHost {
  /** The queue of the host as it is now. */
  queue(): string;
  /** Calls an activity of the host, wherever that is by then; a tool call that had begun is told apart by its journal. */
  run<Result>(options: ActivityOptions, call: (host: HostActivities) => Promise<Result>): Promise<Result>;
}

export interface WorkspaceHostOptions {
  readonly queue: string;
  tell(event: TaskEventBody): void;
  /** Called when another host has the workspace. */
  moved(queue: string): void;
}

/** A worker that was killed is back within seconds; a host that is away for longer had better be left. */
const AWAY_MS = 15_000;
/** A host that is there and does not take a call has its hands full: it is asked about again after this. */
const BUSY_MS = 5 * 60_000;

export function createWorkspaceHost({ queue: begin, tell, moved }: WorkspaceHostOptions): WorkspaceHost {
  let queue = begin;
  let moving: Promise<string> | undefined;

  /** Calls side by side find the host gone together, and it is left once. */
  async function leave(from: string): Promise<boolean> {
    if (queue !== from) return true;
    moving ??= move(from).finally(() => {
      moving = undefined;
    });
    return (await moving) !== from;
  }

  async function move(from: string): Promise<string> {
    const { moveWorkspace } = proxyActivities<OpenWorkspaceActivities>({
      ...WORKSPACE_ACTIVITY,
      taskQueue: TASKS_QUEUE,
      summary: 'the host does not answer: move the workspace',
    });
    const to = await moveWorkspace({ from });
    if (to.queue === from) return from;
    queue = to.queue;
    moved(queue);
    tell({ kind: 'workspace-moved', reason: 'its host was gone' });
    return queue;
  }

  return {
    queue: () => queue,
    async run(options, call) {
      for (let waitMs = AWAY_MS; ;) {
        const from = queue;
        const host = proxyActivities<HostActivities>({ ...options, taskQueue: from, scheduleToStartTimeout: waitMs });
        try {
          return await call(host);
        } catch (error) {
          if (!isUntaken(error)) throw error;
          waitMs = (await leave(from)) ? AWAY_MS : BUSY_MS;
        }
      }
    },
  };
}

function isUntaken(error: unknown): boolean {
  return (
    error instanceof ActivityFailure && error.cause instanceof TimeoutFailure && error.cause.timeoutType === 'SCHEDULE_TO_START'
  );
}
