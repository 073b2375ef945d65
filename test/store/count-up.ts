/** A process of its own that adds one to a shared record, again and again, together with others: `node count-up.ts FILE TIMES OF`. */
import { setImmediate as nextRound } from 'node:timers/promises';
import { changeShared } from '../../activities/store/change-shared.ts';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';

const [file = '', times = '0', processes = '1'] = process.argv.slice(2);
const store = await openSqliteTaskStore(file);
const add = (key: string) => changeShared<number>(store, key, (count = 0) => count + 1);
await add('ready');
while ((await store.readShared(['ready']))[0]?.value !== Number(processes)) await nextRound();
for (let done = 0; done < Number(times); done += 1) await add('count');
await store.close();
