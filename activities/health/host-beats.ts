/** Which hosts are alive, as the task store knows it: a worker that cannot be reached may have its hands full, and then keeps its workspaces. */
import { changeShared } from '../store/change-shared.ts';
import type { TaskStore } from '../store/task-store.ts';
import { TaskStoreError } from '../store/task-store.ts';

export interface HostBeats {
  isAlive(hostId: string): Promise<boolean>;
  /** Ends this host's own beats. */
  stop(): void;
}

/** As the task store has it. */
interface Beat {
  readonly beatMs: number;
}

/** One write per host: rare enough to cost nothing beside the journals. */
const BEAT_MS = 5_000;
/** Three beats; a supervisor has a new worker up within one. */
const DEAD_AFTER_MS = 15_000;

/** Begins to beat for this host. */
export function startHostBeats({
  store,
  hostId,
  now,
}: {
  readonly store: TaskStore;
  readonly hostId: string;
  now(): number;
}): HostBeats {
  const beat = async (): Promise<void> => {
    try {
      await changeShared<Beat>(store, keyOf(hostId), () => ({ beatMs: now() }));
    } catch (error) {
      // A store that is away stops the tasks as well; the next beat tells that it is back.
      if (!(error instanceof TaskStoreError)) throw error;
    }
  };
  void beat();
  const timer = setInterval(() => void beat(), BEAT_MS).unref();
  return {
    async isAlive(other) {
      const [record] = await store.readShared([keyOf(other)]);
      const beat = record?.value as Beat | undefined; // written above alone
      return beat !== undefined && now() - beat.beatMs < DEAD_AFTER_MS;
    },
    stop: () => clearInterval(timer),
  };
}

function keyOf(hostId: string): string {
  return `hosts/${hostId}`;
}
