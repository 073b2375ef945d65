import { TaskStoreError } from './task-store.ts';
import type { TaskStore } from './task-store.ts';

type SharedRecords = Pick<TaskStore, 'readShared' | 'compareAndSetShared'>;

/** Whoever loses a race reads again and goes on from what the winner wrote, so many losses in a row mean that something is broken. */
const TRIES = 100;

/**
 * Changes a shared record as `reduce` says, whoever else changes it at the same time, and gives what is stored then. `reduce` may
 * be called more than once; one that gives back what it was given writes nothing. The record is trusted to be what the same
 * `reduce` wrote before. @throws TaskStoreError
 */
export async function changeShared<Value>(
  store: SharedRecords,
  key: string,
  reduce: (value: Value | undefined) => Value | undefined,
): Promise<Value | undefined> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const [record] = await store.readShared([key]);
    const before = record?.value as Value | undefined; // written by callers of this key alone
    const after = reduce(before);
    if (after === before || after === undefined) return before;
    if (await store.compareAndSetShared(key, record?.epoch ?? 0, after)) return after;
  }
  throw new TaskStoreError(`the shared record ${key} changes faster than it can be written: is its reducer ever satisfied?`);
}
