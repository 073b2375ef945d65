/** What sessions of managed agents made in places of their own: it ends with them, and no other session has it. */
import type { DeploymentId, TaskId } from '../workflows/domain/ids.ts';
import { toPrintable } from '../workflows/domain/tool-call.ts';
import type { AgentSessionRecord } from './store/agent-session-record.ts';
import type { TaskStore } from './store/task-store.ts';

interface LeftBehind {
  readonly leftBehind?: readonly string[];
}

/** A card tells a few, in a line each; the result has all. */
const MOST_TOLD = 5;
const TOLD_CHARACTERS = 120;

/** Each is told once, whichever of the sessions did it. */
export function leftBehindBy(sessions: readonly AgentSessionRecord[]): LeftBehind {
  const all = [...new Set(sessions.flatMap(({ leftBehind = [] }) => leftBehind))];
  return all.length === 0 ? {} : { leftBehind: all };
}

/** With the first answer of a session that goes on for others: what those left behind, as it is told in history. */
export async function leftBehindFor(
  store: Pick<TaskStore, 'listAgentSessions'>,
  taskId: TaskId,
  deployment: DeploymentId,
): Promise<LeftBehind> {
  const records = await store.listAgentSessions(taskId);
  const current = records.findLast((record) => record.deployment === deployment && record.isOver !== true);
  // What it has seen is settled with its next input.
  if (current === undefined || current.seen.items > 0) return {};
  const { leftBehind = [] } = leftBehindBy(records.filter((record) => record !== current));
  if (leftBehind.length === 0) return {};
  return { leftBehind: leftBehind.slice(0, MOST_TOLD).map((what) => toPrintable(what, TOLD_CHARACTERS)) };
}
