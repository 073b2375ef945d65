/**
 * Around every activity of a worker process: a note in the task store that it runs here, so that a supervisor can have it run elsewhere
 * when this process dies, and a look for requests to stop it, which come faster than Temporal's.
 */
import type { Context } from '@temporalio/activity';
import { runWithStop, taskCancelled } from './activity-signal.ts';
import type { ActivityKey, TaskStore } from './store/task-store.ts';
import { TaskStoreError } from './store/task-store.ts';

/** A cancel is felt within this; one query on a key, only while something runs. */
const LOOK_MS = 150;

interface Inbound {
  execute<Input>(input: Input, next: (input: Input) => Promise<unknown>): Promise<unknown>;
}

interface Running {
  readonly key: ActivityKey;
  readonly stop: AbortController;
}

/**
 * A note outlives its activity's work by this much: Temporal is told of the end only after it, and a process that dies in between
 * has left the activity open.
 */
const REPORT_MS = 2_000;

export interface ActivityWatch {
  /** For the `interceptors.activity` of every worker of this process. */
  readonly interceptor: (context: Context) => { readonly inbound: Inbound };
  /** Drops the notes of activities that have ended; to be called when all have. */
  flush(): Promise<void>;
}

/** `owner` names this worker process, and no other that ever was. */
export function createActivityWatch(store: TaskStore, owner: string): ActivityWatch {
  const running = new Set<Running>();
  const ended = new Map<NodeJS.Timeout, ActivityKey>();
  const drop = (key: ActivityKey): Promise<void> => unlessAway(() => store.closeActivity(key, owner));
  let timer: NodeJS.Timeout | undefined;
  const watch = async (key: ActivityKey, work: () => Promise<unknown>): Promise<unknown> => {
    const entry: Running = { key, stop: new AbortController() };
    await unlessAway(() => store.openActivity(key, owner, Date.now()));
    running.add(entry);
    timer ??= setInterval(() => void unlessAway(() => stopRequested(store, owner, running)), LOOK_MS);
    try {
      return await runWithStop(entry.stop.signal, work);
    } finally {
      running.delete(entry);
      if (running.size === 0) {
        clearInterval(timer);
        timer = undefined;
      }
      const dropping = setTimeout(() => {
        ended.delete(dropping);
        void drop(key);
      }, REPORT_MS).unref();
      ended.set(dropping, key);
    }
  };
  const interceptor: ActivityWatch['interceptor'] = ({ info }) => ({
    inbound: {
      execute(input, next) {
        const { workflowExecution, activityId } = info;
        return workflowExecution === undefined ? next(input) : watch({ ...workflowExecution, activityId }, () => next(input));
      },
    },
  });
  const flush = async (): Promise<void> => {
    const left = [...ended];
    ended.clear();
    for (const [dropping] of left) clearTimeout(dropping);
    await Promise.all(left.map(([, key]) => drop(key)));
  };
  return { interceptor, flush };
}

async function stopRequested(store: TaskStore, owner: string, running: ReadonlySet<Running>): Promise<void> {
  const requests = new Set((await store.listStopRequests(owner)).map(nameOf));
  if (requests.size === 0) return;
  for (const { key, stop } of running) {
    if (requests.has(nameOf(key))) stop.abort(taskCancelled());
  }
}

function nameOf({ workflowId, runId, activityId }: ActivityKey): string {
  return JSON.stringify([workflowId, runId, activityId]);
}

/** Notes only make things faster: without them heartbeats bring the same, later. What needs the store says so itself. */
async function unlessAway(write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof TaskStoreError)) throw error;
  }
}
