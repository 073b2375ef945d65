/** Which worker process runs which activity now: so that a dead one's can go on elsewhere, and a cancelled task's be stopped. */
import type { Row, SqliteDatabase } from './sqlite-database.ts';
import { textOf } from './sqlite-database.ts';
import type { ActivityKey, TaskStore } from './task-store.ts';

type OpenActivities = Pick<
  TaskStore,
  'openActivity' | 'closeActivity' | 'listOpenActivities' | 'requestStop' | 'listStopRequests' | 'forgetOpenActivities'
>;

const COLUMNS = 'workflow_id, run_id, activity_id';

export function createOpenActivities(database: SqliteDatabase): OpenActivities {
  return {
    openActivity: async ({ workflowId, runId, activityId }, owner, startedMs) => {
      const insert = `INSERT INTO open_activities (${COLUMNS}, owner, started_ms) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET owner = excluded.owner, started_ms = excluded.started_ms`;
      database.run(insert, workflowId, runId, activityId, owner, startedMs);
    },
    closeActivity: async ({ workflowId, runId, activityId }, owner) => {
      const remove = 'DELETE FROM open_activities WHERE workflow_id = ? AND run_id = ? AND activity_id = ? AND owner = ?';
      database.run(remove, workflowId, runId, activityId, owner);
    },
    listOpenActivities: async (owner) =>
      database.all(`SELECT ${COLUMNS} FROM open_activities WHERE owner = ?`, owner).map(toActivityKey),
    requestStop: async ({ workflowId, runId }) => {
      database.run('UPDATE open_activities SET stop_requested = 1 WHERE workflow_id = ? AND run_id = ?', workflowId, runId);
    },
    listStopRequests: async (owner) =>
      database.all(`SELECT ${COLUMNS} FROM open_activities WHERE owner = ? AND stop_requested = 1`, owner).map(toActivityKey),
    forgetOpenActivities: async (beforeMs) => database.run('DELETE FROM open_activities WHERE started_ms < ?', beforeMs),
  };
}

function toActivityKey(row: Row): ActivityKey {
  return { workflowId: textOf(row, 'workflow_id'), runId: textOf(row, 'run_id'), activityId: textOf(row, 'activity_id') };
}
