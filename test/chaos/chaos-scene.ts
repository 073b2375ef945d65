/** What the chaos tests look at: the journal and the notes of the workers in the store, the clouds' ledger, and history. */
import { DatabaseSync } from 'node:sqlite';
import type { AttemptState } from '../../activities/store/task-store.ts';
import { taskWorkflowId, toTaskId } from '../../workflows/domain/ids.ts';
import { isAlive } from '../dev/is-alive.ts';
import { eventually } from '../support/eventually.ts';
import type { Cluster, EmulatedEndpoint, LedgerRequest } from '../support/start-cluster.ts';

export interface ChaosScene {
  /** The newest attempt of the task, as its journal has it. */
  attempt(taskId: string): AttemptState | undefined;
  /** Of its newest attempt; 0 before the first. */
  turn(taskId: string): number;
  /** Waits until the newest attempt is at this point. */
  attemptIs(taskId: string, kind: AttemptState['kind']): Promise<void>;
  /** The owner of the activity of this type that runs for the task now. */
  ownerOf(taskId: string): string | undefined;
  /** Requests for generations of the task, at any endpoint given. */
  generations(taskId: string, endpoint: EmulatedEndpoint): Promise<readonly LedgerRequest[]>;
  /** `kill -9` of the worker that runs the task; gives who it was and when it died. */
  killWorkerOf(taskId: string): Promise<Death>;
  /** How long after a death another worker began an activity of the task. */
  millisecondsUntilNext(taskId: string, death: Death): Promise<number>;
  close(): void;
}

export interface Death {
  readonly owner: string;
  readonly atMs: number;
}

export function openChaosScene(cluster: Cluster): ChaosScene {
  const database = new DatabaseSync(cluster.store, { readOnly: true, timeout: 2_000 });
  const attempts = database.prepare('SELECT state FROM attempts WHERE task_id = ? ORDER BY turn DESC, attempt DESC LIMIT 1');
  const turns = database.prepare('SELECT coalesce(max(turn), 0) AS turn FROM attempts WHERE task_id = ?');
  const owners = database.prepare('SELECT owner FROM open_activities WHERE workflow_id = ? ORDER BY started_ms DESC LIMIT 1');
  const scene: ChaosScene = {
    attempt: (taskId) => {
      const row = attempts.get(taskId);
      return row === undefined ? undefined : (JSON.parse(String(row['state'])) as AttemptState); // the worker's own
    },
    turn: (taskId) => Number(turns.get(taskId)?.['turn']),
    attemptIs: async (taskId, kind) => {
      await eventually(`the attempt is ${kind}`, async () => (scene.attempt(taskId)?.kind === kind ? true : undefined));
    },
    ownerOf: (taskId) => {
      const row = owners.get(taskWorkflowId(toTaskId(taskId)));
      return row === undefined ? undefined : String(row['owner']);
    },
    generations: async (taskId, endpoint) => {
      const requests = await cluster.ledger(endpoint);
      return requests.filter(({ method, metadata }) => method === 'POST' && metadata?.['task'] === taskId);
    },
    killWorkerOf: async (taskId) => {
      const owner = await eventually('a worker runs the task', async () => scene.ownerOf(taskId));
      const pid = Number.parseInt(owner, 10);
      process.kill(pid, 'SIGKILL');
      const atMs = Date.now();
      await eventually('the worker is gone', async () => (isAlive(pid) ? undefined : true));
      return { owner, atMs };
    },
    millisecondsUntilNext: (taskId, death) => untilNext(cluster, taskId, death),
    close: () => database.close(),
  };
  return scene;
}

async function untilNext(cluster: Cluster, taskId: string, { owner, atMs }: Death): Promise<number> {
  const { events } = await cluster.temporal.workflow.getHandle(taskWorkflowId(toTaskId(taskId))).fetchHistory();
  const starts = (events ?? []).flatMap(({ activityTaskStartedEventAttributes: started, eventTime }) => {
    if (started === null || started === undefined || started.identity === owner) return [];
    return [Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1e6];
  });
  return Math.round(Math.min(...starts.filter((startedMs) => startedMs >= atMs)) - atMs);
}
