/**
 * The activity `rollBack`: the conversation as it was after a turn, and the files as they were then. Turns that were gone back from stay in
 * the store and count no more; which ones is kept under the task, so that a task may be rolled back again and again.
 */
import { ApplicationFailure } from '@temporalio/activity';
import type { RollBackInput, RollBackResult } from '../workflows/activity-interfaces.ts';
import type { TaskId } from '../workflows/domain/ids.ts';
import type { ItemId } from '../workflows/domain/transcript.ts';
import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import { withHeartbeat } from './heartbeat.ts';
import { changeShared } from './store/change-shared.ts';
import type { AttemptEntry, StoredAnswer, TaskStore } from './store/task-store.ts';
import type { CommandSessions } from './tools/command-sessions.ts';
import { restoreNewest } from './workspace/restore-step.ts';
import type { WorkspaceKeeper } from './workspace/workspace-keeper.ts';

export interface RollBackDependencies {
  readonly store: TaskStore;
  readonly keeper: WorkspaceKeeper;
  readonly sessions: CommandSessions;
}

/** Turns after `to` and before `turn` count no more. */
interface Rollback {
  readonly to: number;
  readonly turn: number;
}

export function createRollBack(dependencies: RollBackDependencies) {
  return (input: RollBackInput): Promise<RollBackResult> =>
    withHeartbeat(async () => {
      try {
        return await rollBack(dependencies, currentTaskId(), input);
      } catch (error) {
        throw toActivityFailure(error);
      }
    });
}

async function rollBack({ store, keeper, sessions }: RollBackDependencies, taskId: TaskId, input: RollBackInput) {
  const before = (await readRollbacks(store, taskId)).filter(({ turn }) => turn !== input.turn);
  const counts = (turn: number): boolean => turn <= input.toTurn && !before.some((back) => turn > back.to && turn < back.turn);
  const kept = lastAnswer(await store.listAttempts(taskId), counts);
  const workspace = await store.getWorkspace(taskId);
  if (workspace !== undefined) {
    await sessions.endAll(taskId);
    await restoreNewest({ store, keeper }, { taskId, workspace }, ({ turn }) => turn > 0 && counts(turn));
  }
  await writeRollback(store, taskId, { to: input.toTurn, turn: input.turn });
  if (kept === undefined) return { head: await openedHead(store, taskId), results: [], toTurn: 0 };
  return { head: kept.answer.head, results: await resultsOf(store, taskId, kept), toTurn: kept.turn };
}

interface KeptAnswer {
  readonly turn: number;
  readonly answer: StoredAnswer;
}

function lastAnswer(attempts: readonly AttemptEntry[], counts: (turn: number) => boolean): KeptAnswer | undefined {
  const answers = attempts.flatMap(({ key, state }) => {
    return state.kind === 'completed' && counts(key.turn) ? [{ turn: key.turn, answer: state.answer }] : [];
  });
  return answers.at(-1);
}

async function resultsOf(store: TaskStore, taskId: TaskId, { turn, answer }: KeptAnswer): Promise<readonly ItemId[]> {
  const items = await Promise.all(answer.items.map((id) => store.getItem(taskId, id)));
  const calls = items.flatMap((item) => (item.kind === 'tool-call' ? [item.callId] : []));
  const entries = await Promise.all(calls.map((callId) => store.readToolCall({ taskId, turn, callId })));
  return entries.flatMap((entry) => (entry?.result === undefined ? [] : [entry.result.item]));
}

async function openedHead(store: TaskStore, taskId: TaskId): Promise<string> {
  const { openedHead: head } = await store.getSettings(taskId);
  if (head !== undefined) return head;
  const message = 'the task was opened by a version of Anyport that kept no beginning: go back to a later turn';
  throw ApplicationFailure.nonRetryable(message, 'NoBeginning');
}

function keyOf(taskId: TaskId): string {
  return `rollbacks/${taskId}`;
}

async function readRollbacks(store: TaskStore, taskId: TaskId): Promise<readonly Rollback[]> {
  const [record] = await store.readShared([keyOf(taskId)]);
  return (record?.value ?? []) as readonly Rollback[]; // written by `writeRollback` alone
}

/** Repeated, it is the same. */
async function writeRollback(store: TaskStore, taskId: TaskId, rollback: Rollback): Promise<void> {
  await changeShared<readonly Rollback[]>(store, keyOf(taskId), (before = []) => [
    ...before.filter(({ turn }) => turn !== rollback.turn),
    rollback,
  ]);
}
