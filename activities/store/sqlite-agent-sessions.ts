import type { SqliteDatabase } from './sqlite-database.ts';
import { textOf } from './sqlite-database.ts';
import type { AgentSessionRecord } from './agent-session-record.ts';
import type { TaskStore } from './task-store.ts';

/** Sessions of managed agents, by task, deployment and generation. */
export function createAgentSessions(database: SqliteDatabase): Pick<TaskStore, 'putAgentSession' | 'listAgentSessions'> {
  return {
    putAgentSession: async (taskId, record) => {
      const insert = 'INSERT INTO agent_sessions VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET json = excluded.json';
      database.run(insert, taskId, record.deployment, record.generation, JSON.stringify(record));
    },
    listAgentSessions: async (taskId) => {
      const rows = database.all('SELECT json FROM agent_sessions WHERE task_id = ? ORDER BY deployment, generation', taskId);
      return rows.map((row) => JSON.parse(textOf(row, 'json')) as AgentSessionRecord); // written by `putAgentSession` alone
    },
  };
}
