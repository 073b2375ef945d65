/**
 * A task store in a process of its own: one call a line on standard input, one reply a line on standard output, written only
 * when what was asked is durable. So a test that has the reply may kill the process and hold the store to it.
 */
import { createInterface } from 'node:readline';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import type { TaskStore } from '../../activities/store/task-store.ts';
import type { Reply, StoreCall } from './remote-store.ts';
import { fromLine, toLine } from './remote-store.ts';

let store: TaskStore | undefined;

for await (const line of createInterface({ input: process.stdin })) {
  const call = fromLine(line) as StoreCall; // written by `remote-store.ts` alone
  console.log(toLine(await answer(call)));
}

async function answer({ method, parameters }: StoreCall): Promise<Reply> {
  try {
    if (method === 'ready') return {};
    if (method === 'open') {
      await store?.close();
      store = await openSqliteTaskStore(String(parameters[0]));
      return {};
    }
    if (store === undefined) throw new Error('the store was not opened');
    const run = store[method] as (...values: readonly unknown[]) => Promise<unknown>; // the caller's types are the store's own
    return { value: await run(...parameters) };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { error: { name, message } };
  }
}
