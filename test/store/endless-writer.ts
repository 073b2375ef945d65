/** Writes turn after turn until it is killed, and tells of each on standard output once it is durable. */
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import { writeTurn } from './told-turns.ts';

const [file = '', writer = ''] = process.argv.slice(2);
const store = await openSqliteTaskStore(file);
for (let turn = 1; ; turn += 1) {
  await writeTurn(store, writer, turn);
  console.log(turn);
}
