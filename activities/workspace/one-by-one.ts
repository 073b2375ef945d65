/** Work under the same key is done in the order in which it was asked for, one after the other. */
export type InTurn = <Result>(key: string, work: () => Promise<Result>) => Promise<Result>;

export function createQueues(): InTurn {
  const tails = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const before = tails.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    const tail = mine.catch(() => undefined);
    tails.set(key, tail);
    try {
      return await mine;
    } finally {
      if (tails.get(key) === tail) tails.delete(key);
    }
  };
}
