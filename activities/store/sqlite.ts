/** The embedded task store: one SQLite file, which several processes of one host may share. */
import { openSqliteDatabase } from './open-sqlite-database.ts';
import { createAgentSessions } from './sqlite-agent-sessions.ts';
import { createCheckpoints } from './sqlite-checkpoints.ts';
import { createAttemptJournal, createToolJournal } from './sqlite-journals.ts';
import { createMessages } from './sqlite-messages.ts';
import { createOpenActivities } from './sqlite-open-activities.ts';
import { createRecords } from './sqlite-records.ts';
import { SqliteDatabase } from './sqlite-database.ts';
import { createSharedRecords } from './sqlite-shared-records.ts';
import { createTranscripts } from './sqlite-transcripts.ts';
import type { TaskStore } from './task-store.ts';

/** Creates the file and its folder when they are missing. @throws TaskStoreError */
export async function openSqliteTaskStore(file: string): Promise<TaskStore> {
  const database = await openSqliteDatabase(file);
  return {
    reach: 'machine',
    ...createTranscripts(database),
    ...createAttemptJournal(database),
    ...createToolJournal(database),
    ...createRecords(database),
    ...createMessages(database),
    ...createAgentSessions(database),
    ...createCheckpoints(database),
    ...createSharedRecords(database),
    ...createOpenActivities(database),
    close: async () => database.close(),
  };
}

/** The shared records of a store that is there already, which is neither written nor brought to our schema. @throws TaskStoreError */
export function openSharedRecords(file: string): Pick<TaskStore, 'readShared' | 'close'> {
  const database = new SqliteDatabase(file, { readOnly: true });
  return { readShared: createSharedRecords(database).readShared, close: async () => database.close() };
}
