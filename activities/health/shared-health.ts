import { changeShared } from '../store/change-shared.ts';
import type { TaskStore } from '../store/task-store.ts';

/** Others' changes are seen within this; two queries a second cost a worker nothing. */
const CACHE_MS = 500;

/** The shared records of the circuits, budgets and limits, as this worker saw them last. */
export interface SharedHealth {
  /** Reads all of them again when the last time is too long ago. @throws TaskStoreError */
  refresh(): Promise<void>;
  find<Value>(key: string): Value | undefined;
  /** Changes the record as it is in the store, not as it was seen last. @throws TaskStoreError */
  change<Value>(key: string, initial: Value, reduce: (value: Value) => Value): Promise<{ value: Value; isChanged: boolean }>;
}

export interface SharedHealthOptions {
  readonly store: Pick<TaskStore, 'readShared' | 'compareAndSetShared'>;
  readonly keys: readonly string[];
  now(): number;
}

export function createSharedHealth({ store, keys, now }: SharedHealthOptions): SharedHealth {
  const seen = new Map<string, unknown>();
  /** The last change of each key: attempts of one worker wait for each other, so that only workers race. */
  const changes = new Map<string, Promise<unknown>>();
  /** Changed here while a read was under way, which may have been too early for it. */
  const newer = new Set<string>();
  let readAtMs = -Infinity;
  let reading: Promise<void> | undefined;
  const readAll = async (): Promise<void> => {
    const nowMs = now();
    newer.clear();
    for (const { key, value } of await store.readShared(keys)) {
      if (!newer.has(key)) seen.set(key, value);
    }
    readAtMs = nowMs;
  };
  return {
    async refresh() {
      if (now() - readAtMs < CACHE_MS) return;
      reading ??= readAll().finally(() => {
        reading = undefined;
      });
      await reading;
    },
    find: <Value>(key: string) => seen.get(key) as Value | undefined, // one kind of value for each prefix of a key
    async change<Value>(key: string, initial: Value, reduce: (value: Value) => Value) {
      let isChanged = false;
      const write = (): Promise<Value | undefined> =>
        changeShared<Value>(store, key, (before) => {
          const value = reduce(before ?? initial);
          isChanged = value !== (before ?? initial);
          return isChanged ? value : before;
        });
      const written = (changes.get(key) ?? Promise.resolve()).then(write, write);
      changes.set(key, written);
      const stored = await written;
      seen.set(key, stored);
      newer.add(key);
      return { value: stored ?? initial, isChanged };
    },
  };
}
