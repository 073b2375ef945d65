/** A process of its own that adds one to a shared record, again and again: `node count-up.ts FILE TIMES`. */
import { changeShared } from '../../activities/store/change-shared.ts';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';

const [file = '', times = '0'] = process.argv.slice(2);
const store = await openSqliteTaskStore(file);
for (let done = 0; done < Number(times); done += 1) {
  await changeShared<number>(store, 'count', (count = 0) => count + 1);
}
await store.close();
