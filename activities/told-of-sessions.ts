/** What a task is told of its sessions of managed agents: their names, and what they made in places of their own, which ends with them. */
import type { DeploymentId, TaskId } from '../workflows/domain/ids.ts';
import { toPrintable } from '../workflows/domain/tool-call.ts';
import type { TurnAnswer } from '../workflows/domain/turn.ts';
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

/** Of the session that answered, as it is told in history: its name, and, with its first answer, what others before it left behind. */
export async function toldOfSession(
  store: Pick<TaskStore, 'listAgentSessions'>,
  taskId: TaskId,
  deployment: DeploymentId,
): Promise<Pick<TurnAnswer, 'session' | 'leftBehind'>> {
  const records = await store.listAgentSessions(taskId);
  const current = records.findLast((record) => record.deployment === deployment && record.isOver !== true);
  if (current?.sessionId === undefined) return {};
  const session = toPrintable(current.sessionId, TOLD_CHARACTERS);
  const { leftBehind = [] } = leftBehindBy(records.filter((record) => record !== current));
  // What it has seen is settled with its next input.
  if (leftBehind.length === 0 || current.seen.items > 0) return { session };
  return { session, leftBehind: leftBehind.slice(0, MOST_TOLD).map((what) => toPrintable(what, TOLD_CHARACTERS)) };
}
