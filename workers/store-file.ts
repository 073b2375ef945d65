import { join, resolve } from 'node:path';

/** Where the embedded task store is: hosts that share one each have a data folder of their own beside it. */
export interface StorePlace {
  /** `--store`; else it is in the data folder. */
  readonly store?: string | undefined;
  readonly dataDirectory: string;
}

export function storeFile({ store, dataDirectory }: StorePlace): string {
  return store === undefined ? join(resolve(dataDirectory), 'anyport.db') : resolve(store);
}
